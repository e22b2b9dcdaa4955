"""Product time. Everything that waits, expires or is dated asks here, so that time can be steered in one place.

The steering is one row of the database. Each process reads it at most every `CHECK_SECONDS`, in passing, on a
connection apart from any transaction; between two readings `now()` is arithmetic. A database that is away changes
nothing: time goes on as it was last steered.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from invocations.decisions.product_time import Steering, unsteered

CHECK_SECONDS = 0.25
RETRY_SECONDS = 1.0  # after a reading that failed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Known:
    """One steering, and the moment before which this process shows none: it was shown before a change came late."""

    steering: Steering
    floor: datetime | None = None

    def at(self, real_now: datetime) -> datetime:
        moment = self.steering.at(real_now)
        return moment if self.floor is None or moment > self.floor else self.floor

    def changed_to(self, found: Steering, real_now: datetime, shown: datetime | None) -> _Known:
        """`shown`: the last moment that this process has shown, not what it would show now: it may have been idle."""
        return _Known(found, shown if shown is not None and found.at(real_now) < shown else None)


class _Follower:
    """This process's knowledge of the steering."""

    def __init__(self) -> None:
        self.read: Callable[[], Steering | None] | None = None
        self.lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        self.steering = unsteered(datetime.now(UTC))
        self.known: _Known | None = None  # None: product time is real time
        self.shown: datetime | None = None
        self.check_at = 0.0  # on the monotonic clock

    def look(self, *, wait: bool = False) -> None:
        """Read the row. Of several threads that find the reading old, one reads; the rest go on with what is known."""
        if self.read is None or not self.lock.acquire(blocking=wait):
            return
        try:
            began = time.monotonic()
            found = self.read()
            if found is not None:
                self.adopt(found)
            self.check_at = began + CHECK_SECONDS
        except Exception as error:  # whatever a database can raise: the time of day never fails
            self.check_at = time.monotonic() + RETRY_SECONDS
            log.debug("The clock's row could not be read: %s", error)
        finally:
            self.lock.release()

    def adopt(self, found: Steering) -> None:
        if found.revision <= self.steering.revision:
            return  # a slow reader's older row
        known = (self.known or _Known(self.steering)).changed_to(found, datetime.now(UTC), self.shown)
        self.steering = found
        self.known = None if found.is_plain and known.floor is None else known


_follower = _Follower()


def now() -> datetime:
    """Return product time, aware, UTC. About a microsecond; never fails, never goes back because of a change."""
    if time.monotonic() >= _follower.check_at:
        _follower.look()
    real_now = datetime.now(UTC)
    known = _follower.known
    _follower.shown = moment = real_now if known is None else known.at(real_now)
    return moment


def real() -> datetime:
    """Return real time, aware, UTC: for what no steering moves (resource states, signatures, leases, file ages)."""
    return datetime.now(UTC)


def steering() -> Steering:
    """How product time runs, as this process knows it (at most `CHECK_SECONDS` old when it is asked often)."""
    if time.monotonic() >= _follower.check_at:
        _follower.look()
    return _follower.steering


def refresh() -> Steering:
    """Read the row now, and return how product time runs."""
    _follower.look(wait=True)
    return _follower.steering


def real_wait(until: datetime) -> float | None:
    """Real seconds until product time reaches `until`: 0 when it has, None while the clock is frozen.

    A change of the clock makes the answer wrong; whoever sleeps on it listens to `flows.clock.on_advance` too.
    """
    return steering().real_wait(until, real())


def both() -> tuple[datetime, datetime]:
    """Product time and real time of one moment."""
    steering()
    real_now, known = datetime.now(UTC), _follower.known
    _follower.shown = moment = real_now if known is None else known.at(real_now)
    return moment, real_now


def offset() -> timedelta:
    """Product time minus real time."""
    product, real_now = both()
    return product - real_now


def follow(read: Callable[[], Steering | None]) -> None:
    """Take the steering from `read` from now on; None means nobody has steered yet."""
    _follower.read = read


def adopt(found: Steering) -> None:
    """Know of a change that this process has just committed."""
    with _follower.lock:
        _follower.adopt(found)


def forget() -> None:
    """Know nothing any more, not even what was shown: for tests, between which time may run backwards."""
    with _follower.lock:
        _follower.forget()


def _after_fork() -> None:
    """A child must not inherit a lock that a thread of its parent held."""
    _follower.lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)
