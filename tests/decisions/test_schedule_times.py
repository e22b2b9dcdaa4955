"""Slots of schedules: time zones, clocks that change, one-time schedules, windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from invocations.decisions.cron import InvalidSchedule
from invocations.decisions.schedule_times import Once, Timing, delay, read, upcoming, zone_named

NEW_YORK = "America/New_York"  # 2026: 8 March 02:00 -> 03:00, 1 November 02:00 -> 01:00


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def timing(expression: str, zone: str = "UTC", anchor: str = "2026-01-01T00:00", **dates: str) -> Timing:
    found = zone_named(zone)
    assert found is not None
    return Timing(read(expression), found, at(anchor), **{name: at(text) for name, text in dates.items()})


def slots(made: Timing, moment: str, most: int = 3) -> list[str]:
    return [f"{slot:%m-%dT%H:%M:%S}" for slot in upcoming(made, made.after(at(moment)), most)]


@pytest.mark.parametrize(
    ("expression", "zone", "moment", "expected"),
    [
        ("cron(0 8 * * ? *)", "UTC", "2026-03-07T00:00", ["03-07T08:00:00", "03-08T08:00:00", "03-09T08:00:00"]),
        ("cron(0 8 * * ? *)", NEW_YORK, "2026-03-07T00:00", ["03-07T13:00:00", "03-08T12:00:00", "03-09T12:00:00"]),
        # Spring: 02:30 of the 8th is no time.
        ("cron(30 2 * * ? *)", NEW_YORK, "2026-03-07T00:00", ["03-07T07:30:00", "03-09T06:30:00", "03-10T06:30:00"]),
        ("cron(0/30 * * * ? *)", NEW_YORK, "2026-03-08T06:10", ["03-08T06:30:00", "03-08T07:00:00", "03-08T07:30:00"]),
        # Autumn: 01:30 of the 1st comes twice, and the first of them fires.
        ("cron(30 1 * * ? *)", NEW_YORK, "2026-10-31T12:00", ["11-01T05:30:00", "11-02T06:30:00", "11-03T06:30:00"]),
        ("cron(0/30 * * * ? *)", NEW_YORK, "2026-11-01T05:10", ["11-01T05:30:00", "11-01T07:00:00", "11-01T07:30:00"]),
        ("cron(30 1 * * ? *)", NEW_YORK, "2026-11-01T06:00", ["11-02T06:30:00", "11-03T06:30:00", "11-04T06:30:00"]),
        # Half an hour's change, and a zone on the other side of the date line.
        ("cron(15 2 * * ? *)", "Australia/Lord_Howe", "2026-10-03T12:00",
         ["10-04T15:15:00", "10-05T15:15:00", "10-06T15:15:00"]),
        ("cron(0 0 1 * ? *)", "Pacific/Kiritimati", "2026-01-31T09:00",
         ["01-31T10:00:00", "02-28T10:00:00", "03-31T10:00:00"]),
        ("cron(0 0 1 1 ? 2026)", "UTC", "2026-01-01T00:00", []),
        ("at(2026-07-01T12:00:00)", "Europe/Vienna", "2026-01-01T00:00", ["07-01T10:00:00"]),
        ("at(2026-07-01T12:00:00)", "Europe/Vienna", "2026-07-01T10:00", []),
        ("at(2026-03-08T02:30:00)", NEW_YORK, "2026-01-01T00:00", ["03-08T07:30:00"]),  # in the gap: 03:30 there
        ("at(2026-11-01T01:30:00)", NEW_YORK, "2026-01-01T00:00", ["11-01T05:30:00"]),
        # A day of a rate is 24 hours, whatever clocks do.
        ("rate(1 day)", NEW_YORK, "2026-03-07T12:00", ["03-08T00:00:00", "03-09T00:00:00", "03-10T00:00:00"]),
        ("rate(90 minutes)", "UTC", "2026-01-01T01:00", ["01-01T01:30:00", "01-01T03:00:00", "01-01T04:30:00"]),
    ],
)  # fmt: skip
def test_slots(expression: str, zone: str, moment: str, expected: list[str]) -> None:
    assert slots(timing(expression, zone), moment) == expected


def test_the_two_dates_bound_a_recurring_schedule_and_are_slots_themselves() -> None:
    made = timing("cron(0 * * * ? *)", start="2026-01-02T05:00", end="2026-01-02T06:00")
    assert slots(made, "2026-01-01T00:00") == ["01-02T05:00:00", "01-02T06:00:00"]
    made = timing("rate(40 minutes)", start="2026-01-02T05:10", end="2026-01-02T06:00")
    assert slots(made, "2026-01-01T00:00") == ["01-02T05:10:00", "01-02T05:50:00"]


def test_the_two_dates_do_not_concern_a_one_time_schedule() -> None:
    made = timing("at(2026-01-05T00:00:00)", start="2026-02-01T00:00", end="2026-01-01T00:00")
    assert slots(made, "2026-01-01T00:00") == ["01-05T00:00:00"]


@pytest.mark.parametrize(
    ("expression", "anchor", "first"),
    [
        ("rate(5 minutes)", "2026-01-01T12:00", "2026-01-01T12:00"),  # begins now
        ("rate(5 minutes)", "2026-01-01T11:50", "2026-01-01T12:05"),  # goes on
        ("at(2026-01-01T12:00:00)", "2026-01-01T12:00", "2026-01-01T12:00"),
        ("cron(0 * * * ? *)", "2026-01-01T12:00", "2026-01-01T13:00"),
    ],
)
def test_where_a_schedule_begins(expression: str, anchor: str, first: str) -> None:
    assert timing(expression, anchor=anchor).first(at("2026-01-01T12:00")) == at(first)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "\0"])
def test_no_time_zone(name: str) -> None:
    assert zone_named(name) is None


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("every day", 0),
        ("at(2026-01-01)", 3),
        ("at(2026-02-30T00:00:00)", 3),
        ("at(2026-01-01T24:00:00)", 3),
        ("rate(0 minutes)", 5),
        ("rate(5 seconds)", 5),
        ("cron(0 8 * * * *)", 13),
        ("at(2026-01-01T00:00:00Z)", 3),
    ],
)
def test_no_expression(text: str, position: int) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        read(text)
    assert caught.value.position == position


def test_a_rate_s_unit_need_not_agree_with_its_number() -> None:
    assert read("rate(1 hours)") == read("rate(1 hour)")
    assert read("rate(5 minute)") == read("rate(5 minutes)")
    assert isinstance(read("at(2026-01-01T00:00:00)"), Once)


def test_a_window_holds_its_slots_spreads_them_and_says_the_same_twice() -> None:
    slot = at("2026-01-01T00:00")
    found = [delay("a", slot + timedelta(minutes=n), 15) for n in range(200)]
    assert all(timedelta(0) <= one < timedelta(minutes=15) for one in found)
    assert len(set(found)) > 100
    assert found == [delay("a", slot + timedelta(minutes=n), 15) for n in range(200)]
    assert found != [delay("b", slot + timedelta(minutes=n), 15) for n in range(200)]
    assert delay("a", slot, None) == timedelta(0)
