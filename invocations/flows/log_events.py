"""The lines of log groups, read from what the attempts printed.

A line's time is when its attempt ended and was recorded; lines of one attempt keep their order. (AWS stamps each line;
here all of an attempt's lines appear together, and a reader who follows by time misses none.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Max, Min

from invocations import clock
from invocations.flows.log_groups import Group, NotFound, attempts
from invocations.models import Attempt, AttemptOutput, Payload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 200  # attempts read in one query
Place = tuple[int, int, int]  # microseconds of the attempt's end, its id, number of the line


@dataclass(frozen=True)
class Line:
    place: Place
    stream: str
    text: str

    @property
    def at(self) -> int:
        """Milliseconds since 1970."""
        return self.place[0] // 1000

    @property
    def event_id(self) -> str:
        """Fifty-six digits, like AWS's."""
        at, attempt, number = self.place
        return f"{at:017d}{attempt:025d}{number:014d}"


@dataclass(frozen=True)
class Stream:
    name: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Span:
    """Which lines: of these streams (none: of all), with this prefix, from `start` to before `end` (ms)."""

    streams: Sequence[str] = ()
    prefix: str = ""
    start: int | None = None
    end: int | None = None


def streams(group: Group, prefix: str = "") -> list[Stream]:
    """Return the group's streams, by name."""
    rows = attempts(group.scope, group.functions, group.forgotten).filter(log_stream__startswith=prefix)
    found = (
        rows.order_by("log_stream")
        .values("log_stream")
        .annotate(first=Min("ended_at"), last=Max("ended_at"), count=Count("id"))
    )
    oldest = _oldest(group)
    return [
        Stream(row["log_stream"], row["first"], row["last"])
        for row in found
        if row["log_stream"] and (oldest is None or row["last"] >= oldest)
    ]


def forward(group: Group, span: Span, after: Place | None, matches: Callable[[str], bool]) -> Iterator[Line]:
    """Return lines in order of time, the first one after `after`."""
    for row in _pages(group, span, after, backward=False):
        for line in _lines(row):
            if (after is None or line.place > after) and matches(line.text):
                yield line


def backward(group: Group, span: Span, before: Place | None) -> Iterator[Line]:
    """Return lines the other way round, the first one before `before`."""
    for row in _pages(group, span, before, backward=True):
        for line in reversed(_lines(row)):
            if before is None or line.place < before:
                yield line


def check_stream(group: Group, name: str) -> None:
    """Raise NotFound when the group has no such stream."""
    if not attempts(group.scope, group.functions, group.forgotten).filter(log_stream=name).exists():
        raise NotFound("log stream")


def _pages(group: Group, span: Span, edge: Place | None, *, backward: bool) -> Iterator[Attempt]:
    """Attempts in order, some at a time, from the one at the edge on."""
    rows = attempts(group.scope, group.functions, group.forgotten).select_related("invocation")
    if span.streams:
        rows = rows.filter(log_stream__in=span.streams)
    if span.prefix:
        rows = rows.filter(log_stream__startswith=span.prefix)
    oldest = _oldest(group)
    starts = [moment for moment in (oldest, None if span.start is None else _moment(span.start)) if moment is not None]
    if starts:
        rows = rows.filter(ended_at__gte=max(starts))
    if span.end is not None:
        rows = rows.filter(ended_at__lt=_moment(span.end))
    rows = rows.order_by("-ended_at", "-id") if backward else rows.order_by("ended_at", "id")
    if edge is not None:
        moment = _moment(edge[0] / 1000)  # the attempt at the edge may have more lines
        rows = rows.filter(ended_at__lte=moment) if backward else rows.filter(ended_at__gte=moment)
    offset = 0
    while page := list(rows[offset : offset + _AT_ONCE]):
        yield from page
        offset += len(page)


def _lines(row: Attempt) -> list[Line]:
    ended_at = row.ended_at
    assert ended_at is not None  # only ended ones are asked for
    at = round((ended_at - _EPOCH) / timedelta(microseconds=1))
    text = _log(row).decode("utf-8", "replace")
    return [Line((at, row.pk, number), row.log_stream, line) for number, line in enumerate(text.splitlines()) if line]


def _log(row: Attempt) -> bytes:
    """An asynchronous attempt has an output of its own, a synchronous one its invocation's."""
    own = AttemptOutput.objects.filter(pk=row.pk).values_list("log", flat=True).first()
    if own is None:
        own = Payload.objects.filter(pk=row.invocation_id).values_list("log", flat=True).first()
    return b"" if own is None else bytes(own)


def _oldest(group: Group) -> datetime | None:
    return None if group.retention_days is None else clock.now() - timedelta(days=group.retention_days)


def _moment(ms: float) -> datetime:
    """Beyond what a calendar holds is its end."""
    return _EPOCH + timedelta(microseconds=min(round(ms * 1000), 253_402_300_799_000_000))
