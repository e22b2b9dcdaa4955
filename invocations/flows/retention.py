"""Forgetting our own history: payloads and logs first, rows later. Counted in real time since they were written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from invocations import clock
from invocations.models import Invocation, Payload
from invocations.runtime import code

# Small, so that no caller waits long for the writer lock.
BATCH = 200

Row = tuple[int, datetime, str]  # key, when it was written, state

UNFINISHED = (Invocation.State.QUEUED, Invocation.State.RUNNING)


@dataclass(frozen=True)
class Pruned:
    """How many were forgotten."""

    payloads: int
    invocations: int
    packages: int  # code that no function version refers to, and what crashes left of unpacking


def prune() -> Pruned:
    """Delete what is older than the settings say, batch by batch. Unfinished invocations stay."""
    now = clock.real()
    return Pruned(
        payloads=_prune_payloads(now - timedelta(days=settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS)),
        invocations=_prune_invocations(now - timedelta(days=settings.LAMBDAPLAY_KEEP_ROWS_DAYS)),
        packages=code.sweep(),
    )


def _prune_payloads(before: datetime) -> int:
    rows = Payload.objects.values_list("pk", "invocation__written_at", "invocation__state")
    return _walk(rows, before, lambda keys: Payload.objects.filter(pk__in=keys).delete())


def _prune_invocations(before: datetime) -> int:
    rows = Invocation.objects.values_list("pk", "written_at", "state")
    return _walk(rows, before, lambda keys: Invocation.objects.filter(pk__in=keys).delete())


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
