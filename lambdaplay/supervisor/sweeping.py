"""A thread in beat and in every worker that looks at the rows once a second, so that nothing hangs on a message."""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import Error, close_old_connections

from invocations.flows import clock, recover

ROUND_SECONDS = 1.0
STUCK_SECONDS = 30.0  # without a successful round for so long, the process is ended and started anew
DRAINERS = 4

log = logging.getLogger(__name__)


def start(name: str, *, drains: bool) -> None:
    """Sweep from now on; `drains`: also run events whose messages do not arrive."""
    wake = threading.Event()
    clock.on_advance(wake.set)  # what became due by that does not wait for the round
    clock.start_watching()
    threading.Thread(target=_run, args=(name, drains, wake), name="sweeper", daemon=True).start()


def _run(name: str, drains: bool, wake: threading.Event) -> None:
    runner = f"{name}-{os.getpid()}-drain"
    pool = ThreadPoolExecutor(DRAINERS, thread_name_prefix="drain")
    busy = threading.Semaphore(DRAINERS)
    healthy = time.monotonic()
    while True:
        wake.wait(ROUND_SECONDS)
        wake.clear()
        try:
            close_old_connections()
            recover.sweep()
            healthy = time.monotonic()
        except Error as error:
            log.warning("A sweep failed: %s", error)
        except Exception:  # the loop survives its worst row; the next round meets it again
            log.exception("A sweep failed")
        if time.monotonic() - healthy > STUCK_SECONDS:
            log.error("No sweep succeeded for %.0f s; this process ends.", STUCK_SECONDS)
            os._exit(1)
        if drains and busy.acquire(blocking=False):
            pool.submit(_drain, runner, busy)


def _drain(runner: str, busy: threading.Semaphore) -> None:
    try:
        recover.drain(runner, at_most=20)
    except Error as error:
        log.warning("Events could not be drained: %s", error)
    except Exception:
        log.exception("Events could not be drained")
    finally:
        busy.release()
