"""Leases of the events and pollers that this process has, renewed by one thread while they last."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.db import Error

from invocations.models import async_states
from invocations.runtime import client
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

RENEW_SECONDS = 10.0

# Told by a thread that it waits for an event's function from now on (True), or does so no longer (False).
on_wait: list[Callable[[bool], object]] = []

_held: dict[object, tuple[Callable[[], bool], Callable[[], object]]] = {}
_guard = threading.Lock()
_thread: threading.Thread | None = None


@contextmanager
def held(pk: int, claim_no: int, request_id: str) -> Iterator[None]:
    """Keep an event's claim alive while the body runs. When it is lost to another runner, ours is stopped."""

    def stop() -> None:
        log.warning("Event %s was taken over by another runner; its environment here is ended.", request_id)
        client.cancel(request_id, claim_no)

    with kept(partial(async_states.renew, pk, claim_no), stop):
        _say(True)
        try:
            yield
        finally:
            _say(False)


def nothing_to_wait_for() -> None:
    """The event whose message was taken was not run: who looks for others while functions run looks now."""
    _say(True)
    _say(False)


def _say(waits: bool) -> None:
    for listener in on_wait:
        listener(waits)


@contextmanager
def kept(renew: Callable[[], bool], lost: Callable[[], object]) -> Iterator[None]:
    """Call `renew` now and then while the body runs; when it says that the claim is gone, call `lost` once."""
    _start()
    claim = object()
    _held[claim] = (renew, lost)
    try:
        yield
    finally:
        _held.pop(claim, None)


def running() -> int:
    """How many functions this process runs for events just now."""
    return len(_held)


def renew_all() -> None:
    """Renew every claim once; stop what runs under those that are not ours any more."""
    for claim, (renew, lost) in list(_held.items()):
        with pooled():
            mine = renew()
        if not mine and _held.pop(claim, None) is not None:
            lost()


def _start() -> None:
    global _thread
    with _guard:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_renew_on, name="leases", daemon=True)
            _thread.start()


def _renew_on() -> None:
    pause = threading.Event()
    while not pause.wait(RENEW_SECONDS):
        try:
            renew_all()
        except Error as error:
            log.warning("Leases could not be renewed: %s", error)
        except Exception:  # the others' leases go on; the next round meets it again
            log.exception("A lease could not be renewed")


def _after_fork() -> None:
    global _thread, _guard
    _thread, _guard = None, threading.Lock()
    _held.clear()


os.register_at_fork(after_in_child=_after_fork)
