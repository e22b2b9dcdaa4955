"""Scheduled rules on a clock that moves only when a test moves it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from invocations.engines.events import rules, scheduling
from invocations.engines.events.errors import InvalidRequest
from invocations.models import BusEvent, MissedFirings, Rule, ScheduleWatch
from invocations.values import Parcel
from tests.engines.events.conftest import DEFAULT, FUNCTION, aim, put, rule
from tests.engines.hands import Hands, hands

__all__ = ["hands"]  # a fixture


def scheduled(text: str = "cron(0/5 * * * ? *)", name: str = "tick") -> Rule:
    made = rule(name=name, pattern="", schedule=text)
    aim(made, FUNCTION)
    return made


def times(posted: list[Parcel]) -> list[str]:
    return [json.loads(parcel.body)["time"] for parcel in posted]


def test_an_advance_of_an_hour_fires_a_cron_of_five_minutes_twelve_times_in_order(
    hands: Hands, posted: list[Parcel]
) -> None:
    made = scheduled()
    assert scheduling.fire_due() == 0
    hands.advance(hours=1)
    assert scheduling.fire_due() == 12
    assert times(posted) == [f"2026-01-31T12:{minute:02}:00Z" for minute in range(5, 60, 5)] + ["2026-01-31T13:00:00Z"]
    assert scheduling.fire_due() == 0
    assert len({parcel.key for parcel in posted}) == 12
    event = json.loads(posted[0].body)
    assert event == {
        "version": "0",
        "id": event["id"],
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-01-31T12:05:00Z",
        "region": "us-east-1",
        "resources": [made.arn],
        "detail": {},
    }


def test_a_rate_fires_one_interval_after_it_was_put_and_so_on(hands: Hands, posted: list[Parcel]) -> None:
    scheduled("rate(5 minutes)")
    hands.advance(minutes=4, seconds=59)
    assert scheduling.fire_due() == 0
    hands.advance(seconds=1)
    assert scheduling.fire_due() == 1
    hands.advance(minutes=10)
    scheduling.fire_due()
    assert times(posted) == ["2026-01-31T12:05:30Z", "2026-01-31T12:10:30Z", "2026-01-31T12:15:30Z"]
    assert scheduling.next_due() == datetime(2026, 1, 31, 12, 20, 30, tzinfo=UTC)


def test_two_schedules_fire_in_the_order_of_their_slots(hands: Hands, posted: list[Parcel]) -> None:
    scheduled("rate(2 minutes)", "two")
    scheduled("rate(3 minutes)", "three")
    hands.advance(minutes=6)
    scheduling.fire_due()
    names = [parcel.source_arn.rpartition("/")[2] for parcel in posted]
    assert names == ["two", "three", "two", "two", "three"]


def test_many_slots_are_fired_in_rounds(hands: Hands, posted: list[Parcel]) -> None:
    scheduled("rate(1 minute)")
    hands.advance(minutes=10)
    assert [scheduling.fire_due(4) for _ in range(3)] == [4, 4, 2]


def test_a_slot_that_another_sweeper_took_is_left_alone(
    hands: Hands, posted: list[Parcel], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scheduled()
    hands.advance(minutes=5)
    seen = Rule.objects.select_related("bus").get(pk=made.pk)  # what a second beat has read
    assert scheduling.fire_due() == 1
    assert scheduling._fire(seen) is False
    assert len(posted) == BusEvent.objects.count() == 1


def test_one_sweeper_at_a_time_fires_until_its_lease_ends(hands: Hands, posted: list[Parcel]) -> None:
    scheduled()
    scheduling.fire_due()
    hands.advance(minutes=5)
    assert scheduling.TIMETABLE.lease()  # somebody is at it, and dies
    assert scheduling.fire_due() == 0
    ScheduleWatch.objects.update(lease_until=datetime(2026, 1, 1, tzinfo=UTC))
    assert scheduling.fire_due() == 1
    assert ScheduleWatch.objects.get().lease_until is None


def test_a_slot_whose_parcels_were_not_accepted_is_fired_again(
    hands: Hands, posted: list[Parcel], monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduled()
    hands.advance(minutes=5)

    def fail(_: object) -> None:
        raise RuntimeError("no outbox")

    with monkeypatch.context() as broken:
        broken.setattr("invocations.outlet.post", fail)
        with pytest.raises(RuntimeError):
            scheduling.fire_due()
    assert scheduling.fire_due() == 1
    assert times(posted) == ["2026-01-31T12:05:00Z"]


def test_slots_that_passed_while_nobody_was_there_are_listed_and_not_fired(hands: Hands, posted: list[Parcel]) -> None:
    scheduled()
    scheduled("rate(7 minutes)", "seven")
    scheduling.fire_due()
    hands.sleep(hours=1)  # nobody looks
    assert scheduling.fire_due() == 0
    missed = {row.rule.name: row for row in MissedFirings.objects.select_related("rule")}
    assert {name: (row.count, row.first_at.minute, row.last_at.minute) for name, row in missed.items()} == {
        "tick": (12, 5, 0),
        "seven": (8, 7, 56),
    }
    hands.sleep(seconds=1)
    hands.advance(minutes=5)
    assert scheduling.fire_due() == 2
    assert times(posted) == ["2026-01-31T13:03:30Z", "2026-01-31T13:05:00Z"]
    assert MissedFirings.objects.count() == 2


def test_a_short_pause_is_made_up_for(hands: Hands, posted: list[Parcel]) -> None:
    scheduled("rate(1 minute)")
    for _ in range(8):
        hands.sleep(seconds=25)  # a restart
        scheduling.fire_due()
    assert len(posted) == 3
    assert MissedFirings.objects.count() == 0


def test_the_first_schedule_after_a_long_time_without_any_misses_nothing(hands: Hands, posted: list[Parcel]) -> None:
    scheduled("rate(1 minute)")
    scheduling.fire_due()
    rules.switch(DEFAULT, "tick", Rule.State.DISABLED)
    hands.sleep(days=1)
    scheduling.fire_due()
    rules.switch(DEFAULT, "tick", Rule.State.ENABLED)
    hands.advance(minutes=1)
    assert scheduling.fire_due() == 1
    assert MissedFirings.objects.count() == 0


def test_a_disabled_schedule_fires_nothing_and_begins_anew(hands: Hands, posted: list[Parcel]) -> None:
    scheduled("rate(5 minutes)")
    rules.switch(DEFAULT, "tick", Rule.State.DISABLED)
    hands.advance(hours=1)
    assert (scheduling.fire_due(), scheduling.next_due()) == (0, None)
    rules.switch(DEFAULT, "tick", Rule.State.ENABLED)
    rules.switch(DEFAULT, "tick", Rule.State.ENABLED)  # changes nothing
    assert scheduling.next_due() == hands.product + timedelta(minutes=5)


def test_a_schedule_that_is_over_has_no_next_slot(hands: Hands, posted: list[Parcel]) -> None:
    scheduled("cron(1 12 31 1 ? 2026)")
    hands.advance(days=1)
    assert scheduling.fire_due() == 1
    assert scheduling.next_due() is None


def test_a_rule_may_have_both_a_pattern_and_a_schedule(hands: Hands, posted: list[Parcel]) -> None:
    made = rule(schedule="rate(1 minute)")
    aim(made, FUNCTION)
    rule(name="all", pattern='{"source": [{"prefix": ""}]}')
    put()
    hands.advance(minutes=1)
    scheduling.fire_due()
    assert [json.loads(parcel.body)["source"] for parcel in posted] == ["shop", "aws.events"]
    slot = BusEvent.objects.order_by("-pk")[0]
    assert [one["rule"] for one in slot.matched] == ["orders"]  # other rules do not see it


def test_firing_by_hand_leaves_the_slots_alone(hands: Hands, posted: list[Parcel]) -> None:
    made = scheduled()
    scheduling.fire_now(made)
    assert times(posted) == ["2026-01-31T12:00:30Z"]
    assert scheduling.next_due() == datetime(2026, 1, 31, 12, 5, tzinfo=UTC)


def test_an_invalid_expression_is_refused_as_aws_does(posted: list[Parcel]) -> None:
    for text in ("rate(1 minutes)", "cron(0 10 * * * *)", "every day", "rate(30 seconds)"):
        with pytest.raises(InvalidRequest) as caught:
            scheduled(text)
        assert caught.value.message == "Parameter ScheduleExpression is not valid."
    assert Rule.objects.count() == 0
