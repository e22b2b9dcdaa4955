from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.decisions.product_time import (
    FOLLOW_SECONDS,
    FROZEN,
    HORIZON,
    REAL,
    SCALED,
    BadSteering,
    Steering,
    initial,
    span_seconds,
    steer,
    unsteered,
)

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SLACK = timedelta(seconds=FOLLOW_SECONDS)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def shown(steering: Steering, seconds: float) -> float:
    """Product time, in seconds since START, at a moment of real time so many seconds after START."""
    return (steering.at(after(seconds)) - START).total_seconds()


@pytest.mark.parametrize(
    ("setting", "ten_seconds_later"),
    [("real", 10), ("frozen", 0), ("x60", 600), ("x1", 10), ("x0.5", 5), ("x100000", 1_000_000)],
)
def test_the_setting_gives_the_first_mode(setting: str, ten_seconds_later: float) -> None:
    assert shown(initial(setting, START), 10) == ten_seconds_later


@pytest.mark.parametrize("setting", ["", "Real", "60", "x", "x0", "x-1", "xnan", "xinf", "x100001", "x6O", "scaled"])
def test_a_setting_that_is_no_clock_is_refused(setting: str) -> None:
    with pytest.raises(BadSteering):
        initial(setting, START)


@pytest.mark.parametrize(("mode", "then"), [(REAL, 1010), (SCALED, 1600), (FROZEN, 1000)])
def test_an_advance_moves_every_mode_and_lasts(mode: str, then: float) -> None:
    steering = steer(steer(unsteered(START), START, mode, 60, 0), START, None, None, 1000)
    slack = FOLLOW_SECONDS if mode == FROZEN else 0
    assert shown(steering, 10) == pytest.approx(then + slack)


@pytest.mark.parametrize("mode", [REAL, SCALED, FROZEN])
def test_back_in_real_time_the_clock_keeps_what_it_was_advanced_by(mode: str) -> None:
    steering = steer(unsteered(START), START, mode, 0.5, 3600)
    back = steer(steering, after(100), REAL, None, 0)
    assert shown(back, 500) == pytest.approx(500 + 3600, abs=FOLLOW_SECONDS)


def test_back_in_real_time_a_clock_that_ran_ahead_does_not_run_back() -> None:
    fast = steer(unsteered(START), START, SCALED, 60, 0)
    back = steer(fast, after(10), REAL, None, 0)
    assert shown(back, 10) == pytest.approx(600 + 60 * FOLLOW_SECONDS)
    assert shown(back, 20) - shown(back, 10) == pytest.approx(10)


def test_back_in_real_time_a_clock_that_stood_still_catches_up() -> None:
    still = steer(unsteered(START), START, FROZEN, None, 0)
    back = steer(still, after(3600), REAL, None, 0)
    assert back.is_plain
    assert shown(back, 3600) == 3600


def test_a_slower_clock_starts_where_the_latest_process_may_be() -> None:
    """Another process goes on at the old slope until it follows; what it shows then must not be taken back."""
    fast = steer(unsteered(START), START, SCALED, 60, 0)
    still = steer(fast, after(10), FROZEN, None, 0)
    assert still.at(after(10)) >= fast.at(after(10 + FOLLOW_SECONDS))


def test_a_changed_factor_goes_on_from_where_time_is() -> None:
    slow = steer(unsteered(START), START, SCALED, 2, 0)
    fast = steer(slow, after(10), None, 100, 0)
    assert shown(fast, 10) == pytest.approx(20)
    assert shown(fast, 11) == pytest.approx(120)


def test_a_factor_alone_is_remembered_for_the_next_scaled_time() -> None:
    remembered = steer(unsteered(START), START, None, 7, 0)
    assert (remembered.mode, shown(remembered, 10)) == (REAL, 10)
    assert shown(steer(remembered, START, SCALED, None, 0), 10) == pytest.approx(70)


def test_mode_and_advance_in_one_step() -> None:
    steering = steer(unsteered(START), START, FROZEN, None, 60)
    assert shown(steering, 1000) == pytest.approx(60 + FOLLOW_SECONDS)


def test_a_wall_clock_that_was_set_back_stops_scaled_time_and_does_not_turn_it() -> None:
    fast = steer(unsteered(START), START, SCALED, 60, 0)
    assert shown(fast, -5) == 0


@pytest.mark.parametrize(
    ("mode", "factor", "advance"),
    [
        ("REAL", None, 0),
        ("", None, 0),
        (3, None, 0),
        (None, 0, 0),
        (None, -1, 0),
        (None, float("nan"), 0),
        (None, float("inf"), 0),
        (None, True, 0),
        (None, "60", 0),
        (None, 10**400, 0),
        (None, None, -0.001),
        (None, None, True),
        (None, None, "5"),
        (None, None, float("nan")),
        (None, None, 1e12),
        (None, None, 10**400),
    ],
)
def test_what_makes_no_clock_is_refused_with_a_sentence(mode: object, factor: object, advance: object) -> None:
    with pytest.raises(BadSteering) as caught:
        steer(unsteered(START), START, mode, factor, advance)  # type: ignore[arg-type]
    assert str(caught.value).endswith(".")


def test_the_clock_does_not_leave_the_calendar() -> None:
    fast = steer(unsteered(START), START, SCALED, 100_000, 0)
    assert fast.at(START + timedelta(days=365 * 900)) == HORIZON
    century = 100 * 366 * 86_400
    steering = unsteered(START)
    with pytest.raises(BadSteering, match="ends at 9000-01-01"):
        for _ in range(80):
            steering = steer(steering, START, None, None, century)


@pytest.mark.parametrize(
    ("mode", "until", "wait"),
    [(REAL, 90, 90), (SCALED, 90, 1.5), (FROZEN, 90, None), (REAL, 0, 0), (FROZEN, 0, 0), (SCALED, -9, 0)],
)
def test_how_long_a_product_wait_takes(mode: str, until: float, wait: float | None) -> None:
    steering = Steering(mode, 60, START, START)
    assert steering.real_wait(after(until), START) == wait


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("1.5", 1.5),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("2d", 172_800),
        ("1D12H", 129_600),
        ("5m3", 303),
    ],
)
def test_spans_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert span_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "-5", "h", "1x", "30m1h", "1h-5m", "1e3", "٣", "nan", "9" * 50])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadSteering):
        span_seconds(text)


_changes = st.lists(
    st.tuples(
        st.floats(0, 1000),  # real seconds since the change before
        st.sampled_from([None, REAL, SCALED, FROZEN]),
        st.none() | st.floats(0.01, 1000),
        st.floats(0, 10_000),
    ),
    max_size=12,
)


@given(_changes)
def test_whatever_is_changed_no_process_sees_time_run_back(
    changes: list[tuple[float, str | None, float | None, float]],
) -> None:
    """A process may hold the steering before a change for FOLLOW_SECONDS longer."""
    steering, real = unsteered(START), START
    for passed, mode, factor, advance in changes:
        real += timedelta(seconds=passed)
        late = steering.at(real + SLACK)
        changed = steer(steering, real, mode, factor, advance)
        assert changed.at(real) >= steering.at(real) + timedelta(seconds=advance)
        assert changed.at(real + SLACK) >= late
        assert changed.revision == steering.revision + 1
        steering = changed


@given(_changes)
def test_real_time_never_lags_behind_its_advances(changes: list[tuple[float, str | None, float | None, float]]) -> None:
    steering, real = unsteered(START), START
    for passed, mode, factor, advance in changes:
        real += timedelta(seconds=passed)
        steering = steer(steering, real, mode, factor, advance)
    advanced = sum(change[3] for change in changes)
    back = steer(steering, real, REAL, None, 0)
    assert (back.at(real) - real).total_seconds() >= advanced - 0.001
