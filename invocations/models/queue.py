"""Queues, the messages in them, and what is remembered about both.

Moments of messages are product time in whole milliseconds: they are compared on every receive, and a number is the
cheapest thing to compare in either database. Bodies live apart from the rows that change.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from invocations.models.scoped import Scoped, ScopedQuerySet


class Queue(Scoped):
    """One SQS queue of an account and region. Times are seconds, sizes bytes."""

    name = models.CharField(max_length=80)
    fifo = models.BooleanField(default=False)
    visibility_seconds = models.IntegerField(default=30)
    delay_seconds = models.IntegerField(default=0)
    retention_seconds = models.IntegerField(default=345_600)
    wait_seconds = models.IntegerField(default=0)
    max_message_bytes = models.IntegerField(default=1_048_576)
    content_deduplication = models.BooleanField(default=False)
    deduplication_scope = models.CharField(max_length=16, default="queue")
    throughput_limit = models.CharField(max_length=24, default="perQueue")
    redrive_target = models.CharField(max_length=200, blank=True, default="")  # ARN of the dead-letter queue
    redrive_max_receives = models.IntegerField(default=0)
    redrive_policy = models.TextField(blank=True, default="")  # as it was set; the two above are what it says
    redrive_allow_policy = models.TextField(blank=True, default="")
    policy = models.TextField(blank=True, default="")
    managed_encryption = models.BooleanField(default=True)
    tags = models.JSONField(default=dict)
    last_sequence = models.BigIntegerField(default=0)  # FIFO: the newest message's place
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    purged_ms = models.BigIntegerField(null=True)

    objects: ClassVar[models.Manager[Queue]] = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="queue_name")]
        indexes = [models.Index(fields=["redrive_target"], name="queue_by_target", condition=~Q(redrive_target=""))]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.name}"


class Message(models.Model):
    """One message in one queue. In flight: `receipt` is set and `visible_ms` lies ahead."""

    # Rows are removed together by the engine, in batches; Django need not look for what hangs on them.
    queue = models.ForeignKey(Queue, on_delete=models.DO_NOTHING, related_name="messages", db_index=False)
    message_id = models.CharField(max_length=36)
    sent_ms = models.BigIntegerField()
    visible_ms = models.BigIntegerField()
    receive_count = models.IntegerField(default=0)
    first_received_ms = models.BigIntegerField(null=True)
    received_ms = models.BigIntegerField(null=True)
    receipt = models.CharField(max_length=32, blank=True, default="")  # of the newest receive
    sequence = models.BigIntegerField(default=0)  # FIFO: its place; 0 in standard queues
    group = models.CharField(max_length=128, blank=True, default="")
    deduplication_id = models.CharField(max_length=128, blank=True, default="")
    sender = models.CharField(max_length=256, blank=True, default="")
    trace_header = models.CharField(max_length=1024, blank=True, default="")
    # Who reads it goes on with the sender's chain: invocations that led to it, and the id of the last of them.
    hops = models.IntegerField(default=0)
    caused_by = models.CharField(max_length=36, blank=True, default="")
    dead_letter_source = models.CharField(max_length=200, blank=True, default="")  # ARN of the queue it died in

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["queue", "visible_ms", "id"], name="message_by_visibility"),
            models.Index(fields=["queue", "sequence"], name="message_in_order", condition=Q(sequence__gt=0)),
            models.Index(fields=["queue", "group", "visible_ms"], name="message_in_group", condition=Q(sequence__gt=0)),
        ]

    def __str__(self) -> str:
        return self.message_id


class MessageBody(models.Model):
    """What the sender wrote. `attributes` are the message attributes as AWS's JSON, binary values in base64."""

    message = models.OneToOneField(
        Message, on_delete=models.DO_NOTHING, primary_key=True, related_name="content", db_constraint=False
    )
    body = models.TextField()
    attributes = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.message_id)


class DedupId(models.Model):
    """A FIFO message that was accepted: the same id is not delivered again before `expires_ms`."""

    queue = models.ForeignKey(Queue, on_delete=models.DO_NOTHING, db_index=False)
    group = models.CharField(max_length=128, blank=True, default="")  # "" when the scope is the whole queue
    deduplication_id = models.CharField(max_length=128)
    message_id = models.CharField(max_length=36)
    sequence = models.BigIntegerField()
    expires_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "group", "deduplication_id"], name="queue_deduplication")
        ]
        indexes = [models.Index(fields=["queue", "expires_ms"], name="queue_deduplication_end")]

    def __str__(self) -> str:
        return self.deduplication_id


class DeletedQueue(Scoped):
    """A name that may not be used again yet."""

    name = models.CharField(max_length=80)
    deleted_ms = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="deleted_queue_name")]

    def __str__(self) -> str:
        return self.name


class MoveTask(models.Model):
    """Moving a dead-letter queue's messages back, or elsewhere."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING"
        CANCELLING = "CANCELLING"
        CANCELLED = "CANCELLED"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"

    task_id = models.CharField(max_length=36, unique=True)
    source_arn = models.CharField(max_length=200)
    destination_arn = models.CharField(max_length=200, blank=True, default="")  # "": where each message died
    rate = models.IntegerField(null=True)  # messages a second
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    moved = models.IntegerField(default=0)
    to_move = models.IntegerField()
    last_message = models.BigIntegerField()  # messages that came later are not this task's
    failure = models.CharField(max_length=200, blank=True, default="")
    started_ms = models.BigIntegerField()
    lease = models.DateTimeField(null=True)  # real time until which one worker has it

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source_arn"], name="one_move_task", condition=Q(status__in=["RUNNING", "CANCELLING"])
            )
        ]

    def __str__(self) -> str:
        return self.task_id
