"""A few database connections shared by many threads.

A web process holds hundreds of synchronous calls at once, and none of them needs a connection while its function runs.
`pooled()` lends one for the moments that do; Django's ORM uses it like the thread's own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_idle: list[BaseDatabaseWrapper] = []
_held = threading.local()


@contextmanager
def pooled() -> Iterator[BaseDatabaseWrapper]:
    """Lend this thread a connection. Inside a loan, or inside a transaction of the thread's own, that one is used."""
    own = connections[DEFAULT_DB_ALIAS]
    if getattr(_held, "depth", 0) or own.in_atomic_block:
        yield own
        return
    lent = _take(own)
    connections[DEFAULT_DB_ALIAS] = lent
    _held.depth = 1
    try:
        yield lent
    finally:
        _held.depth = 0
        connections[DEFAULT_DB_ALIAS] = own
        _give(lent)


@contextmanager
def apart() -> Iterator[BaseDatabaseWrapper]:
    """Lend this thread a connection of its own even inside a loan or a transaction: it sees what is committed."""
    before = connections[DEFAULT_DB_ALIAS]
    lent = _take(before)
    connections[DEFAULT_DB_ALIAS] = lent
    try:
        yield lent
    finally:
        connections[DEFAULT_DB_ALIAS] = before
        _give(lent)


def _take(own: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    try:
        idle = _idle.pop()
    except IndexError:
        pass
    else:
        # A test run changes the database's name after the first loans.
        if idle.settings_dict["NAME"] == own.settings_dict["NAME"]:
            return idle
        idle.close()
    made = own.copy()
    made.inc_thread_sharing()
    return made


def _give(lent: BaseDatabaseWrapper) -> None:
    """Keep a healthy connection for the next loan; one that failed is closed, and opens anew when it is used."""
    if lent.in_atomic_block or lent.errors_occurred:
        lent.in_atomic_block = False
        lent.close()
        lent.errors_occurred = False
    _idle.append(lent)


def close_idle() -> None:
    """Close the connections that are not lent out; loans to come open new ones."""
    while _idle:
        _idle.pop().close()


def _after_fork() -> None:
    """Connections belong to the process that opened them."""
    _idle.clear()


os.register_at_fork(after_in_child=_after_fork)
