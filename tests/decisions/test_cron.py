"""AWS's schedule expressions: what they mean, what is wrong with the others, and where."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invocations.decisions.cron import InvalidSchedule, firings, parse

START = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)  # a Saturday


def next_of(text: str, most: int = 3, start: datetime = START) -> list[str]:
    return [f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00") for moment in firings(parse(text), start, most)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(1 minute)", ["2026-01-31 12:01:30", "2026-01-31 12:02:30"]),
        ("rate(5 minutes)", ["2026-01-31 12:05:30", "2026-01-31 12:10:30"]),
        ("rate(1 hour)", ["2026-01-31 13:00:30", "2026-01-31 14:00:30"]),
        ("rate(7 days)", ["2026-02-07 12:00:30", "2026-02-14 12:00:30"]),
        ("cron(* * * * ? *)", ["2026-01-31 12:01", "2026-01-31 12:02"]),
        ("cron(0 10 * * ? *)", ["2026-02-01 10:00", "2026-02-02 10:00"]),
        ("cron(15 12 * * ? *)", ["2026-01-31 12:15", "2026-02-01 12:15"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-02-02 00:00", "2026-02-02 00:10"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-02-02 08:00", "2026-02-02 08:05"]),
        ("cron(0 18 ? * 2,mon,THU *)", ["2026-02-02 18:00", "2026-02-05 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-02-01 08:00", "2026-03-01 08:00"]),
        ("cron(0 0 L * ? *)", ["2026-02-28 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 31 * ? *)", ["2026-03-31 00:00", "2026-05-31 00:00"]),
        ("cron(0 0 29 FEB ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 9 1W * ? *)", ["2026-02-02 09:00", "2026-03-02 09:00"]),  # both firsts are Sundays
        ("cron(0 9 31W * ? *)", ["2026-03-31 09:00", "2026-05-29 09:00"]),  # the 31st of May is a Sunday
        ("cron(0 9 LW * ? *)", ["2026-02-27 09:00", "2026-03-31 09:00"]),
        ("cron(0 9 ? * 6L *)", ["2026-02-27 09:00", "2026-03-27 09:00"]),  # the last Friday
        ("cron(0 9 ? * L *)", ["2026-02-07 09:00", "2026-02-14 09:00"]),  # Saturdays
        ("cron(0 9 ? * 3#2 *)", ["2026-02-10 09:00", "2026-03-10 09:00"]),  # the second Tuesday
        ("cron(0 9 ? * TUE#5 *)", ["2026-03-31 09:00", "2026-06-30 09:00"]),
        ("cron(0 9 1,15,L 2/5 ? *)", ["2026-02-01 09:00", "2026-02-15 09:00", "2026-02-28 09:00"]),
        ("cron(30 23 ? DEC SUN-SAT/6 2026-2027)", ["2026-12-05 23:30", "2026-12-06 23:30"]),
        ("cron(59 23 31 12 ? 2199)", ["2199-12-31 23:59"]),
        ("cron(0 0 1 1 ? 2025)", []),
        ("cron(0 0 30 2 ? *)", []),
        ("cron( 0  10 * * ?  * )", ["2026-02-01 10:00"]),
    ],
)
def test_when_it_fires(text: str, expected: list[str]) -> None:
    assert next_of(text, len(expected) or 1) == expected


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "rate(...) or cron(...)"),
        ("every day", 0, "rate(...) or cron(...)"),
        ("rate(1 minutes)", 7, "the unit minute"),
        ("rate(5 minute)", 7, "the unit minutes"),
        ("rate(0 minutes)", 5, "at least 1"),
        ("rate(30 seconds)", 5, "minutes, hours or days"),
        ("rate(-1 minute)", 5, "VALUE UNIT"),
        ("rate(999999999 days)", 5, "hundred years"),
        ("cron(0 10 * * ? *", 17, "closing bracket"),
        ("cron(0 10 * * ?)", 5, "this one has 5"),
        ("cron(0 10 * * * *)", 14, "must be ?"),
        ("cron(0 10 ? * ? *)", 14, "must be ?"),
        ("cron(60 10 * * ? *)", 5, "from 0 to 59"),
        ("cron(0 24 * * ? *)", 7, "from 0 to 23"),
        ("cron(0 10 32 * ? *)", 10, "from 1 to 31"),
        ("cron(0 10 * 13 ? *)", 12, "from 1 to 12"),
        ("cron(0 10 ? * 0 *)", 14, "from 1 to 7"),
        ("cron(0 10 ? * MOO *)", 14, "MOO is no value of day-of-week"),
        ("cron(0 10 * * ? 1969)", 16, "from 1970 to 2199"),
        ("cron(0 17-9 * * ? *)", 7, "backwards"),
        ("cron(0,,1 10 * * ? *)", 7, "comma"),
        ("cron(0/0 10 * * ? *)", 7, "A step"),
        ("cron(0/x 10 * * ? *)", 7, "A step"),
        ("cron(? 10 * * ? *)", 5, "? is no value of minutes"),
        ("cron(L 10 * * ? *)", 5, "L is no value of minutes"),
        ("cron(0 10 ? * 3#6 *)", 16, "1 to 5"),
        ("cron(0 10 1,?W * ? *)", 12, "? is no value of day-of-month"),
        ("cron(0 10 W * ? *)", 10, "Nothing is no value of day-of-month"),
        ("cron(0 10 1- * ? *)", 12, "Nothing is no value of day-of-month"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, position: int, reason: str) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        parse(text)
    assert caught.value.position == position
    assert reason in caught.value.reason
    assert str(caught.value).endswith(f"(at character {position + 1})")


@given(st.text(alphabet="cronrate()*?/,-LW# 0123456789MONsd", max_size=40))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    for whole in (text, f"cron({text})", f"rate({text})"):
        try:
            parse(whole)
        except InvalidSchedule as error:
            assert 0 <= error.position <= len(whole)


some_minutes = st.sampled_from(["*", "0", "59", "0/7", "3-9", "1,58"])
some_hours = st.sampled_from(["*", "0", "23", "0/5", "8-10"])
some_days = st.sampled_from(
    [
        ("*", "?"),
        ("28", "?"),
        ("L", "?"),
        ("15W", "?"),
        ("1W", "?"),
        ("?", "2-4"),
        ("?", "6L"),
        ("?", "1#4"),
        ("?", "L"),
    ]
)
some_months = st.sampled_from(["*", "2", "1-3", "NOV,DEC"])
moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)).map(lambda naive: naive.replace(tzinfo=UTC))


def day_fits(moment: datetime, day: str, week: str) -> bool:
    """The same question, asked of one day and answered the long way round."""
    length = calendar.monthrange(moment.year, moment.month)[1]
    sunday_first = moment.isoweekday() % 7 + 1
    if week == "?":
        if day.endswith("W"):
            wanted = int(day[:-1])
            month = [moment.replace(day=number) for number in range(1, length + 1)]
            working = [one for one in month if one.isoweekday() < 6]
            nearest = min(working, key=lambda one: (abs(one.day - wanted), one.isoweekday() == 1))
            return moment.day == nearest.day
        return day == "*" or moment.day == (length if day == "L" else int(day))
    if week == "6L":
        return sunday_first == 6 and moment.day + 7 > length
    if week == "1#4":
        return sunday_first == 1 and 21 < moment.day <= 28
    return sunday_first == 7 if week == "L" else 2 <= sunday_first <= 4


@settings(max_examples=30, deadline=None)
@given(some_minutes, some_hours, some_days, some_months, moments)
def test_nothing_fires_between_now_and_the_next_firing(
    minutes: str, hours: str, days: tuple[str, str], months: str, now: datetime
) -> None:
    whole = parse(f"cron({minutes} {hours} {days[0]} {months} {days[1]} *)")
    found = whole.after(now)
    assert found is not None
    assert found > now
    assert day_fits(found, *days)
    every_minute = parse(f"cron(* * * {months} ? *)")
    earlier = now
    for _ in range(60):  # minutes just before it, and those right behind now
        step = every_minute.after(earlier)
        if step is None or step >= found:
            break
        assert not (fits_time(step, minutes, hours) and day_fits(step, *days))
        earlier = step
    day = now + timedelta(days=1)
    while day.date() < found.date():
        if (months == "*" or day.month in _MONTHS_OF[months]) and day_fits(day, *days):
            raise AssertionError(f"{day:%Y-%m-%d} was left out")
        day += timedelta(days=1)


_MONTHS_OF = {"2": {2}, "1-3": {1, 2, 3}, "NOV,DEC": {11, 12}}
_MINUTES_OF = {
    "*": set(range(60)),
    "0": {0},
    "59": {59},
    "0/7": set(range(0, 60, 7)),
    "3-9": set(range(3, 10)),
    "1,58": {1, 58},
}
_HOURS_OF = {"*": set(range(24)), "0": {0}, "23": {23}, "0/5": set(range(0, 24, 5)), "8-10": {8, 9, 10}}


def fits_time(moment: datetime, minutes: str, hours: str) -> bool:
    return moment.minute in _MINUTES_OF[minutes] and moment.hour in _HOURS_OF[hours]
