"""Leases of the events that this process runs, renewed by one thread while their functions run."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error

from invocations.models import async_states
from invocations.runtime import client
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

RENEW_SECONDS = 10.0

_held: dict[tuple[int, int], str] = {}
_guard = threading.Lock()
_thread: threading.Thread | None = None


@contextmanager
def held(pk: int, claim_no: int, request_id: str) -> Iterator[None]:
    """Keep the claim alive while the body runs. When it is lost to another runner, ours is stopped."""
    _start()
    _held[pk, claim_no] = request_id
    try:
        yield
    finally:
        _held.pop((pk, claim_no), None)


def renew_all() -> None:
    """Renew every claim once; stop the functions of those that are not ours any more."""
    for (pk, claim_no), request_id in list(_held.items()):
        with pooled():
            mine = async_states.renew(pk, claim_no)
        if not mine and (pk, claim_no) in _held:
            log.warning("Event %s was taken over by another runner; its environment here is ended.", request_id)
            client.cancel(request_id)


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


def _after_fork() -> None:
    global _thread, _guard
    _thread, _guard = None, threading.Lock()
    _held.clear()


os.register_at_fork(after_in_child=_after_fork)
