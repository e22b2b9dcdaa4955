"""When scheduled rules fire next is a column of theirs; here is what else schedules need to remember."""

from __future__ import annotations

from django.db import models

from invocations.models.bus import Rule


class ScheduleWatch(models.Model):
    """A row for rules, one for schedules: when somebody last looked for due slots. A gap: nobody was there."""

    looked_at = models.DateTimeField()  # real time
    lease_until = models.DateTimeField(null=True)  # the database's clock; one sweeper at a time, so that order holds

    def __str__(self) -> str:
        return f"looked at {self.looked_at}"


class Missed(models.Model):
    """Slots that fell into such a gap: listed, never made up for."""

    first_at = models.DateTimeField()  # product time
    last_at = models.DateTimeField()
    count = models.IntegerField()
    noticed_at = models.DateTimeField()  # product time

    class Meta:
        abstract = True
        ordering = ["-id"]


class MissedFirings(Missed):
    """Those of a rule."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="missed")

    class Meta(Missed.Meta):
        verbose_name_plural = "missed firings"

    def __str__(self) -> str:
        return f"{self.count} of {self.rule_id}"
