"""Waits between the tries of a delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from invocations.decisions.backoff import GIVE_UP, TOO_OFTEN, TOO_OLD, delay, exhausted, next_try

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tries", "seconds"), [(1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (11, 300), (5000, 300)]
)
def test_the_wait_doubles_from_a_second_to_five_minutes(tries: int, seconds: int) -> None:
    assert delay(tries, 0.0) == timedelta(seconds=seconds)
    assert timedelta(seconds=seconds * 0.8) < delay(tries, 0.999) < timedelta(seconds=seconds)


def test_tries_end_at_the_end_of_their_time_and_the_last_is_there() -> None:
    end = NOW + GIVE_UP
    assert next_try(1, NOW, end, 0.0) == NOW + timedelta(seconds=1)
    assert next_try(40, end - timedelta(seconds=100), end, 0.0) == end
    assert next_try(41, end, end, 0.0) is None
    assert next_try(41, end + timedelta(days=1), end, 0.0) is None


def test_six_hours_hold_about_eighty_tries() -> None:
    now, tries = NOW, 1
    while (later := next_try(tries, now, NOW + GIVE_UP, 0.0)) is not None:
        now, tries = later, tries + 1
    assert 75 < tries < 85


@pytest.mark.parametrize(("tries", "seconds"), [(1, 0), (2, 3), (3, 20), (4, 20), (50_000, 20)])
def test_waits_of_its_own_hold_on_with_the_last(tries: int, seconds: int) -> None:
    assert next_try(tries, NOW, NOW + GIVE_UP, 0.9, None, (0, 3, 20)) == NOW + timedelta(seconds=seconds)


def test_tries_may_be_counted() -> None:
    assert next_try(2, NOW, NOW + GIVE_UP, 0.0, 3) == NOW + timedelta(seconds=2)
    assert next_try(3, NOW, NOW + GIVE_UP, 0.0, 3) is None
    assert next_try(1, NOW, NOW + GIVE_UP, 0.0, 1) is None
    assert (exhausted(3, 3), exhausted(2, 3), exhausted(9, None)) == (TOO_OFTEN, TOO_OLD, TOO_OLD)
