"""What we know of buckets: their notification rules, and a bounded record of the events that they raised.

The buckets themselves, and their objects, are the companion's.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from invocations.decisions import object_records, object_rules
from invocations.decisions.object_rules import Rule
from invocations.models.scoped import Scoped


class BucketQuerySet(models.QuerySet["Bucket"]):
    def named(self, account: str, name: str) -> Bucket | None:
        return self.filter(account=account, name=name).first()


class Bucket(Scoped):
    """A bucket whose notifications were configured. It stays without rules, and goes with the bucket."""

    name = models.CharField(max_length=255)
    rules = models.JSONField(default=list)  # as object_rules.to_row writes them, in the order they were given
    event_bridge = models.BooleanField(default=False)
    last_sequence = models.BigIntegerField(default=0)
    configured_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Bucket]] = BucketQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="bucket_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return object_records.bucket_arn(self.name)

    @property
    def listening(self) -> bool:
        return bool(self.rules) or self.event_bridge

    def read_rules(self) -> list[Rule]:
        return [object_rules.from_row(row) for row in self.rules]


class ObjectEvent(models.Model):
    """A change to an object that was told; the newest of each bucket are kept."""

    bucket = models.ForeignKey(Bucket, on_delete=models.CASCADE, related_name="events", db_index=False)
    event_id = models.CharField(max_length=36, unique=True)
    name = models.CharField(max_length=64)  # "ObjectCreated:Put"
    key = models.TextField()  # as it is, not encoded
    size = models.BigIntegerField(null=True)  # bytes; None where the event tells none
    etag = models.CharField(max_length=128, blank=True, default="")
    version_id = models.CharField(max_length=256, blank=True, default="")
    sequencer = models.CharField(max_length=32)
    raised_at = models.DateTimeField()  # product time
    sent = models.JSONField(default=list)  # [{"rule": its id, "target": ARN}]
    trace_id = models.CharField(max_length=64, blank=True, default="")
    hops = models.IntegerField(default=0)
    caused_by = models.CharField(max_length=36, blank=True, default="")  # the invocation whose key made the change
    # Real time, by the database itself: retention counts from here whatever product time does.
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["bucket", "id"], name="object_event_by_bucket"),
            models.Index(fields=["trace_id"], name="object_event_by_trace", condition=~Q(trace_id="")),
        ]

    def __str__(self) -> str:
        return self.event_id
