"""Figures of functions and of the house, each from one query whose cost does not grow with the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, TextField
from django.db.models.functions import Cast, Substr

from invocations import clock
from invocations.admin.charts import Bucket
from invocations.models import Function, Invocation

LATEST_CALLS = 200  # percentiles are of this many newest calls of a function
CHARTED_ROWS = 20_000  # a chart reads at most this many newest rows


@dataclass(frozen=True)
class FunctionFigures:
    """What the list shows of one function. Durations in microseconds; None when it was never called."""

    last: Invocation | None = None
    p50_us: int | None = None
    p99_us: int | None = None
    calls: int = 0  # that the percentiles are made of
    day: Sequence[Bucket] = field(default_factory=tuple)

    @property
    def day_total(self) -> int:
        return sum(bucket.total for bucket in self.day)

    @property
    def day_failed(self) -> int:
        return sum(bucket.failed for bucket in self.day)


def function_figures(functions: Sequence[Function]) -> dict[int, FunctionFigures]:
    """Return the figures of each function by its pk: three queries for any number of functions and calls."""
    if not functions:
        return {}
    newest = _newest_calls(functions)
    last = Invocation.objects.in_bulk([calls[0].invocation for calls in newest.values()])
    days = _days()
    return {
        function.pk: _figures(newest.get(function.pk, []), last, days.get("/".join(_key(function)), {}))
        for function in functions
    }


def _key(row: Function) -> tuple[str, str, str]:
    return (row.account, row.region, row.name)


@dataclass(frozen=True)
class _Call:
    invocation: int
    duration_us: int | None


def _newest_calls(functions: Sequence[Function]) -> dict[int, list[_Call]]:
    """The newest calls of each function, newest first: one reach into the index per function, joined to one query.

    SQL by hand, because SQLite wants each limited part of a union inside a SELECT of its own.
    """
    part = (
        "SELECT * FROM (SELECT %s AS pk, i.id AS call_id, a.duration_us FROM invocations_invocation i "
        "LEFT JOIN invocations_attempt a ON a.invocation_id = i.id "
        "WHERE i.account = %s AND i.region = %s AND i.function = %s ORDER BY i.id DESC LIMIT %s) AS calls"
    )
    values: list[Any] = []
    for function in functions:
        values += [function.pk, *_key(function), LATEST_CALLS]
    found: dict[int, list[_Call]] = {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([part] * len(functions)), values)
        for pk, call, duration in cursor.fetchall():
            found.setdefault(pk, []).append(_Call(call, duration))
    for calls in found.values():
        calls.sort(key=lambda call: -call.invocation)
    return found


def _days() -> dict[str, dict[str, Bucket]]:
    """By function (account/region/name), then by hour. Counted here: SQLite would sort all rows to group them."""
    rows = (
        _charted(clock.now() - timedelta(hours=24))
        .annotate(hour=_first_characters(len("2026-01-31 12")))
        .values_list("account", "region", "function", "hour", "state")
    )
    found: dict[str, dict[str, Bucket]] = {}
    for (account, region, function, hour, state), count in Counter(rows.iterator(5000)).items():
        hours = found.setdefault(f"{account}/{region}/{function}", {})
        known = hours.get(hour) or Bucket(f"{hour[-2:]}:00 UTC", 0, 0)
        failed = count if state == Invocation.State.FAILED else 0
        hours[hour] = Bucket(known.when, known.total + count, known.failed + failed)
    return found


def _first_characters(count: int) -> Substr:
    """The time's text up to the hour or the minute: truncating dates is slow on SQLite (Python, for every row)."""
    return Substr(Cast("accepted_at", TextField()), 1, count)


def _charted(since: datetime) -> QuerySet[Invocation]:
    """Rows since a moment, but no more than CHARTED_ROWS of them: ids are given in order of writing."""
    newest = Invocation.objects.aggregate(newest=Max("id"))["newest"] or 0
    return Invocation.objects.filter(accepted_at__gte=since, id__gt=newest - CHARTED_ROWS)


def _figures(calls: Sequence[_Call], last: dict[int, Invocation], day: dict[str, Bucket]) -> FunctionFigures:
    took = sorted(call.duration_us for call in calls if call.duration_us is not None)
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [hour - timedelta(hours=back) for back in range(23, -1, -1)]
    buckets = [day.get(f"{at:%Y-%m-%d %H}") or Bucket(f"{at:%H}:00 UTC", 0, 0) for at in hours]
    newest = last.get(calls[0].invocation) if calls else None
    return FunctionFigures(newest, percentile(took, 50), percentile(took, 99), len(took), buckets)


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Nearest rank: the smallest value that at least `percent` % of the values do not exceed."""
    if not ordered:
        return None
    return ordered[-(-percent * len(ordered) // 100) - 1]


def outcomes_per_minute() -> list[Bucket]:
    """The last 60 minutes, oldest first."""
    this = clock.now().replace(second=0, microsecond=0)
    rows = (
        _charted(this - timedelta(minutes=59))
        .annotate(minute=_first_characters(len("2026-01-31 12:34")))
        .values("minute")
        .annotate(total=Count("id"), failed=Count("id", filter=Q(state=Invocation.State.FAILED)))
        .order_by()
    )
    found = {row["minute"]: (row["total"], row["failed"]) for row in rows}
    minutes: Iterable[datetime] = (this - timedelta(minutes=back) for back in range(59, -1, -1))
    return [Bucket(f"{at:%H:%M} UTC", *found.get(f"{at:%Y-%m-%d %H:%M}", (0, 0))) for at in minutes]


def day_totals() -> tuple[int, int]:
    """Return (invocations, failed ones) of the last 24 hours."""
    since = clock.now() - timedelta(hours=24)
    found = Invocation.objects.filter(accepted_at__gte=since).aggregate(
        total=Count("id"), failed=Count("id", filter=Q(state=Invocation.State.FAILED))
    )
    return found["total"], found["failed"]
