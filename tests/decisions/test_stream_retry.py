"""Retries of a stream's batches: the reference's examples as a table, and what must hold whatever the function does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.decisions.stream_retry import (
    Entry,
    Next,
    Policy,
    Span,
    after_failure,
    after_partial,
    after_success,
    back_off,
    expired,
    wait_until,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def entries(*ids: int, age: float = 0) -> list[Entry]:
    return [Entry(str(number), NOW - timedelta(seconds=age)) for number in ids]


@pytest.mark.parametrize(
    ("spans", "policy", "expected"),
    [
        ((Span("8"),), Policy(), Next(0, (Span("8", 1),), wait_seconds=0.45)),
        ((Span("8", 2),), Policy(), Next(0, (Span("8", 3),), wait_seconds=1.8)),
        ((Span("8"),), Policy(max_retries=0), Next(8, (), 0.0, 8, "RetryAttemptsExhausted", 1)),
        ((Span("8", 1),), Policy(max_retries=1), Next(8, (), 0.0, 8, "RetryAttemptsExhausted", 2)),
        ((Span("8"),), Policy(bisect=True), Next(0, (Span("4"), Span("8")))),
        ((Span("8"), Span("9")), Policy(max_retries=0, bisect=True), Next(0, (Span("4"), Span("8"), Span("9")))),
    ],
)
def test_after_a_failure_of_eight_records(spans: tuple[Span, ...], policy: Policy, expected: Next) -> None:
    assert after_failure(entries(*range(1, 9)), spans, policy) == expected


def test_a_single_record_is_not_split() -> None:
    assert after_failure(entries(6), (Span("6"),), Policy(bisect=True)).spans == (Span("6", 1),)


@pytest.mark.parametrize(
    ("failed", "done", "spans"),
    [
        ({"5", "3"}, 2, (Span("6"),)),
        ({"6"}, 5, (Span("6"),)),
        ({"1"}, 0, (Span("6", 4),)),  # no progress: a failure like any other
    ],
)
def test_after_a_partial_failure(failed: set[str], done: int, spans: tuple[Span, ...]) -> None:
    decided = after_partial(entries(*range(1, 7)), (Span("6", 3),), frozenset(failed), Policy())
    assert (decided.done, decided.spans) == (done, spans)


def test_the_lowest_number_counts_not_the_first_text() -> None:
    assert after_partial(entries(9, 10), (Span("10"),), frozenset({"10", "9"}), Policy()).done == 0
    assert after_partial(entries(9, 10), (Span("10"),), frozenset({"10"}), Policy()).done == 1


def test_waits_double_to_a_minute() -> None:
    assert [back_off(calls) for calls in (1, 2, 3, 8, 9, 100)] == [0.45, 0.9, 1.8, 57.6, 60, 60]


@pytest.mark.parametrize(
    ("ages", "limit", "count"),
    [((70, 10), 60, 1), ((60, 10), 60, 0), ((70, 65), 60, 2), ((999999,), -1, 0), ((10, 70), 60, 0)],
)
def test_only_the_front_expires(ages: Sequence[float], limit: int, count: int) -> None:
    aged = [Entry(str(at), NOW - timedelta(seconds=age)) for at, age in enumerate(ages)]
    assert expired(aged, NOW, Policy(max_age_seconds=limit)) == count


def test_a_wait_ends_when_the_first_record_expires() -> None:
    young = Entry("1", NOW - timedelta(seconds=50))
    assert wait_until(NOW, 60, young, Policy()) == NOW + timedelta(seconds=60)
    assert wait_until(NOW, 60, young, Policy(max_age_seconds=60)) == NOW + timedelta(seconds=10, milliseconds=1)


# --- a poller that does as it is told ---------------------------------------------------------------------------------


class Poller:
    """Works through one batch the way flows/poll_stream.py does, with a function that refuses some records."""

    def __init__(self, count: int, poison: frozenset[str], policy: Policy, *, reports: bool) -> None:
        self.batch = [str(number) for number in range(1, count + 1)]
        self.poison, self.policy, self.reports = poison, policy, reports
        self.at = 0  # the checkpoint
        self.spans: tuple[Span, ...] = (Span(self.batch[-1]),)
        self.calls: list[list[str]] = []
        self.fates: dict[str, str] = {}

    def run(self) -> None:
        for _ in range(10_000):
            if not self.spans:
                return
            self.step()
        raise AssertionError("never done")

    def step(self) -> None:
        end = self.batch.index(self.spans[0].last) + 1
        called = self.batch[self.at : end]
        assert called, "a span without records"
        self.calls.append(called)
        here = [Entry(one, NOW) for one in called]
        bad = frozenset(called) & self.poison
        if not bad:
            decided = after_success(len(called), self.spans)
        elif self.reports:
            decided = after_partial(here, self.spans, bad, self.policy)
        else:
            decided = after_failure(here, self.spans, self.policy)
        given_up = called[decided.done - decided.given_up : decided.done]
        for one in called[: decided.done]:
            assert one not in self.fates, "finished twice"
            self.fates[one] = "given up" if one in given_up else "done"
        self.at += decided.done
        self.spans = decided.spans


batches = st.integers(1, 24).flatmap(
    lambda count: st.tuples(
        st.just(count), st.frozensets(st.integers(1, count).map(str), max_size=4), st.integers(0, 3), st.booleans()
    )
)


@given(batches)
def test_bisect_isolates_exactly_the_poison(made: tuple[int, frozenset[str], int, bool]) -> None:
    count, poison, retries, reports = made
    poller = Poller(count, poison, Policy(max_retries=retries, bisect=True), reports=reports)
    poller.run()
    assert {one for one, fate in poller.fates.items() if fate == "given up"} == poison
    for one in poison:
        assert poller.calls.count([one]) == retries + 1 or reports


@given(batches, st.booleans())
def test_nothing_is_skipped_and_order_is_kept(made: tuple[int, frozenset[str], int, bool], bisect: bool) -> None:
    count, poison, retries, reports = made
    poller = Poller(count, poison, Policy(max_retries=retries, bisect=bisect), reports=reports)
    poller.run()
    assert list(poller.fates) == poller.batch, "each record is finished, once, in the stream's order"
    for one, fate in poller.fates.items():
        if fate == "done":
            assert one not in poller.poison
    firsts = [int(called[0]) for called in poller.calls]
    assert firsts == sorted(firsts), "no call goes back behind the checkpoint"
