"""AWS's schedule expressions: rate(5 minutes) and cron(minutes hours day-of-month month day-of-week year). Pure, UTC.

    schedule = parse("cron(0/15 8-17 ? * MON-FRI *)")     # raises InvalidSchedule: reason and position
    schedule.after(moment)                                # the next firing behind that moment, None when there is none
    firings(schedule, moment, 10)                         # the next ten

Of the two day fields one must be `?`. Days of the week are 1 (SUN) to 7 (SAT). `L` is the month's last day or, with a
day of the week before it, the last such day; `15W` the working day nearest to the 15th, in the same month; `3#2` the
second Tuesday. A range does not run backwards. Source: EventBridge's user guide, schedule patterns.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_RATE = re.compile(r"rate\((\d{1,9}) (minute|hour|day)(s?)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_YEARS = (1970, 2199)
_MINUTE = timedelta(minutes=1)

Days = Callable[[int, int], set[int]]  # of a year and month


class InvalidSchedule(ValueError):
    """Not a schedule expression. `position` counts characters of the expression from 0."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} (at character {position + 1})")
        self.reason = reason
        self.position = position


@dataclass(frozen=True)
class Rate:
    """A firing every so many seconds after the one before."""

    seconds: int

    def after(self, moment: datetime) -> datetime | None:
        return moment + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Cron:
    """Minutes and hours and so on at which it fires; `days` tells those of a month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def after(self, moment: datetime) -> datetime | None:
        first = moment.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        for year in self.years:
            if year < first.year:
                continue
            for month in self.months:
                if (year, month) < (first.year, first.month):
                    continue
                found = self._in_month(year, month, first)
                if found is not None:
                    return found
        return None

    def _in_month(self, year: int, month: int, first: datetime) -> datetime | None:
        earliest = (first.year, first.month, first.day)
        for day in sorted(self.days(year, month)):
            today = (year, month, day)
            if today < earliest:
                continue
            time = self._on_day((first.hour, first.minute) if today == earliest else (0, 0))
            if time is not None:
                return datetime(*today, *time, tzinfo=UTC)
        return None

    def _on_day(self, earliest: tuple[int, int]) -> tuple[int, int] | None:
        for hour in self.hours:
            if hour >= earliest[0]:
                for minute in self.minutes:
                    if (hour, minute) >= earliest:
                        return hour, minute
        return None


Schedule = Rate | Cron


def firings(schedule: Schedule, moment: datetime, most: int) -> list[datetime]:
    """Return the next firings behind a moment, at most so many."""
    found: list[datetime] = []
    while len(found) < most:
        following = schedule.after(found[-1] if found else moment)
        if following is None:
            break
        found.append(following)
    return found


def passed(
    after: Callable[[datetime], datetime | None], first: datetime, now: datetime, most: int
) -> tuple[int, datetime, datetime | None]:
    """How many slots lie between the first and now (`most` are counted), the last of these, and the one behind them."""
    count, last = 1, first
    while (following := after(last)) is not None and following <= now and count < most:
        count, last = count + 1, following
    return count, last, after(max(last, now))


@lru_cache(512)
def parse(text: str) -> Schedule:
    """Read an expression. Raises InvalidSchedule."""
    if text.startswith("rate("):
        return _rate(text)
    if text.startswith("cron("):
        return _cron(text)
    raise InvalidSchedule("A schedule is rate(...) or cron(...)", 0)


def _rate(text: str) -> Rate:
    match = _RATE.fullmatch(text)
    if match is None:
        raise InvalidSchedule("A rate reads rate(VALUE UNIT), with a unit of minutes, hours or days", len("rate("))
    value, unit = int(match[1]), match[2]
    if value == 0:
        raise InvalidSchedule("A rate's value is at least 1", match.start(1))
    if (value == 1) == bool(match[3]):
        wanted = unit if value == 1 else f"{unit}s"
        raise InvalidSchedule(f"A value of {value} goes with the unit {wanted}", match.start(2))
    seconds = value * _SECONDS[unit]
    if seconds > 365 * 86_400 * 100:
        raise InvalidSchedule("A rate is at most a hundred years", match.start(1))
    return Rate(seconds)


@dataclass(frozen=True)
class _Field:
    """One field of an expression: what it is called, its bounds, the names of its values."""

    name: str
    least: int
    most: int
    names: Mapping[str, int]


def _named(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names, 1)}


_MONTHS = _named(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"])
_WEEK = _named(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])
_FIELDS = (
    _Field("minutes", 0, 59, {}),
    _Field("hours", 0, 23, {}),
    _Field("day-of-month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 1, 7, _WEEK),
    _Field("year", *_YEARS, {}),
)


def _cron(text: str) -> Cron:
    if not text.endswith(")"):
        raise InvalidSchedule("The closing bracket is missing", len(text))
    words = [(match[0], match.start()) for match in re.compile(r"[^ ]+").finditer(text, len("cron("), len(text) - 1)]
    if len(words) != len(_FIELDS):
        names = " ".join(field.name for field in _FIELDS)
        raise InvalidSchedule(f"A cron expression has six fields ({names}), this one has {len(words)}", len("cron("))
    minutes, hours, day, month, week, year = (
        (field, word, at) for field, (word, at) in zip(_FIELDS, words, strict=True)
    )
    if (day[1] == "?") == (week[1] == "?"):
        raise InvalidSchedule("One of day-of-month and day-of-week must be ?, and not both", week[2])
    return Cron(
        tuple(sorted(_values(*minutes))),
        tuple(sorted(_values(*hours))),
        _days_of_month(*day) if week[1] == "?" else _days_of_week(*week),
        tuple(sorted(_values(*month))),
        tuple(sorted(_values(*year))),
    )


def _values(field: _Field, word: str, at: int) -> set[int]:
    found: set[int] = set()
    for element, place in _elements(word, at):
        found |= _range(field, element, place)
    return found


def _elements(word: str, at: int) -> list[tuple[str, int]]:
    found = []
    for element in word.split(","):
        if not element:
            raise InvalidSchedule("A list has a value on each side of its comma", at)
        found.append((element, at))
        at += len(element) + 1
    return found


def _range(field: _Field, element: str, at: int) -> set[int]:
    """`*`, `5`, `5-10`, each with `/step` behind it if one likes."""
    span, slash, step_text = element.partition("/")
    step = _step(step_text, at + len(span) + 1) if slash else 1
    if span == "*":
        return set(range(field.least, field.most + 1, step))
    low_text, dash, high_text = span.partition("-")
    low = _number(field, low_text, at)
    if dash:
        high = _number(field, high_text, at + len(low_text) + 1)
        if high < low:
            raise InvalidSchedule(f"The range {span} of {field.name} runs backwards", at)
    else:
        high = field.most if slash else low
    return set(range(low, high + 1, step))


def _step(text: str, at: int) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:4]) >= 1 and len(text) <= 4):
        raise InvalidSchedule("A step is a number from 1", at)
    return int(text)


def _number(field: _Field, text: str, at: int) -> int:
    known = field.names.get(text.upper())
    if known is not None:
        return known
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise InvalidSchedule(f"{text or 'Nothing'} is no value of {field.name}", at)
    value = int(text)
    if not field.least <= value <= field.most:
        raise InvalidSchedule(f"{field.name} goes from {field.least} to {field.most}", at)
    return value


# --- days of a month -------------------------------------------------------------------------------------------------


def _days_of_month(field: _Field, word: str, at: int) -> Days:
    return _either([_day_of_month(field, element, place) for element, place in _elements(word, at)])


def _day_of_month(field: _Field, element: str, at: int) -> Days:
    if element == "L":
        return lambda year, month: {_length(year, month)}
    if element == "LW":
        return lambda year, month: {_working(year, month, _length(year, month))}
    if element.endswith("W"):
        day = _number(field, element[:-1], at)
        return lambda year, month: {_working(year, month, day)} if day <= _length(year, month) else set()
    wanted = _range(field, element, at)
    return lambda year, month: {day for day in wanted if day <= _length(year, month)}


def _days_of_week(field: _Field, word: str, at: int) -> Days:
    return _either([_day_of_week(field, element, place) for element, place in _elements(word, at)])


def _day_of_week(field: _Field, element: str, at: int) -> Days:
    if element == "L":
        return lambda year, month: set(_all(year, month, {7}))
    if element.endswith("L"):
        last = _number(field, element[:-1], at)
        return lambda year, month: {_all(year, month, {last})[-1]}
    text, mark, place = element.partition("#")
    if mark:
        which = _number(field, text, at)
        if place not in tuple("12345"):
            raise InvalidSchedule("Behind # comes which of the month's, 1 to 5", at + len(text) + 1)
        nth = int(place) - 1
        return lambda year, month: set(_all(year, month, {which})[nth : nth + 1])
    wanted = _range(field, element, at)
    return lambda year, month: set(_all(year, month, wanted))


def _either(parts: Sequence[Days]) -> Days:
    return lambda year, month: {day for part in parts for day in part(year, month)}


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _all(year: int, month: int, wanted: set[int]) -> list[int]:
    """The days of a month that are such days of the week (1: Sunday)."""
    first = calendar.weekday(year, month, 1)  # 0: Monday
    return [day for day in range(1, _length(year, month) + 1) if (first + day) % 7 + 1 in wanted]


def _working(year: int, month: int, day: int) -> int:
    """The day itself from Monday to Friday, else the nearest such day of the same month."""
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < _length(year, month) else day - 2
    return day
