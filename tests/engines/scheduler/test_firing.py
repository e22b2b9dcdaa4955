"""Schedules on a clock that moves only when a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from invocations.engines.scheduler import firing, groups, schedules
from invocations.engines.scheduler.checking import ScheduleSpec
from invocations.models import MissedSlots, Schedule, ScheduleWatch
from invocations.values import Parcel
from tests.engines.events.conftest import QUEUE, SCOPE, posted
from tests.engines.hands import Hands, hands

__all__ = ["hands", "posted"]  # fixtures

ROLE = "arn:aws:iam::000000000000:role/any"
TIME = "<aws.scheduler.scheduled-time>"


def spec(expression: str = "cron(0/5 * * * ? *)", name: str = "tick", **more: Any) -> ScheduleSpec:
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": TIME, **more.pop("target", {})}
    return ScheduleSpec(name, expression, target, **more)


def made(expression: str = "cron(0/5 * * * ? *)", name: str = "tick", **more: Any) -> Schedule:
    return schedules.create(SCOPE, "default", spec(expression, name, **more))


def times(found: list[Parcel]) -> list[str]:
    return [parcel.body.decode() for parcel in found]


def test_an_advance_of_an_hour_fires_every_slot_once_in_order_each_with_its_own_time(
    hands: Hands, posted: list[Parcel]
) -> None:
    row = made()
    assert firing.fire_due() == 0
    hands.advance(hours=1)
    assert firing.fire_due() == 12
    assert times(posted) == [f"2026-01-31T12:{minute:02}:00Z" for minute in range(5, 60, 5)] + ["2026-01-31T13:00:00Z"]
    assert firing.fire_due() == 0
    assert len({parcel.key for parcel in posted}) == 12
    assert {parcel.source_arn for parcel in posted} == {row.arn}
    assert firing.next_due() == datetime(2026, 1, 31, 13, 5, tzinfo=UTC)


def test_a_rate_begins_at_once_and_goes_on_from_there(hands: Hands, posted: list[Parcel]) -> None:
    made("rate(5 minutes)")
    assert firing.fire_due() == 1
    hands.advance(minutes=11)
    assert firing.fire_due() == 2
    assert times(posted) == ["2026-01-31T12:00:30Z", "2026-01-31T12:05:30Z", "2026-01-31T12:10:30Z"]


def test_what_a_parcel_says(hands: Hands, posted: list[Parcel]) -> None:
    more = {
        "RetryPolicy": {"MaximumRetryAttempts": 0},
        "DeadLetterConfig": {"Arn": f"{QUEUE}-dead"},
        "SqsParameters": {"MessageGroupId": "g"},
    }
    row = made("rate(1 minute)", target=more)
    firing.fire_due()
    (parcel,) = posted
    assert (parcel.kind, parcel.target, parcel.principal) == ("schedule", QUEUE, "")
    assert (parcel.max_tries, parcel.max_age_seconds) == (1, 86_400)
    assert (parcel.dead_letter_arn, dict(parcel.options)) == (f"{QUEUE}-dead", {"group": "g"})
    told = {name: one["value"] for name, one in parcel.dead_letter_attributes.items()}
    assert (told["SCHEDULE_ARN"], told["TARGET_ARN"]) == (row.arn, QUEUE)
    assert (told["SCHEDULED_TIME"], told["IS_PAYLOAD_TRUNCATED"]) == ("2026-01-31T12:00:30Z", "false")


def test_a_slot_that_another_sweeper_took_is_left_alone(hands: Hands, posted: list[Parcel]) -> None:
    row = made()
    hands.advance(minutes=5)
    seen = Schedule.objects.select_related("group").get(pk=row.pk)  # what a second beat has read
    assert firing.fire_due() == 1
    assert firing._fire(seen) is False
    assert len(posted) == 1


def test_one_sweeper_at_a_time_fires_until_its_lease_ends(hands: Hands, posted: list[Parcel]) -> None:
    made()
    hands.advance(minutes=5)
    assert firing.TIMETABLE.lease()  # somebody is at it, and dies
    assert firing.fire_due() == 0
    ScheduleWatch.objects.update(lease_until=datetime(2026, 1, 1, tzinfo=UTC))
    assert firing.fire_due() == 1


def test_a_changed_schedule_is_not_fired_as_it_was(hands: Hands, posted: list[Parcel]) -> None:
    row = made()
    hands.advance(minutes=5)
    seen = Schedule.objects.select_related("group").get(pk=row.pk)
    schedules.update(SCOPE, "default", spec("cron(7 * * * ? *)"))
    assert firing._fire(seen) is False
    assert posted == []
    hands.advance(minutes=5)
    firing.fire_due()
    assert times(posted) == ["2026-01-31T12:07:00Z"]


def test_an_update_leaves_a_rate_s_rhythm_unless_it_is_another(hands: Hands, posted: list[Parcel]) -> None:
    made("rate(5 minutes)")
    firing.fire_due()
    hands.advance(minutes=2)
    schedules.update(SCOPE, "default", spec("rate(5 minutes)", description="d"))
    assert firing.next_due() == datetime(2026, 1, 31, 12, 5, 30, tzinfo=UTC)
    schedules.update(SCOPE, "default", spec("rate(6 minutes)"))
    assert firing.next_due() == hands.product


def test_a_flexible_window_is_kept_and_the_slot_is_told(hands: Hands, posted: list[Parcel]) -> None:
    row = made("cron(0 * * * ? *)", window_minutes=30)
    assert row.slot_at is not None and row.next_at is not None
    assert row.slot_at == datetime(2026, 1, 31, 13, 0, tzinfo=UTC)
    late = row.next_at - row.slot_at
    assert timedelta(0) < late < timedelta(minutes=30)
    hands.product = row.next_at - timedelta(seconds=1)
    assert firing.fire_due() == 0
    hands.advance(seconds=1)
    assert firing.fire_due() == 1
    assert times(posted) == ["2026-01-31T13:00:00Z"]


def test_windows_longer_than_the_interval_lose_and_double_nothing(hands: Hands, posted: list[Parcel]) -> None:
    made("rate(1 minute)", window_minutes=15)
    for _ in range(120):
        hands.advance(seconds=30)
        firing.fire_due()
    hands.advance(minutes=15)
    schedules.switch(Schedule.objects.select_related("group").get(), Schedule.State.DISABLED)
    found = times(posted)
    assert found == sorted(set(found))
    assert 45 <= len(found) <= 61


def test_slots_that_passed_while_nobody_was_there_are_listed_and_not_fired(hands: Hands, posted: list[Parcel]) -> None:
    made()
    made("at(2026-01-31T12:30:00)", "once", completion="DELETE")
    firing.fire_due()
    hands.sleep(hours=1)  # nobody looks
    assert firing.fire_due() == 0
    missed = {row.schedule.name: row for row in MissedSlots.objects.select_related("schedule")}
    assert {name: (row.count, row.first_at.minute, row.last_at.minute) for name, row in missed.items()} == {
        "tick": (12, 5, 0),
        "once": (1, 30, 30),
    }
    hands.advance(minutes=5)
    assert firing.fire_due() == 1
    assert times(posted) == ["2026-01-31T13:05:00Z"]


def test_a_completed_schedule_is_deleted_when_it_asks_for_that(hands: Hands, posted: list[Parcel]) -> None:
    made("at(2026-01-31T12:10:00)", "gone", completion="DELETE")
    made("at(2026-01-31T12:10:00)", "kept")
    end = hands.product + timedelta(minutes=7)
    made("rate(5 minutes)", "ended", completion="DELETE", end_at=end)
    hands.advance(minutes=6)
    firing.fire_due()
    assert Schedule.objects.count() == 2
    hands.advance(minutes=6)
    firing.fire_due()
    assert [row.name for row in Schedule.objects.all()] == ["kept"]
    assert len(posted) == 4
    assert firing.next_due() is None


def test_a_one_time_schedule_of_the_past_never_fires_and_stays(hands: Hands, posted: list[Parcel]) -> None:
    made("at(2026-01-31T12:00:29)", completion="DELETE")
    hands.advance(days=1)
    assert firing.fire_due() == 0
    assert Schedule.objects.count() == 1


def test_a_disabled_schedule_fires_by_hand_only(hands: Hands, posted: list[Parcel]) -> None:
    row = made(state="DISABLED")
    hands.advance(hours=1)
    assert (firing.fire_due(), firing.next_due()) == (0, None)
    firing.fire_now(row)
    assert times(posted) == ["2026-01-31T13:00:30Z"]


def test_a_slot_whose_parcel_was_not_accepted_is_fired_again(
    hands: Hands, posted: list[Parcel], monkeypatch: pytest.MonkeyPatch
) -> None:
    made("at(2026-01-31T12:05:00)", completion="DELETE")
    hands.advance(minutes=5)

    def fail(_: object) -> None:
        raise RuntimeError("no outbox")

    with monkeypatch.context() as broken:
        broken.setattr("invocations.outlet.post", fail)
        with pytest.raises(RuntimeError):
            firing.fire_due()
    assert Schedule.objects.count() == 1
    assert firing.fire_due() == 1
    assert Schedule.objects.count() == 0


def test_a_deleted_group_takes_its_schedules_along(hands: Hands, posted: list[Parcel]) -> None:
    groups.create(SCOPE, "night")
    schedules.create(SCOPE, "night", spec("rate(1 minute)"))
    groups.delete(SCOPE, "night")
    assert firing.fire_due() == 0
    assert Schedule.objects.count() == 0
