"""Steering product time, and telling whoever waits on it.

@on_advance            # in a process that sweeps: called in that process within a second of every change
def sweep() -> None: ...

start_watching()       # once in such a process, when its callbacks are registered
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from invocations import clock
from invocations.decisions.product_time import Steering
from invocations.models import ClockState
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

STEP_PAST = 0.001  # seconds: a wait ends at its moment, not before it

_Callback = Callable[[], object]
_NextDue = Callable[[], datetime | None]

_callbacks: list[_Callback] = []
_next_due: list[_NextDue] = []
_told = 0  # the revision that the callbacks of this process know of
_telling = threading.Lock()


@dataclass(frozen=True)
class ClockReading:
    """What the clock shows: product time, its lead over real time, how it runs."""

    mode: str
    factor: float
    now: datetime
    offset_seconds: float
    real: datetime


def state() -> ClockReading:
    """Read the clock afresh: another process may have changed it a moment ago."""
    return _reading(clock.refresh())


def set_mode(mode: str | None = None, factor: float | None = None, advance_seconds: float = 0.0) -> ClockReading:
    """Change how product time runs, then advance it, in one step. None leaves a part as it is. Raises BadSteering."""
    with pooled():
        changed = ClockState.objects.steer(clock.real(), mode, factor, advance_seconds)
    clock.adopt(changed)
    _tell(changed.revision)
    return _reading(changed)


def advance(seconds: float) -> ClockReading:
    """Move product time on by this many seconds, for good. Raises BadSteering when they are negative."""
    return set_mode(advance_seconds=seconds)


def on_advance(callback: _Callback) -> _Callback:
    """Have `callback` run in this process within a second of every change of the clock. It may run spuriously."""
    if callback not in _callbacks:
        _callbacks.append(callback)
    return callback


def due_source(source: _NextDue) -> _NextDue:
    """Register who knows when the next of its waits ends (product time; None: nothing waits)."""
    if source not in _next_due:
        _next_due.append(source)
    return source


def next_due() -> datetime | None:
    """When the next product wait ends, of all that are registered; None when nothing waits."""
    found = [moment for source in _next_due if (moment := source()) is not None]
    return min(found, default=None)


def step() -> ClockReading | None:
    """Advance to where the next product wait ends; None when nothing waits."""
    due = next_due()
    if due is None:
        return None
    return advance(max((due - state().now).total_seconds() + STEP_PAST, 0.0))


def start_watching(stop: threading.Event | None = None) -> threading.Thread:
    """Follow the clock in a thread of its own and run the callbacks after each change, until `stop` is set."""
    _know(clock.refresh().revision)
    watcher = threading.Thread(target=_watch, args=(stop or threading.Event(),), name="clock", daemon=True)
    watcher.start()
    return watcher


def _watch(stop: threading.Event) -> None:
    while not stop.wait(clock.CHECK_SECONDS):
        _tell(clock.refresh().revision)


def _know(revision: int) -> bool:
    """Take note of the revision; True when it is news."""
    global _told
    with _telling:
        news = revision > _told
        _told = max(_told, revision)
        return news


def _tell(revision: int) -> None:
    if not _know(revision):
        return
    for callback in list(_callbacks):
        try:
            callback()
        except Exception:
            log.exception("What should run after a change of the clock did not")


def _reading(steering: Steering) -> ClockReading:
    now, real = clock.both()
    return ClockReading(steering.mode, steering.factor, now, (now - real).total_seconds(), real)
