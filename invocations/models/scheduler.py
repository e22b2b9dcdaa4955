"""EventBridge Scheduler: groups, schedules in them, and the requests that clients may repeat."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from invocations.models.schedule import Missed
from invocations.models.scoped import Scoped, ScopedQuerySet


class ScheduleGroup(Scoped):
    """`default` is made when it is first looked at."""

    name = models.CharField(max_length=64)
    tags = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    objects: ClassVar[models.Manager[ScheduleGroup]] = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="schedule_group_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return f"arn:aws:scheduler:{self.region}:{self.account}:schedule-group/{self.name}"


class Schedule(models.Model):
    """Invokes one target, once or again and again."""

    class State(models.TextChoices):
        ENABLED = "ENABLED"
        DISABLED = "DISABLED"

    class Completion(models.TextChoices):
        """What becomes of a schedule that has fired for the last time."""

        NONE = "NONE"
        DELETE = "DELETE"

    group = models.ForeignKey(ScheduleGroup, on_delete=models.CASCADE, related_name="schedules", db_index=False)
    name = models.CharField(max_length=64)
    expression = models.CharField(max_length=256)
    zone = models.CharField(max_length=50, default="UTC")
    anchor_at = models.DateTimeField()  # from here a rate counts, when it has no start; product time, as all of these
    start_at = models.DateTimeField(null=True)
    end_at = models.DateTimeField(null=True)
    window_minutes = models.IntegerField(null=True)  # None: no flexible time window
    completion = models.CharField(max_length=6, choices=Completion, default=Completion.NONE)
    state = models.CharField(max_length=8, choices=State, default=State.ENABLED)
    description = models.CharField(max_length=512, blank=True, default="")
    target = models.JSONField()  # AWS's members, those alone on which we act; the role is said back
    revision = models.IntegerField(default=1)  # raised with each change
    slot_at = models.DateTimeField(null=True)  # the next slot of an enabled schedule
    next_at = models.DateTimeField(null=True)  # when that fires: as far behind it as the flexible window has it
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["group", "name"], name="schedule_name")]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="schedule_next_slot")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        group = self.group
        return f"arn:aws:scheduler:{group.region}:{group.account}:schedule/{group.name}/{self.name}"


class MissedSlots(Missed):
    """Those of a schedule."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="missed")

    class Meta(Missed.Meta):
        verbose_name_plural = "missed slots"

    def __str__(self) -> str:
        return f"{self.count} of {self.schedule_id}"


class SchedulerRequest(Scoped):
    """A change that was made under a client token; for a day, the same request gets the same answer."""

    operation = models.CharField(max_length=32)
    token = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)  # of all that was asked for
    answer = models.CharField(max_length=300, blank=True, default="")  # an ARN, or nothing
    asked_at = models.DateTimeField()  # real time

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "region", "operation", "token"], name="scheduler_client_token")
        ]
        indexes = [models.Index(fields=["asked_at"], name="scheduler_request_age")]

    def __str__(self) -> str:
        return f"{self.operation} {self.token}"
