"""Workers that stop where a worker may be stopped: in the function, in a destination, at a crash point.

Each is a thread that runs a real verb; it and the test hand the turn to each other, so nothing happens at once and
everything can be repeated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any

from django.db import connections

from invocations import crashpoints
from invocations.destinations import Undeliverable
from invocations.errors import TooManyRequests
from invocations.values import EnvironmentSpec, Event, Execution, Outcome

SECONDS = 30.0  # for a turn that takes milliseconds


class Killed(BaseException):
    """kill -9, for a thread: nothing in the code under test catches it."""


class Actor:
    """One worker's thread. `parked`: it waits for `go_on` inside the function or the destination."""

    present = threading.local()
    parked_ones: set[Actor] = set()

    def __init__(self, verb: Callable[[], object], dies_at: str = "") -> None:
        self.parked: Any = None
        self.killed = False
        self.failed: BaseException | None = None
        self.dies_at = dies_at
        self._orders: SimpleQueue[str] = SimpleQueue()
        self._turns: SimpleQueue[None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(verb,), daemon=True)
        self._thread.start()
        self._turns.get(timeout=SECONDS)

    def go_on(self, order: str, dies_at: str = "") -> None:
        """Let it go on, as ordered, until it parks again or has ended."""
        self.parked, self.dies_at = None, dies_at
        self.parked_ones.discard(self)
        self._orders.put(order)
        self._turns.get(timeout=SECONDS)
        if self.failed is not None:
            raise self.failed

    def park(self, what: object) -> str:
        """In its thread: give the turn away and wait for an order."""
        self.parked = what
        self.parked_ones.add(self)
        self._turns.put(None)
        order = self._orders.get(timeout=SECONDS)
        if order == "die":
            raise Killed
        return order

    def _run(self, verb: Callable[[], object]) -> None:
        Actor.present.one = self
        try:
            verb()
        except Killed:
            self.killed = True
        except BaseException as error:
            self.failed = error
        finally:
            self.parked = None
            connections.close_all()  # this thread's own, which a defect may have opened
            self._turns.put(None)


def dismiss() -> None:
    """Whoever still waits for an order, because a test failed in between, dies, and lets go of its connection."""
    while Actor.parked_ones:
        Actor.parked_ones.pop().go_on("die")


def present() -> Actor | None:
    return getattr(Actor.present, "one", None)


def arm_all() -> None:
    """At every point, whoever was told to die there does."""

    def die_at(name: str) -> Callable[[], None]:
        def die() -> None:
            actor = present()
            if actor is not None and actor.dies_at == name:
                raise Killed

        return die

    for name in crashpoints.POINTS:
        crashpoints.arm(name, die_at(name))


def execute(spec: EnvironmentSpec, event: Event) -> Execution:
    """Stands for the environment: the order says how the function ends."""
    actor = present()
    assert actor is not None
    order = actor.park(event.request_id)
    if order == "throttle":
        raise TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded")
    return Execution(
        outcome=Outcome.SUCCESS if order == "success" else Outcome.FUNCTION_ERROR,
        payload=b'{"errorMessage":"boom"}' if order == "error" else b"{}",
        error_type="ValueError" if order == "error" else "",
        error_message="boom" if order == "error" else "",
        **_FACTS,
    )


def send(arn: Any, body: bytes, attributes: Any, context: Any) -> None:
    """Stands for a destination outside: the order says what it does."""
    actor = present()
    assert actor is not None
    order = actor.park(context.key)
    if order == "refuse":
        raise Undeliverable("not now")


_FACTS: dict[str, Any] = {
    "content_type": "application/json",
    "log_tail": b"",
    "started_at": datetime(2026, 1, 1, tzinfo=UTC),
    "ended_at": datetime(2026, 1, 1, tzinfo=UTC),
    "environment_id": "e",
    "log_stream": "s",
    "cold": False,
    "init_seconds": None,
    "duration_seconds": 0.001,
    "billed_ms": 1,
    "max_memory_mb": 1,
    "log": b"",
    "log_truncated": False,
}
