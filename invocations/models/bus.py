"""Event buses, their rules with targets, and a bounded record of what came and which rules it matched."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from invocations.models.scoped import Scoped, ScopedQuerySet


class Bus(Scoped):
    """One event bus of an account and region. `default` is made when it is first looked at."""

    name = models.CharField(max_length=256)
    description = models.CharField(max_length=512, blank=True, default="")
    policy = models.TextField(blank=True, default="")
    tags = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Bus]] = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="bus_name")]
        verbose_name_plural = "buses"

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return f"arn:aws:events:{self.region}:{self.account}:event-bus/{self.name}"


class Rule(models.Model):
    """Which events of a bus go to which targets. It has a pattern, or (on the default bus) a schedule, or both."""

    class State(models.TextChoices):
        ENABLED = "ENABLED"
        DISABLED = "DISABLED"

    bus = models.ForeignKey(Bus, on_delete=models.CASCADE, related_name="rules", db_index=False)
    name = models.CharField(max_length=64)
    pattern = models.TextField(blank=True, default="")  # as it was put
    schedule = models.CharField(max_length=256, blank=True, default="")
    next_at = models.DateTimeField(null=True)  # product time; the next slot of an enabled schedule
    state = models.CharField(max_length=8, choices=State, default=State.ENABLED)
    description = models.CharField(max_length=512, blank=True, default="")
    role_arn = models.CharField(max_length=1600, blank=True, default="")  # said back; roles are not evaluated
    tags = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["bus", "name"], name="rule_name")]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="rule_next_slot")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        bus = self.bus
        path = self.name if bus.name == "default" else f"{bus.name}/{self.name}"
        return f"arn:aws:events:{bus.region}:{bus.account}:rule/{path}"


class RuleTarget(models.Model):
    """Where a rule sends an event, and as what: at most one of `constant`, `path` and `template` is set."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="targets", db_index=False)
    target_id = models.CharField(max_length=64)
    arn = models.CharField(max_length=1600)
    role_arn = models.CharField(max_length=1600, blank=True, default="")  # said back; roles are not evaluated
    constant = models.TextField(blank=True, default="")  # JSON text
    path = models.CharField(max_length=256, blank=True, default="")
    template = models.TextField(blank=True, default="")
    paths = models.JSONField(default=dict)  # of the template: {"name": "$.detail.name"}
    group = models.CharField(max_length=128, blank=True, default="")  # of a queue's message
    max_retries = models.IntegerField(null=True)  # None: 185
    max_age_seconds = models.IntegerField(null=True)  # None: 86400
    dead_letter_arn = models.CharField(max_length=350, blank=True, default="")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["rule", "target_id"], name="rule_target_id")]
        indexes = [models.Index(fields=["arn"], name="rule_target_arn")]

    def __str__(self) -> str:
        return self.target_id


class BusEvent(models.Model):
    """An event that came; the newest are kept. `matched` lists the rules that it fitted, with their targets' ids."""

    bus = models.ForeignKey(Bus, on_delete=models.CASCADE, related_name="events", null=True, db_index=False)
    bus_arn = models.CharField(max_length=400)  # where it was sent, also when there is no such bus
    arrival = models.CharField(max_length=64, unique=True)  # one coming of one event; a repeat is not written
    event_id = models.CharField(max_length=36)
    source = models.CharField(max_length=256)
    detail_type = models.CharField(max_length=256)
    event_at = models.DateTimeField()  # what the event says of itself
    received_at = models.DateTimeField()  # product time
    matched = models.JSONField(default=list)  # [{"rule": "orders", "id": 1, "targets": ["t"]}]
    via = models.CharField(max_length=400, blank=True, default="")  # ARN of the bus that passed it on
    trace_id = models.CharField(max_length=64, blank=True, default="")
    hops = models.IntegerField(default=0)
    caused_by = models.CharField(max_length=36, blank=True, default="")
    # Real time, by the database itself: retention counts from here whatever product time does.
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["bus", "id"], name="bus_event_by_bus"),
            models.Index(fields=["id"], name="bus_event_lost", condition=Q(bus=None)),
            models.Index(fields=["trace_id"], name="bus_event_by_trace", condition=~Q(trace_id="")),
        ]

    def __str__(self) -> str:
        return self.event_id


class BusEventBody(models.Model):
    """The event as targets get it when nothing transforms it: compact JSON, UTF-8."""

    event = models.OneToOneField(BusEvent, on_delete=models.CASCADE, primary_key=True, related_name="content")
    body = models.BinaryField()

    def __str__(self) -> str:
        return str(self.event_id)
