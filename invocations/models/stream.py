"""Streams, their shards, and the records in them. A record never changes; a shard's row says how far it has come.

Records of one shard lie side by side in the table: the upper bits of a record's key are its shard, the lower its place
(from 1, without gaps). A read is one range of the primary key, and no other index has to be written for a record.
Moments of records and shards are product time in whole milliseconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models

from invocations import limits
from invocations.models.scoped import Scoped, ScopedQuerySet

PLACE_BITS = 40


class Stream(Scoped):
    """One data stream of an account and region."""

    class Status(models.TextChoices):
        CREATING = "CREATING"
        ACTIVE = "ACTIVE"
        UPDATING = "UPDATING"
        DELETING = "DELETING"

    class Mode(models.TextChoices):
        PROVISIONED = "PROVISIONED"
        ON_DEMAND = "ON_DEMAND"

    name = models.CharField(max_length=128)
    stream_id = models.CharField(max_length=24, unique=True)  # never used again, unlike the name
    mode = models.CharField(max_length=11, choices=Mode, default=Mode.PROVISIONED)
    retention_hours = models.IntegerField(default=24)
    max_record_kib = models.IntegerField(default=1024)
    tags = models.JSONField(default=dict)
    next_shard = models.IntegerField(default=0)  # number of the shard made next
    status = models.CharField(max_length=8, choices=Status, default=Status.CREATING)  # as it was set; see `status_at`
    status_since = models.DateTimeField()  # real time
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Stream]] = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="stream_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return f"arn:aws:kinesis:{self.region}:{self.account}:stream/{self.name}"

    @property
    def retention_ms(self) -> int:
        return self.retention_hours * 3_600_000

    def status_at(self, real: datetime) -> str:
        """CREATING and UPDATING settle by themselves (real time); DELETING lasts until the row is gone."""
        settled = real >= self.status_since + timedelta(seconds=limits.SETTLE_SECONDS)
        if settled and self.status in (self.Status.CREATING, self.Status.UPDATING):
            return self.Status.ACTIVE
        return self.status

    def begin_update(self, real: datetime, **changes: Any) -> bool:
        """ACTIVE -> UPDATING with these changes; False, and nothing is written, when somebody else was quicker.

        The caller has seen that it is ACTIVE; the state that was read is the one left.
        """
        reached = {**changes, "status": self.Status.UPDATING, "status_since": real}
        here = Stream.objects.filter(pk=self.pk, status=self.status, status_since=self.status_since)
        if not here.update(**reached):
            return False
        for name, value in reached.items():
            setattr(self, name, value)
        return True

    def begin_delete(self, real: datetime) -> bool:
        """Any state -> DELETING; False when it was being deleted already, or is gone."""
        left = Stream.objects.filter(pk=self.pk).exclude(status=self.Status.DELETING)
        return bool(left.update(status=self.Status.DELETING, status_since=real))


class Shard(models.Model):
    """A part of the key space, open for records until it is split or merged."""

    # Rows are removed together by the engine; Django need not look for what hangs on them.
    stream = models.ForeignKey(Stream, on_delete=models.DO_NOTHING, related_name="shards", db_index=False)
    number = models.IntegerField()
    parent = models.IntegerField(null=True)  # numbers of the shards it was made from
    adjacent_parent = models.IntegerField(null=True)
    first_hash = models.CharField(max_length=39)  # decimal; both ends belong to it
    last_hash = models.CharField(max_length=39)
    epoch = models.BigIntegerField()  # seconds that its sequence numbers begin with; greater than its parents'
    opened_ms = models.BigIntegerField()
    closed_ms = models.BigIntegerField(null=True)
    last_place = models.BigIntegerField(default=0)  # of the newest record
    last_arrival_ms = models.BigIntegerField(default=0)  # arrivals never go back inside a shard
    largest_bytes = models.IntegerField(default=0)  # no record is larger

    class Meta:
        ordering = ["stream", "number"]
        constraints = [models.UniqueConstraint(fields=["stream", "number"], name="shard_number")]

    def __str__(self) -> str:
        return self.shard_id

    @property
    def shard_id(self) -> str:
        return shard_name(self.number)

    def key(self, place: int) -> int:
        """Primary key of the record at this place."""
        return (self.pk << PLACE_BITS) | place


def shard_name(number: int) -> str:
    return f"shardId-{number:012d}"


def place_of(key: int) -> int:
    """The place inside its shard of the record with this primary key."""
    return key & ((1 << PLACE_BITS) - 1)


class StreamRecord(models.Model):
    """One record. Its key is made by `Shard.key`, so that a shard's records are one range."""

    id = models.BigAutoField(primary_key=True)
    arrived_ms = models.BigIntegerField()
    size = models.IntegerField()  # bytes of data and partition key
    partition_key = models.CharField(max_length=256)
    data = models.BinaryField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(place_of(self.pk))
