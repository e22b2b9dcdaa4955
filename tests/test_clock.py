"""What one process shows, whatever happens to the row or to the database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from invocations import clock
from invocations.decisions.product_time import FROZEN, REAL, SCALED, Steering, steer, unsteered
from invocations.models import ClockState
from invocations.models.clock_state import read_committed

Told = Callable[[Steering | None], None]


@pytest.fixture
def told() -> Iterator[Told]:
    """Say what the row holds, without a database."""
    row: list[Steering | None] = [None]
    clock.follow(lambda: row[0])

    def tell(steering: Steering | None) -> None:
        row[0] = steering
        clock.refresh()

    yield tell
    clock.follow(read_committed)


def test_product_time_is_real_time_until_somebody_steers(told: Told) -> None:
    told(None)
    before, now, after = clock.real(), clock.now(), clock.real()
    assert before <= now <= after
    assert clock.real_wait(now + timedelta(seconds=30)) == pytest.approx(30, abs=1)


def test_a_change_of_the_row_is_followed(told: Told) -> None:
    told(steer(unsteered(clock.real()), clock.real(), FROZEN, None, 3600))
    now = clock.now()
    assert clock.now() == now
    assert clock.offset().total_seconds() == pytest.approx(3600, abs=2)
    assert clock.real_wait(now + timedelta(seconds=1)) is None


def test_an_older_row_is_not_believed(told: Told) -> None:
    first = steer(unsteered(clock.real()), clock.real(), FROZEN, None, 60)
    second = steer(first, clock.real(), None, None, 3600)
    told(second)
    now = clock.now()
    told(first)
    assert clock.now() == now


def test_a_process_that_learns_late_stands_still_rather_than_run_back(told: Told) -> None:
    """It ran sixty times as fast for a minute longer than the others."""
    past = clock.real() - timedelta(seconds=120)
    fast = steer(unsteered(past), past, SCALED, 60, 0)
    told(fast)
    shown = clock.now()
    told(steer(fast, past + timedelta(seconds=60), REAL, None, 0))
    assert shown <= clock.now() < shown + timedelta(seconds=60)
    assert clock.now() == clock.now()


def test_without_a_database_time_goes_on_as_last_steered(told: Told) -> None:
    def broken() -> Steering | None:
        raise DatabaseError("away")

    told(steer(unsteered(clock.real()), clock.real(), None, None, 3600))
    clock.follow(broken)
    before = clock.now()
    clock.refresh()
    assert before <= clock.now() < before + timedelta(seconds=60)
    assert clock.offset().total_seconds() == pytest.approx(3600, abs=1)


def test_a_fork_can_still_read_while_its_parent_was_reading(told: Told) -> None:
    told(None)
    with clock._follower.lock:
        pid = os.fork()
        if pid == 0:
            clock.refresh()
            os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


@pytest.mark.django_db(transaction=True)
def test_asking_the_time_leaves_a_transaction_alone() -> None:
    ClockState.objects.steer(clock.real(), None, None, 3600)
    with transaction.atomic():
        asked = len(connection.queries_log)
        clock.forget()
        assert clock.offset().total_seconds() == pytest.approx(3600, abs=1)
        assert len(connection.queries_log) == asked
        assert connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_asking_the_time_works_in_a_transaction_that_has_failed() -> None:
    ClockState.objects.steer(clock.real(), None, None, 3600)
    with transaction.atomic():
        transaction.set_rollback(True)
        clock.forget()
        assert clock.offset().total_seconds() == pytest.approx(3600, abs=1)


@pytest.mark.django_db(transaction=True)
def test_asking_again_and_again_reads_the_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    clock.follow(lambda: reads.append(1))
    try:
        for _ in range(10_000):
            clock.now()
    finally:
        clock.follow(read_committed)
    assert 1 <= len(reads) <= 3


def test_a_process_that_was_idle_while_time_ran_fast_does_not_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has shown nothing of that time, so it has nothing to keep."""
    began = datetime.now(UTC)
    rows = [Steering("scaled", 600.0, began, began, revision=1)]
    monkeypatch.setattr(clock._follower, "read", lambda: rows[-1])
    clock.refresh()
    shown = clock.now()
    a_minute_ago = began - timedelta(seconds=60)
    rows.append(Steering("scaled", 600.0, a_minute_ago, began, revision=2))  # ten hours ahead by now
    clock.refresh()
    rows.append(Steering("real", 600.0, began, began + timedelta(seconds=1), revision=3))
    clock.refresh()
    assert shown <= clock.now() < began + timedelta(minutes=5)
