from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from invocations import clock as product
from invocations.decisions.product_time import BadSteering
from invocations.flows import clock
from invocations.models import ClockState
from lambdaplay.db.pool import close_idle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "_callbacks", [])
    monkeypatch.setattr(clock, "_next_due", [])
    monkeypatch.setattr(clock, "_told", 0)
    yield
    close_idle()


def test_an_advance_is_in_force_when_it_is_answered() -> None:
    before = product.now()
    reading = clock.advance(3600)
    assert reading.now - before >= timedelta(seconds=3600)
    assert reading.offset_seconds == pytest.approx(3600, abs=1)
    assert product.now() >= reading.now


def test_concurrent_advances_all_count() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: clock.advance(10), range(40)))
    assert clock.state().offset_seconds == pytest.approx(400, abs=1)


def test_a_refused_change_changes_nothing() -> None:
    clock.set_mode("frozen", None, 60)
    before = ClockState.objects.steering()
    with pytest.raises(BadSteering):
        clock.set_mode("real", None, -1)
    assert ClockState.objects.steering() == before


def test_whoever_listens_hears_of_every_change_once() -> None:
    heard: list[float] = []
    clock.on_advance(lambda: heard.append(product.offset().total_seconds()))
    clock.advance(60)
    clock.state()
    clock.advance(60)
    assert heard == [pytest.approx(60, abs=1), pytest.approx(120, abs=1)]


def test_a_listener_that_breaks_does_not_keep_the_others_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    heard = threading.Event()

    def breaks() -> None:
        raise RuntimeError("broken")

    clock.on_advance(breaks)
    clock.on_advance(heard.set)
    clock.advance(0)
    assert heard.is_set()
    assert "did not" in caplog.text


def test_a_watcher_hears_what_another_process_did() -> None:
    heard, stop = threading.Event(), threading.Event()
    watcher = clock.start_watching(stop)
    clock.on_advance(heard.set)
    try:
        ClockState.objects.steer(product.real(), None, None, 3600)  # as another process does: nothing is told here
        assert heard.wait(1)
        assert product.offset().total_seconds() == pytest.approx(3600, abs=1)
    finally:
        stop.set()
        watcher.join()


def test_the_next_due_moment_is_the_earliest_of_all_that_wait() -> None:
    now = product.now()
    assert clock.next_due() is None
    clock.due_source(lambda: None)
    clock.due_source(lambda: now + timedelta(seconds=9))
    clock.due_source(lambda: now + timedelta(seconds=5))
    assert clock.next_due() == now + timedelta(seconds=5)


def test_the_setting_holds_until_the_clock_is_steered_by_hand() -> None:
    apply = ClockState.objects.apply_setting
    assert apply("x60", product.real()).mode == "scaled"
    clock.set_mode("frozen")
    assert apply("x60", product.real()).mode == "frozen", "a restart with the same setting keeps what was steered"
    assert apply("real", product.real()).mode == "real", "a changed setting is followed"


@pytest.mark.skipif("sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="about a missing table")
def test_before_the_tables_exist_time_is_real() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE invocations_clockstate RENAME TO hidden")
        try:
            product.refresh()
            assert abs(product.offset()) < timedelta(seconds=1)
        finally:
            cursor.execute("ALTER TABLE hidden RENAME TO invocations_clockstate")
