"""When a schedule of EventBridge Scheduler fires: at(), rate() and cron() in a time zone, between two dates. Pure.

    timing = Timing(read("cron(0 8 ? * MON-FRI *)"), zone_named("Europe/Vienna"), anchor=made_at)
    timing.after(moment)        # the first slot behind that moment, None when there is none

Where clocks change: a local time of cron that is left out in spring is skipped, one that comes twice in autumn fires
the first time only. A rate counts hours that pass, and a day is 24 of them. A one-time schedule in a gap fires as much
later as the clocks jump. Source: Scheduler's user guide, schedule types and daylight savings time.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from invocations.decisions import cron
from invocations.decisions.cron import Cron, InvalidSchedule, Rate

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)", re.ASCII)
_RATE = re.compile(r"rate\((\d{1,9}) (minute|hour|day)s?\)", re.ASCII)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Once:
    """One firing, at a local time."""

    wall: datetime  # without a zone


Expression = Once | Rate | Cron


@lru_cache(512)
def read(text: str) -> Expression:
    """Read an expression. Raises InvalidSchedule.

    Other than a rule's, a rate's unit need not agree with its number: rate(1 minutes) is one.
    """
    if text.startswith("at("):
        return _once(text)
    rate = _RATE.fullmatch(text)
    if rate is not None:
        value = int(rate[1])
        return cron.parse(f"rate({value} {rate[2]}{'' if value == 1 else 's'})")
    if text.startswith(("rate(", "cron(")):
        return cron.parse(text)
    raise InvalidSchedule("A schedule is at(...), rate(...) or cron(...)", 0)


def _once(text: str) -> Once:
    match = _AT.fullmatch(text)
    if match is None:
        raise InvalidSchedule("A one-time schedule reads at(yyyy-mm-ddThh:mm:ss)", len("at("))
    try:
        return Once(datetime.fromisoformat(match[1]))
    except ValueError:
        raise InvalidSchedule(f"{match[1]} is no date and time", match.start(1)) from None


def zone_named(name: str) -> tzinfo | None:
    """Return the time zone of the IANA database that is called so; None when there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no such file, a path out of the database, a folder of it
        return None


@dataclass(frozen=True)
class Timing:
    """An expression with all that bears on when it fires."""

    expression: Expression
    zone: tzinfo
    anchor: datetime  # from here a rate counts, when it has no start
    start: datetime | None = None
    end: datetime | None = None

    def after(self, moment: datetime) -> datetime | None:
        """The first slot behind a moment. The two dates do not concern a one-time schedule."""
        if isinstance(self.expression, Once):
            slot = _real(self.expression.wall, self.zone)
            return slot if slot > moment else None
        if self.start is not None:
            moment = max(moment, self.start - _MOMENT)
        found = self._of_rate(moment) if isinstance(self.expression, Rate) else self._of_cron(self.expression, moment)
        return None if found is None or (self.end is not None and found > self.end) else found

    def first(self, now: datetime) -> datetime | None:
        """The slot a schedule begins with: a rate that begins now fires at once."""
        fresh = isinstance(self.expression, Rate) and self.anchor >= now
        return self.after(now - _MOMENT if fresh or isinstance(self.expression, Once) else now)

    def _of_rate(self, moment: datetime) -> datetime:
        assert isinstance(self.expression, Rate)
        anchor, period = self.start or self.anchor, timedelta(seconds=self.expression.seconds)
        return anchor if moment < anchor else anchor + ((moment - anchor) // period + 1) * period

    def _of_cron(self, expression: Cron, moment: datetime) -> datetime | None:
        """Cron counts local times as if they were UTC; those that are none, or are over, are passed by."""
        wall: datetime | None = moment.astimezone(self.zone).replace(tzinfo=UTC)
        while wall is not None and (wall := expression.after(wall)) is not None:
            local = wall.replace(tzinfo=None)
            found = _real(local, self.zone)
            if found > moment and found.astimezone(self.zone).replace(tzinfo=None) == local:
                return found
        return None


def _real(local: datetime, zone: tzinfo) -> datetime:
    """The moment of a local time; of two the first. One in a gap is read by the clock as it was before it."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def delay(identity: str, slot: datetime, minutes: int | None) -> timedelta:
    """How far into its window a slot fires: whole seconds, the same whenever one asks. No window: at once."""
    if minutes is None:
        return timedelta(0)
    drawn = hashlib.sha256(f"{identity} {slot.isoformat()}".encode()).digest()
    return timedelta(seconds=int.from_bytes(drawn[:8]) % (minutes * 60))


def upcoming(timing: Timing, first: datetime | None, most: int) -> list[datetime]:
    """The first slot and those behind it, at most so many."""
    found: list[datetime] = []
    while first is not None and len(found) < most:
        found.append(first)
        first = timing.after(first)
    return found
