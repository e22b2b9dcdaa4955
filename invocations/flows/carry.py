"""Running due events of which no message speaks, in a worker that is awake anyway.

A message and its way through the broker cost a worker more than the event that it speaks of. So only those events have
one that may find every worker asleep (`accept.py`); of the others a worker learns because it looks. It looks whenever
one of its threads begins to wait for a function: then another thread, a carrier, has time for the next event. A carrier
goes on until it finds none, so while there is work a worker is as busy as one thread can keep it, and slow functions
run side by side.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import Error

from invocations import clock, event_queue
from invocations.flows import deliver, leases, run_event
from invocations.models import async_states
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

AT_DESK = 2  # carriers of one process that do not wait for a function: more would only wait for each other


class Carriers:
    """The threads of one worker that look for events themselves, at most `most` of them."""

    def __init__(self, runner: str, most: int) -> None:
        self._runner = f"{runner} carrier"
        self._most = most
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="carrier")
        self._guard = threading.Lock()
        self._busy = 0  # carriers that are looking or running
        self._waiting = 0  # ... and of these wait for a function
        self._own = threading.local()
        self._stopped = False

    def hear(self, waits: bool) -> None:
        """A thread of this process begins to wait for a function (then another may look for an event), or has."""
        with self._guard:
            if getattr(self._own, "carries", False):
                self._waiting += 1 if waits else -1
            if not waits or self._stopped or self._busy >= self._most or self._busy - self._waiting >= AT_DESK:
                return
            self._busy += 1
        try:
            self._pool.submit(self._carry)
        except RuntimeError:  # this process ends; what waits for its function goes on all the same
            self._left()

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stopped = True

    def _carry(self) -> None:
        self._own.carries = True
        try:
            while not self._stopped and self._carry_one():
                pass
        except Error as error:
            log.warning("Events of which no message speaks could not be run: %s", error)
        except Exception:
            log.exception("An event of which no message speaks could not be run")
        finally:
            self._left()

    def _left(self) -> None:
        with self._guard:
            self._busy -= 1

    def _carry_one(self) -> bool:
        with pooled():
            found = async_states.any_untold(clock.now())
        return found and carry(self._runner)


def carry(runner: str) -> bool:
    """Run an event of which no message speaks, and send what it leaves; what takes longer is left to a message.

    False when there is none, or others are claiming what there is: they look again when they have run it.
    """
    told = run_event.run_next(runner)
    if told is None:
        return False
    left = [] if told.condition is None else deliver.run_at_hand(told.request_id, runner)
    for delivery_id in left:
        event_queue.send_delivery(delivery_id)
    return True


def start(runner: str, most: int) -> Carriers:
    """Carry in this process from now on."""
    carriers = Carriers(runner, most)
    leases.on_wait.append(carriers.hear)
    return carriers
