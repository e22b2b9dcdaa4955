"""A thread in beat and in every worker that sees to the rows once a second, so that nothing hangs on a message."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import Error, close_old_connections

from invocations import event_queue
from invocations.flows import clock, poll, recover
from lambdaplay import consumer

ROUND_SECONDS = 1.0
MISSED_SECONDS = 3.0  # without a sweep on this machine: whoever sweeps is stuck, so everybody does
STUCK_SECONDS = 30.0  # without a successful round for so long, the process is ended and started anew
DRAINERS = 4
DRAINED = 20  # rows of one turn

# What a process runs by itself when messages do not arrive, by its name.
_DRAINS: Mapping[str, Callable[[str, int], int]] = {"worker": recover.drain, "poller": poll.drain}

log = logging.getLogger(__name__)


def start(name: str, runner: str) -> None:
    """Sweep from now on; a process that works also runs, as this runner, what it is told nothing of."""
    wake = threading.Event()
    clock.on_advance(wake.set)  # what became due by that does not wait for the round
    clock.start_watching()
    threading.Thread(target=_run, args=(name, runner, wake), name="sweeper", daemon=True).start()


def _run(name: str, runner: str, wake: threading.Event) -> None:
    drain = _DRAINS.get(name)
    pool = ThreadPoolExecutor(DRAINERS, thread_name_prefix="drain")
    busy = threading.Semaphore(DRAINERS)
    healthy = time.monotonic()
    turn = Turn(settings.LAMBDAPLAY_HOME.run / "sweeper")
    while True:
        wake.wait(ROUND_SECONDS)
        wake.clear()
        try:
            close_old_connections()
            if turn.is_mine():
                recover.sweep()
                turn.done()
            if drain is poll.drain:
                poll.sweep()
            if drain is recover.drain:
                _listen()
            healthy = time.monotonic()
        except Error as error:
            log.warning("A sweep failed: %s", error)
        except Exception:  # the loop survives its worst row; the next round meets it again
            log.exception("A sweep failed")
        if time.monotonic() - healthy > STUCK_SECONDS:
            log.error("No sweep succeeded for %.0f s; this process ends.", STUCK_SECONDS)
            os._exit(1)
        if drain is not None and busy.acquire(blocking=False):
            pool.submit(_drain, drain, f"{runner} drain", busy)


class Turn:
    """One process of a machine sweeps for all: five that ask the same every second cost a tenth of a core.

    It is whoever holds a lock, which the kernel frees when that process ends. One that is stopped or stuck keeps the
    lock and says nothing; then the others sweep too.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._held = False

    def is_mine(self) -> bool:
        if not self._held:
            with suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._held = True
        return self._held or time.time() - os.fstat(self._file).st_mtime > MISSED_SECONDS

    def done(self) -> None:
        os.utime(self._file)


def _listen() -> None:
    """A worker with room, and messages at the broker that it does not take, round after round, has lost its hearing."""
    if recover.has_room() and recover.is_late() and event_queue.waiting("events"):
        consumer.suspect()


def _drain(drain: Callable[[str, int], int], runner: str, busy: threading.Semaphore) -> None:
    try:
        drain(runner, DRAINED)
    except Error as error:
        log.warning("What messages do not tell of could not be run: %s", error)
    except Exception:
        log.exception("What messages do not tell of could not be run")
    finally:
        busy.release()
