"""A borrower goes on with what it kept, and never with what the host has taken back."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from invocations.errors import TooManyRequests
from invocations.runtime import client, lender
from invocations.values import EnvironmentSpec, Outcome
from tests.runtime.conftest import best
from tests.runtime.hosts import Host, until

COUNTS = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"
ENDS = "import os, threading\ndef handler(event, context):\n    threading.Timer(event, os._exit, [3]).start()\n"
SLEEPS = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 1\n"


class Other:
    """Another process's view: what this one keeps is out of its sight, and what it keeps itself is its own."""

    def __init__(self) -> None:
        self.kept: list[lender.Loan] = []

    def __enter__(self) -> None:
        self._swap()

    def __exit__(self, *_: object) -> None:
        self._swap()

    def _swap(self) -> None:
        mine = list(lender._kept)
        lender._kept.clear()
        lender._kept.extend(self.kept)
        self.kept = mine


def invocations(spec: EnvironmentSpec) -> list[int]:
    return [each.invocations for each in client.state().environments if each.function_arn.endswith(spec.function)]


@pytest.fixture
def other() -> Iterator[Other]:
    other = Other()
    yield other
    while other.kept:
        other.kept.pop().release()


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the host's own clock takes things back here, however slow the machine is."""
    monkeypatch.setattr(lender, "KEEP_SECONDS", 3600)
    while lender._kept:
        lender._kept.popleft().release()


@best
def test_the_next_event_goes_on_without_asking(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = host.function(COUNTS)
    asked: list[object] = []
    borrow = lender._borrow

    def ask(*order: Any) -> lender.Loan:
        asked.append(order)
        return borrow(*order)

    monkeypatch.setattr(lender, "_borrow", ask)
    # A stalled machine may find it taken back, asks, and tries again.
    assert until(lambda: host.call(spec) > len(asked))
    assert until(lambda: invocations(spec) > [len(asked)])


@best
def test_what_is_kept_goes_to_who_needs_it(host: Host, other: Other) -> None:
    spec = host.function(COUNTS, reserved_concurrency=1)
    for number in range(1, 40, 2):
        assert host.call(spec) == number
        with other:
            assert host.call(spec) == number + 1


@best
def test_another_key_under_the_same_reservation_takes_it_back(host: Host, other: Other) -> None:
    first = host.function(COUNTS, reserved_concurrency=1)
    host.call(first)
    changed = host.function(COUNTS, reserved_concurrency=1, function=first.function)
    with other:
        assert host.call(changed) == 1


@best
def test_two_borrowers_never_exceed_a_reservation(host: Host, other: Other) -> None:
    spec = host.function(SLEEPS, reserved_concurrency=1)
    host.call(spec, 0)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(host.call, spec, 0.5)  # goes on with what is kept
        assert until(lambda: "busy" in host.states(spec))
        with other, pytest.raises(TooManyRequests):
            host.call(spec, 0)
        assert running.result(10) == 1


@best
def test_who_is_done_is_heard_before_another_is_throttled(host: Host) -> None:
    """The host may read the next caller's message first, though the one before it ended earlier."""
    spec = host.function(SLEEPS, reserved_concurrency=1)
    host.call(spec, 0)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(host.call, spec, 0.5)
        assert until(lambda: "busy" in host.states(spec))
        host.process.send_signal(signal.SIGSTOP)
        try:
            second = pool.submit(host.call, spec, 0)
            assert first.result(10) == 1
        finally:
            host.process.send_signal(signal.SIGCONT)
        assert second.result(10) == 1


@best
def test_changed_limits_are_asked_about(host: Host) -> None:
    spec = host.function(COUNTS)
    host.call(spec)
    with pytest.raises(TooManyRequests):
        host.call(dataclasses.replace(spec, reserved_concurrency=0))


@best
def test_what_rests_is_frozen_although_it_was_kept(host: Host) -> None:
    spec = host.function(COUNTS)
    host.call(spec)
    assert until(lambda: host.states(spec) == ["frozen"])
    assert host.call(spec) == 2


@best
def test_what_ends_while_it_is_kept_is_replaced(host: Host) -> None:
    spec = host.function(ENDS)
    for _ in range(60):
        assert host.run(spec, 0.001).outcome in (Outcome.SUCCESS, Outcome.EXITED)
    # The one before may still end under it.
    assert until(lambda: host.run(spec, 60).outcome == Outcome.SUCCESS)


@best
def test_what_is_retired_while_it_is_kept_ends(host: Host, other: Other) -> None:
    spec = host.function(COUNTS)
    host.call(spec)
    with other:
        client.retire(spec.scope, spec.function)
        assert until(lambda: host.states(spec) == [])
    assert host.call(spec) == 1


@best
def test_who_dies_with_a_kept_environment_leaves_it(host: Host) -> None:
    spec = host.function(COUNTS, reserved_concurrency=1)
    pid = os.fork()
    if pid == 0:
        host.run(spec)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert until(lambda: host.states(spec) not in ([], ["busy"]))
    assert host.call(spec) == 2


@best
def test_a_call_of_a_resumed_function_knows_its_invocation(host: Host) -> None:
    spec = host.function(SLEEPS)
    with ThreadPoolExecutor(1) as pool:
        environment = host.run(spec, 0).environment_id
        running = pool.submit(host.run, spec, 0.5)
        found = until(lambda: client.running_in(environment))
        assert running.result(10).environment_id == environment
    assert found is not None
