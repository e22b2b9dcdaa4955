"""Telling of changes to objects: the event and what it sends are committed before whoever made the change is answered.

So an answer of success means that everybody who is to know will know. When the commit fails the object is there all the
same and its writer hears 500: writing it again tells of it.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from invocations import clock, outlet
from invocations.decisions import object_records
from invocations.decisions.object_records import About, Change
from invocations.decisions.object_rules import Rule
from invocations.decisions.tracing import continue_trace, trace_id
from invocations.errors import ServiceFailure
from invocations.flows import buckets
from invocations.flows.lineage import Lineage
from invocations.models import Bucket, Delivery, ObjectEvent
from invocations.values import Parcel
from lambdaplay.db.pool import pooled

BUS = "EventBridge"  # stands in the place of a rule's id
# Ours: how many events of a bucket are remembered for the console, and how often (in events) the oldest are forgotten.
KEPT = 1000
FORGET_EVERY = 64


@dataclass(frozen=True)
class Origin:
    """Who made the change, and from where."""

    principal: str
    address: str
    request_id: str
    host_id: str
    trace_header: str = ""
    lineage: Lineage = field(default_factory=Lineage)


@dataclass(frozen=True)
class _Raised:
    """An event with everything that it sends."""

    row: ObjectEvent
    parcels: list[Parcel]


@pooled()
def listening(account: str, name: str) -> Bucket | None:
    """The bucket, when changes to its objects are to be told."""
    row = Bucket.objects.named(account, name)
    return row if row is not None and row.listening else None


def tell(bucket: Bucket, changes: Sequence[Change], origin: Origin) -> int:
    """Commit the events and what they send; return how many were new. Raises ServiceFailure.

    A change that carries a sequencer of its own is told once, however often it comes.
    """
    try:
        with pooled(), transaction.atomic():
            return _tell(bucket, changes, origin)
    except DatabaseError as error:
        raise ServiceFailure("The change was made, but it could not be told of. Please try again.") from error


def _tell(bucket: Bucket, changes: Sequence[Change], origin: Origin) -> int:
    ids = {event_id(bucket, change): change for change in changes}
    known = set(ObjectEvent.objects.filter(event_id__in=ids).values_list("event_id", flat=True))
    fresh = [(one, change) for one, change in ids.items() if one not in known]
    if not fresh:
        return 0
    first = _next_numbers(bucket, len(fresh))
    trace = _trace(origin)
    raised = [_raise(bucket, one, change, first + n, origin, trace) for n, (one, change) in enumerate(fresh)]
    rows = ObjectEvent.objects.bulk_create([one.row for one in raised])
    outlet.post(parcel for one in raised for parcel in one.parcels)
    if any(row.pk % FORGET_EVERY == 0 for row in rows):
        forget(bucket)
    return len(rows)


def event_id(bucket: Bucket, change: Change) -> str:
    """Every change is an event of its own, unless another object store has numbered it."""
    if not change.sequencer:
        return str(uuid.uuid4())
    parts = (bucket.account, bucket.name, change.key, change.version_id, change.name, change.sequencer)
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(parts)))


def _next_numbers(bucket: Bucket, count: int) -> int:
    """Return the first of as many numbers, greater than all before. Changes of one bucket take turns.

    They follow real time, so that a bucket that is made anew goes on above its predecessor.
    """
    last = Bucket.objects.select_for_update(no_key=True).filter(pk=bucket.pk).values_list("last_sequence", flat=True)
    first = max(last.first() or 0, time.time_ns()) + 1
    Bucket.objects.filter(pk=bucket.pk).update(last_sequence=first + count)
    return first


def _trace(origin: Origin) -> str:
    """A change that continues nothing begins a flow of its own."""
    given = trace_id(origin.trace_header)
    return given or trace_id(continue_trace(None, now=clock.real().timestamp(), random=os.urandom(20)))


def _raise(bucket: Bucket, one: str, change: Change, number: int, origin: Origin, trace: str) -> _Raised:
    about = About(
        bucket=bucket.name,
        account=bucket.account,
        region=bucket.region,
        principal=origin.principal,
        address=origin.address,
        request_id=origin.request_id,
        host_id=origin.host_id,
        at=clock.now(),
        sequencer=change.sequencer or object_records.sequencer_text(number),
    )
    rules = [rule for rule in bucket.read_rules() if not rule.why_not(f"s3:{change.name}", change.key)]
    sent = [{"rule": rule.rule_id, "target": rule.target} for rule in rules]
    parcels = [_parcel(bucket, rule, one, change, about) for rule in rules]
    if bucket.event_bridge:
        parcels.append(_for_bus(bucket, one, change, about))
        sent.append({"rule": BUS, "target": parcels[-1].target})
    lineage = origin.lineage
    row = ObjectEvent(
        bucket=bucket,
        event_id=one,
        name=change.name,
        key=change.key.replace("\0", "\N{REPLACEMENT CHARACTER}"),  # which a key may hold, and PostgreSQL's texts not
        size=change.size,
        etag=change.etag[:128],
        version_id=change.version_id[:256],
        sequencer=about.sequencer[:32],
        raised_at=about.at,
        sent=sent,
        trace_id=trace,
        hops=lineage.hops,
        caused_by=lineage.request_id,
    )
    return _Raised(row, [_continuing(parcel, trace, lineage) for parcel in parcels])


def _continuing(parcel: Parcel, trace: str, lineage: Lineage) -> Parcel:
    return replace(parcel, trace_id=trace, hops=lineage.hops, caused_by=lineage.request_id)


def _parcel(bucket: Bucket, rule: Rule, one: str, change: Change, about: About) -> Parcel:
    body = object_records.record(change, about, rule.rule_id)
    return buckets.parcel(bucket, rule, key_of(one, rule.rule_id), body)


def key_of(one: str, rule_id: str) -> str:
    """What one event and rule have in the outbox, and nothing else has."""
    return f"s3:{one}:{rule_id}"


def _for_bus(bucket: Bucket, one: str, change: Change, about: About) -> Parcel:
    """Every change goes to the account's own bus, which needs no permission for that."""
    return Parcel(
        key=key_of(one, BUS),
        kind=Delivery.Kind.NOTIFICATION.value,
        source_arn=bucket.arn,
        target=f"arn:aws:events:{bucket.region}:{bucket.account}:event-bus/default",
        body=object_records.envelope(change, about, one).text.encode(),
        scope=bucket.scope,
        policy_arn=bucket.arn,
        max_age_seconds=buckets.AGE_SECONDS,
    )


def deliveries_of(event: ObjectEvent) -> QuerySet[Delivery]:
    """Where an event went, as far as the outbox still knows."""
    keys = [key_of(event.event_id, one["rule"]) for one in event.sent]
    return Delivery.objects.filter(key__in=keys).order_by("id")


def forget(bucket: Bucket, kept: int = KEPT) -> int:
    """Forget all but the newest events of a bucket; return how many were forgotten."""
    rows = ObjectEvent.objects.filter(bucket=bucket).order_by("-id")
    last = rows.values_list("pk", flat=True)[kept : kept + 1].first()
    return 0 if last is None else rows.filter(pk__lte=last).order_by().delete()[0]
