"""Long polling: waiting receivers of this process share one look at the database every tenth of a second.

A send in this process wakes them at once; sends elsewhere, delays and visibility timeouts that end are seen by the
shared look. Nobody holds a database connection while waiting. Waiting is real time; what becomes visible when is
product time.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from django.db.models import Exists, OuterRef

from invocations.engines.sqs import hooks
from invocations.engines.sqs.moments import now_ms
from invocations.models import Message, Queue
from lambdaplay.db.pool import pooled

LOOK_SECONDS = 0.1

T = TypeVar("T")


class Waiters:
    """Who waits for which queue, and which of those have something."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._awaited: Counter[str] = Counter()
        self._rung: dict[str, int] = {}  # a number that grows with every ring of an awaited queue
        self._looked = 0.0
        self._looking = threading.Lock()

    def wait(self, arn: str, deadline: float, seen: int) -> int | None:
        """Wait until the queue rings; return the ring's number, or None at the deadline (monotonic seconds)."""
        while True:
            with self._changed:
                number = self._rung.get(arn, 0)
                left = deadline - time.monotonic()
                if number != seen or left <= 0:
                    return number if number != seen else None
                self._changed.wait(min(LOOK_SECONDS, left))
            self._look()

    def enter(self, arn: str) -> int:
        """Begin to wait; return the number of the newest ring."""
        with self._changed:
            self._awaited[arn] += 1
            return self._rung.get(arn, 0)

    def leave(self, arn: str) -> None:
        with self._changed:
            self._awaited[arn] -= 1
            if not self._awaited[arn]:
                del self._awaited[arn]
                self._rung.pop(arn, None)

    def ring(self, arn: str) -> None:
        with self._changed:
            if arn in self._awaited:
                self._rung[arn] = self._rung.get(arn, 0) + 1
                self._changed.notify_all()

    def _look(self) -> None:
        """One of the waiting threads asks for all of them; the others go on waiting."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            if time.monotonic() - self._looked < LOOK_SECONDS:
                return
            with self._changed:
                awaited = list(self._awaited)
            for arn in _with_messages(awaited):
                self.ring(arn)
            self._looked = time.monotonic()
        finally:
            self._looking.release()


def _with_messages(arns: list[str]) -> list[str]:
    """Those of the queues that have something visible (or are gone: their receivers must hear of it)."""
    names = {arn.rsplit(":", 1)[1] for arn in arns}
    visible = Message.objects.filter(queue_id=OuterRef("pk"), visible_ms__lte=now_ms())
    with pooled():
        known = {row.arn: row.pk for row in Queue.objects.filter(name__in=names).only("account", "region", "name")}
        ready = set(Queue.objects.filter(Exists(visible), pk__in=known.values()).values_list("pk", flat=True))
    return [arn for arn in arns if arn not in known or known[arn] in ready]


_waiters = Waiters()


def until(arn: str, seconds: float, attempt: Callable[[], list[T]]) -> list[T]:
    """Call `attempt` until it gives something or the time is over. Attempts take their own database connection."""
    deadline = time.monotonic() + seconds
    seen: int | None = _waiters.enter(arn)
    try:
        while True:
            found = attempt()
            if found:
                return found
            seen = _waiters.wait(arn, deadline, seen or 0)
            if seen is None:
                return []
    finally:
        _waiters.leave(arn)


def ring(arn: str) -> None:
    _waiters.ring(arn)


def _after_fork() -> None:
    global _waiters
    _waiters = Waiters()


hooks.on_send.append(ring)
os.register_at_fork(after_in_child=_after_fork)
