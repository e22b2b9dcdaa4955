"""Event source mappings, their pollers, and the batches that were handed over.

A poller is what one worker at a time polls with: a queue mapping has several that share the queue, a stream mapping has
one for each shard and parallelization slot, a mapping of a topic one for each partition and a scout that finds them.
What a poller has read and not finished is a row too, so that its death loses nothing.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from invocations import arns
from invocations.decisions.kafka_options import RETRIES_WITH_DESTINATION
from invocations.decisions.stream_retry import FOREVER
from invocations.models.scoped import Scoped, ScopedQuerySet
from invocations.values import Place

KAFKA_WINDOW_SECONDS = 0.5  # AWS's, as long as a mapping was given none


class Mapping(Scoped):
    """Joins a source to a function. Times are seconds; -1 is AWS's "without end"."""

    class State(models.TextChoices):
        CREATING = "Creating"
        ENABLING = "Enabling"
        ENABLED = "Enabled"
        UPDATING = "Updating"
        DISABLING = "Disabling"
        DISABLED = "Disabled"
        DELETING = "Deleting"

    class Source(models.TextChoices):
        SQS = "sqs"
        KINESIS = "kinesis"
        DYNAMODB = "dynamodb"
        KAFKA = "kafka"

    uuid = models.CharField(max_length=36, unique=True)
    # By name, not by key: a mapping outlives its function, and says so.
    function = models.CharField(max_length=64)
    qualifier = models.CharField(max_length=128, blank=True, default="")  # as the caller wrote it
    source = models.CharField(max_length=10, choices=Source)
    source_arn = models.CharField(max_length=512, blank=True)  # "" for brokers that AWS does not run
    state = models.CharField(max_length=10, choices=State)
    state_since = models.DateTimeField()  # real time: transitions take real seconds
    enabled = models.BooleanField()  # what the owner wants; the state follows
    batch_size = models.IntegerField()
    window_seconds = models.IntegerField(null=True, default=0)  # None: of Kafka, and never given
    max_concurrency = models.IntegerField(null=True)
    report_failures = models.BooleanField(default=False)
    filters = models.JSONField(default=list)  # patterns as JSON text
    starting_position = models.CharField(max_length=16, blank=True, default="")
    starting_timestamp = models.DateTimeField(null=True)
    parallelization_factor = models.IntegerField(default=1)
    max_retries = models.IntegerField(default=-1)
    max_record_age_seconds = models.IntegerField(default=-1)
    bisect = models.BooleanField(default=False)
    tumbling_window_seconds = models.IntegerField(default=0)
    on_failure = models.CharField(max_length=350, blank=True, default="")  # ARN, or kafka://topic
    # The next six are of Kafka.
    topic = models.CharField(max_length=249, blank=True, default="")
    servers = models.CharField(max_length=2000, blank=True, default="")  # bootstrap servers, joined by commas
    consumer_group = models.CharField(max_length=200, blank=True, default="")  # its offsets say how far we are
    access = models.JSONField(default=list)  # [[type, URI], ...]
    pollers_min = models.IntegerField(null=True)  # provisioned mode; None: on demand
    pollers_max = models.IntegerField(null=True)  # so many partitions are read at once; None: all
    tags = models.JSONField(default=dict)
    last_result = models.CharField(max_length=500, blank=True, default="")
    pollers_wanted = models.IntegerField(default=0)  # of a queue; grows with load
    scaled_at = models.DateTimeField(null=True)  # real time
    created_at = models.DateTimeField()
    last_modified = models.DateTimeField()

    objects: ClassVar[models.Manager[Mapping]] = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "region", "source_arn", "servers", "topic", "function", "qualifier"],
                name="mapping_is_unique",
            ),
            models.UniqueConstraint(
                fields=["account", "region", "consumer_group"],
                condition=~models.Q(consumer_group=""),
                name="mapping_group_is_unique",
            ),
        ]
        indexes = [models.Index(fields=["source_arn"], name="mapping_by_source")]

    def __str__(self) -> str:
        return self.uuid

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"

    @property
    def function_arn(self) -> str:
        return arns.function_arn(self.account, self.region, self.function, self.qualifier or None)

    @property
    def is_queue(self) -> bool:
        return self.source == self.Source.SQS

    @property
    def is_fifo(self) -> bool:
        return self.is_queue and self.source_arn.endswith(".fifo")

    @property
    def is_topic(self) -> bool:
        return self.source == self.Source.KAFKA

    @property
    def place(self) -> Place:
        """Where a stream's or topic's records are."""
        access = tuple((name, uri) for name, uri in self.access)
        servers = tuple(self.servers.split(",")) if self.servers else ()
        return Place(self.source_arn, self.scope, servers, self.topic, self.consumer_group, access)

    @property
    def source_text(self) -> str:
        """The source in one line, for people and for AWS's sentences."""
        return " ".join(part for part in (self.source_arn or self.servers, self.topic) if part)

    @property
    def collect_seconds(self) -> float:
        """How long a batch collects, at most."""
        return KAFKA_WINDOW_SECONDS if self.window_seconds is None else float(self.window_seconds)

    @property
    def retries(self) -> int:
        """How often a failing batch is called again; -1: without end, which a topic's on-failure destination ends."""
        if self.is_topic and self.on_failure and self.max_retries == FOREVER:
            return RETRIES_WITH_DESTINATION
        return self.max_retries

    @property
    def polls(self) -> bool:
        """Whether batches may be begun now. While an owner's change settles, none are."""
        return self.enabled and self.state == self.State.ENABLED


class Poller(models.Model):
    """One leased row with an epoch: whoever claims it raises the epoch, and with an older one nothing can be moved."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="pollers")
    shard = models.CharField(max_length=80, blank=True, default="")  # "" in a queue, and of a topic's scout
    slot = models.IntegerField(default=0)
    epoch = models.IntegerField(default=0)
    runner = models.CharField(max_length=128, blank=True, default="")
    lease_until = models.DateTimeField(null=True)  # the database's clock
    due_at = models.DateTimeField()  # product time: not before, whatever comes (back-off)
    idle_until = models.DateTimeField(null=True)  # real time: nothing was there; a look again then, or when woken
    collect_until = models.DateTimeField(null=True)  # product time: the end of a batching window that has begun
    sent_at = models.DateTimeField(null=True)  # real time: when a message last said "look at this row"
    troubles = models.IntegerField(default=0)  # times in a row that it could not go on; back-off grows with it
    trouble = models.CharField(max_length=500, blank=True, default="")
    # The rest is of streams.
    parents = models.JSONField(default=list)  # shards that must be read to their end before this one
    waits = models.BooleanField(default=False)  # for its parents
    slots = models.IntegerField(default=1)  # among how many the shard's records are shared out
    checkpoint = models.CharField(max_length=160, blank=True, default="")  # read and finished up to here; "": nothing
    spans = models.JSONField(default=list)  # what is left of a batch that failed: see decisions/stream_retry.py
    window = models.JSONField(default=dict)  # the open tumbling window
    closed = models.BooleanField(default=False)  # the shard was read to its end
    behind_ms = models.BigIntegerField(null=True)  # how far the last record read lay behind then

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["mapping", "shard", "slot", "slots"], name="poller_is_unique")]

    def __str__(self) -> str:
        return f"{self.mapping_id}/{self.shard}/{self.slot}"


class Batch(models.Model):
    """Records handed over in one invocation, from the moment they were taken until their outcome."""

    class State(models.TextChoices):
        COLLECTING = "COLLECTING"  # the batching window is open
        WAITING = "WAITING"  # complete; runs next, or after a back-off
        RUNNING = "RUNNING"
        ENDED = "ENDED"

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded"
        PARTIAL = "partial"  # the function named some that failed
        FAILED = "failed"
        FILTERED = "filtered"  # no record fitted the filters, so there was no call
        THROTTLED = "throttled"
        REFUSED = "refused"  # the function could not be called
        EXPIRED = "expired"  # older than MaximumRecordAgeInSeconds
        RETURNED = "returned"  # the mapping stopped first
        LOST = "lost"  # its worker died; the function may have run

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="batches")
    poller = models.ForeignKey(Poller, on_delete=models.SET_NULL, null=True, related_name="batches")
    epoch = models.IntegerField(default=0)  # of the poller that runs it
    shard = models.CharField(max_length=80, blank=True, default="")
    slot = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=State)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")  # what the sentence is made of
    request_id = models.CharField(max_length=36, blank=True, default="")  # of the (last) invocation
    attempt = models.IntegerField(default=0)  # calls of this batch
    records = models.IntegerField(default=0)
    filtered = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    payload_bytes = models.IntegerField(default=0)
    first = models.CharField(max_length=160, blank=True, default="")  # sequence numbers of a stream's
    last = models.CharField(max_length=160, blank=True, default="")
    opened_at = models.DateTimeField()  # product time, as the next two
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    window_ends_at = models.DateTimeField(null=True)  # product time
    visible_ms = models.BigIntegerField(null=True)  # when a queue's messages come back if they fail; product time
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["mapping", "-id"], name="batch_by_mapping"),
            models.Index(fields=["poller"], name="batch_open", condition=~models.Q(state="ENDED")),
        ]
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return str(self.pk)


class BatchRecords(models.Model):
    """The records of a batch and each one's fate, apart from the state row.

    `records`: [{"id": message id or sequence number, "fate": "", "done", "failed", "filtered", ...}], of a queue with
    "row" and "receipt", of what a filter refused with "why".
    """

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, primary_key=True, related_name="content")
    records = models.JSONField(default=list)

    def __str__(self) -> str:
        return str(self.batch_id)
