"""Log groups: what is set of them, and how much of them was deleted. Their lines are the attempts' own."""

from __future__ import annotations

from django.db import models


class LogGroup(models.Model):
    """Written when somebody makes, changes or deletes a group; a function that logs needs no row."""

    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32)
    name = models.CharField(max_length=512)
    made = models.BooleanField(default=False)  # by a request; it is there without any line
    created_at = models.DateTimeField()
    retention_days = models.IntegerField(null=True)
    tags = models.JSONField(default=dict)
    forgotten = models.BigIntegerField(default=0)  # attempts up to this id were deleted with an earlier group

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="log_group_name")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
