"""Forgetting our own history: payloads and logs first, rows later. Counted in real time since they were written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from invocations import clock, task_results
from invocations.models import (
    Batch,
    BatchRecords,
    BusEvent,
    Delivery,
    DeliveryBody,
    Invocation,
    ObjectEvent,
    Payload,
    Publication,
    PublicationBody,
    Subscription,
    TemporaryKey,
)
from invocations.runtime import code

# Small, so that no caller waits long for the writer lock.
BATCH = 200

Row = tuple[int, datetime, str]  # key, when it was written, state

UNFINISHED = (
    Invocation.State.QUEUED,
    Invocation.State.RUNNING,
    Delivery.State.PENDING,
    Batch.State.COLLECTING,
    Batch.State.WAITING,
)


@dataclass(frozen=True)
class Pruned:
    """How many were forgotten."""

    payloads: int
    invocations: int
    deliveries: int  # of topics, rules, mappings and schedules; those that tell of an invocation go with it
    publications: int  # messages of topics
    bus_events: int  # what came to event buses
    object_events: int  # what buckets told
    batches: int  # of event source mappings
    packages: int  # code that no function version refers to, and what crashes left of unpacking


def prune() -> Pruned:
    """Delete what is older than the settings say, batch by batch. Unfinished invocations stay."""
    now = clock.real()
    # For a day whoever still uses one is told that it has expired.
    TemporaryKey.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    return Pruned(
        payloads=_prune_payloads(now - timedelta(days=settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS)),
        invocations=_prune_invocations(now - timedelta(days=settings.LAMBDAPLAY_KEEP_ROWS_DAYS)),
        deliveries=_prune_deliveries(now),
        publications=_prune_publications(now),
        bus_events=_prune_bus_events(now - timedelta(days=settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS)),
        object_events=_prune_object_events(now - timedelta(days=settings.LAMBDAPLAY_KEEP_ROWS_DAYS)),
        batches=_prune_batches(now),
        packages=code.sweep(),
    )


def _prune_batches(now: datetime) -> int:
    """Each record's fate goes with payloads, the batch with rows."""
    details = BatchRecords.objects.values_list("pk", "batch__written_at", "batch__state")
    before = now - timedelta(days=settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS)
    _walk(details, before, lambda keys: BatchRecords.objects.filter(pk__in=keys).delete())
    rows = Batch.objects.values_list("pk", "written_at", "state")
    before = now - timedelta(days=settings.LAMBDAPLAY_KEEP_ROWS_DAYS)
    return _walk(rows, before, lambda keys: Batch.objects.filter(pk__in=keys).delete())


def _prune_payloads(before: datetime) -> int:
    rows = Payload.objects.values_list("pk", "invocation__written_at", "invocation__state")
    return _walk(rows, before, lambda keys: Payload.objects.filter(pk__in=keys).delete())


def _prune_invocations(before: datetime) -> int:
    rows = Invocation.objects.values_list("pk", "written_at", "state")

    def delete(keys: list[int]) -> None:
        gone = Invocation.objects.filter(pk__in=keys)
        with transaction.atomic():
            task_results.forget(list(gone.values_list("request_id", flat=True)))
            gone.delete()

    return _walk(rows, before, delete)


def _prune_deliveries(now: datetime) -> int:
    """What was sent is forgotten like a payload; an undeliverable one keeps its body for a replay."""
    keep_bodies = now - timedelta(days=settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS)
    sent = DeliveryBody.objects.filter(delivery__state=Delivery.State.SENT)
    bodies = sent.values_list("pk", "delivery__written_at", "delivery__state")
    _walk(bodies, keep_bodies, lambda keys: DeliveryBody.objects.filter(pk__in=keys).delete())
    keep_rows = now - timedelta(days=settings.LAMBDAPLAY_KEEP_ROWS_DAYS)
    rows = Delivery.objects.filter(invocation=None).values_list("pk", "written_at", "state")
    return _walk(rows, keep_rows, lambda keys: Delivery.objects.filter(pk__in=keys).delete())


def _prune_publications(now: datetime) -> int:
    """Texts first, rows later; and subscriptions that were ended and cannot be taken back any more."""
    keep_bodies = now - timedelta(days=settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS)
    bodies = PublicationBody.objects.values_list("pk", "publication__written_at", "publication__message_id")
    _walk(bodies, keep_bodies, lambda keys: PublicationBody.objects.filter(pk__in=keys).delete())
    over = Q(token_until=None) | Q(token_until__lt=clock.now())
    Subscription.objects.filter(over, state=Subscription.State.DELETED).delete()
    keep_rows = now - timedelta(days=settings.LAMBDAPLAY_KEEP_ROWS_DAYS)
    rows = Publication.objects.values_list("pk", "written_at", "message_id")
    return _walk(rows, keep_rows, lambda keys: Publication.objects.filter(pk__in=keys).delete())


def _prune_bus_events(before: datetime) -> int:
    """An event without its document would explain nothing, so both go together."""
    rows = BusEvent.objects.values_list("pk", "written_at", "event_id")
    return _walk(rows, before, lambda keys: BusEvent.objects.filter(pk__in=keys).delete())


def _prune_object_events(before: datetime) -> int:
    rows = ObjectEvent.objects.values_list("pk", "written_at", "event_id")
    return _walk(rows, before, lambda keys: ObjectEvent.objects.filter(pk__in=keys).delete())


def _walk(rows: QuerySet[Any, Row], before: datetime, delete: Callable[[list[int]], object]) -> int:
    """Go through the rows from the oldest on, until a batch ends with one that is young enough to stay.

    Keys grow with time, so no index on the time is needed (each insert would pay for it).
    """
    deleted = last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        old = [key for key, written, state in batch if written < before and state not in UNFINISHED]
        if old:
            delete(old)
            deleted += len(old)
        last, written, _ = batch[-1]
        if written >= before:
            break
    return deleted
