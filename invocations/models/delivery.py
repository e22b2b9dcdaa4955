"""The outbox: what is to be sent, written together with what caused it.

Outcomes of asynchronous invocations go to destinations and dead-letter queues; what topics, rules, mappings,
schedules and buckets send goes the same way.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from invocations.decisions.backoff import GIVE_UP
from invocations.models.invocation import Invocation


class Delivery(models.Model):
    """This body to that target. PENDING until SENT, or FAILED (shown as undeliverable) after its own retries."""

    class Kind(models.TextChoices):
        ON_SUCCESS = "on-success"
        ON_FAILURE = "on-failure"
        DEAD_LETTER = "dead-letter"
        SUBSCRIPTION = "subscription"
        RULE = "rule"
        MAPPING = "mapping"
        SCHEDULE = "schedule"
        NOTIFICATION = "notification"  # of a bucket

    class State(models.TextChoices):
        PENDING = "PENDING"
        SENT = "SENT"
        FAILED = "FAILED"

    key = models.CharField(max_length=512, unique=True)  # one thing to send, however often it is posted
    # The one whose outcome it tells; none when it is no outcome, but what a topic, rule, mapping or schedule sends.
    invocation = models.ForeignKey(Invocation, on_delete=models.CASCADE, related_name="deliveries", null=True)
    kind = models.CharField(max_length=16, choices=Kind)
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32)
    source_arn = models.CharField(max_length=512, blank=True, default="")  # of the subscription, rule ...
    destination = models.CharField(max_length=2048)  # an ARN, a URL, or kafka://topic
    principal = models.CharField(max_length=64, blank=True, default="")  # the service that needs permission; "": none
    policy_arn = models.CharField(max_length=512, blank=True, default="")  # what policies compare with aws:SourceArn
    trace_id = models.CharField(max_length=64, blank=True, default="")
    hops = models.IntegerField(default=0)  # invocations that led to it
    caused_by = models.CharField(max_length=36, blank=True, default="")  # the request id of the last of these
    # Deliveries of one lane are sent one after the other, in the order of their keys.
    lane = models.CharField(max_length=700, null=True)  # noqa: DJ001 - most have none, and cost its index nothing
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    tries = models.IntegerField(default=0)  # raised before each send: a repeated send shows
    spent = models.IntegerField(default=0)  # tries before the last replay: those count no more
    max_tries = models.IntegerField(null=True)
    max_age_seconds = models.IntegerField(default=int(GIVE_UP.total_seconds()))
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()  # product time
    give_up_at = models.DateTimeField()  # product time; its greatest age on, and as much again after a replay
    sent_at = models.DateTimeField(null=True)  # real time; when a message last said "look at this row"
    lease_until = models.DateTimeField(null=True)  # the database's clock; a sender that died shows
    ended_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=1000, blank=True, default="")
    dead_letter_arn = models.CharField(max_length=350, blank=True, default="")
    # Real time, by the database itself: retention counts from here whatever product time does.
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="PENDING"), name="delivery_due"),
            models.Index(fields=["caused_by"], condition=~models.Q(caused_by=""), name="delivery_caused_by"),
            models.Index(fields=["lane", "state", "id"], condition=models.Q(lane__isnull=False), name="delivery_lane"),
            models.Index(fields=["source_arn", "-id"], name="delivery_by_source"),
        ]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return self.key


class DeliveryBody(models.Model):
    """The bytes and attributes to send, apart from the state row."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, primary_key=True, related_name="content")
    body = models.BinaryField()
    attributes = models.JSONField(default=dict)  # message attributes: {"name": {"type": "String", "value": ".."}}
    options = models.JSONField(default=dict)  # for the destination: {"group": ".."}
    back_off = models.JSONField(default=list)  # seconds before try 2, 3, ...; []: the usual
    dead_letter_attributes = models.JSONField(default=dict)
    dead_letter_body = models.BinaryField(null=True)  # None: the body itself

    def __str__(self) -> str:
        return str(self.delivery_id)
