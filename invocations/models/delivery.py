"""The outbox: what is to be told to destinations and dead-letter queues, written together with the outcome."""

from __future__ import annotations

from django.db import models

from invocations.models.invocation import Invocation


class Delivery(models.Model):
    """This body to that ARN. PENDING until SENT, or FAILED (shown as undeliverable) after its own retries."""

    class Kind(models.TextChoices):
        ON_SUCCESS = "on-success"
        ON_FAILURE = "on-failure"
        DEAD_LETTER = "dead-letter"

    class State(models.TextChoices):
        PENDING = "PENDING"
        SENT = "SENT"
        FAILED = "FAILED"

    invocation = models.ForeignKey(Invocation, on_delete=models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=16, choices=Kind)
    destination = models.CharField(max_length=350)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    tries = models.IntegerField(default=0)  # raised before each send: a repeated send shows
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()  # product time
    give_up_at = models.DateTimeField()  # product time; six hours on, and six more after a replay
    sent_at = models.DateTimeField(null=True)  # real time; when a message last said "look at this row"
    lease_until = models.DateTimeField(null=True)  # the database's clock; a sender that died shows
    ended_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["invocation", "kind"], name="delivery_is_unique")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="PENDING"), name="delivery_due")]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.kind} of {self.invocation_id}"


class DeliveryBody(models.Model):
    """The bytes and attributes to send, apart from the state row."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, primary_key=True, related_name="content")
    body = models.BinaryField()
    attributes = models.JSONField(default=dict)  # message attributes: {"name": {"type": "String", "value": ".."}}

    def __str__(self) -> str:
        return str(self.delivery_id)
