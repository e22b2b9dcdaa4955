"""The lock that SQLite writers queue on: one per database file, across threads and processes."""

from __future__ import annotations

import fcntl
import os
import threading
from types import TracebackType


class WriterLock:
    """A thread lock, then flock on a file beside the database. In-memory databases need only the first."""

    def __init__(self, path: str | None) -> None:
        self._threads = threading.Lock()
        self._path = path
        self._file: int | None = None
        self._pid = 0

    def acquire(self) -> None:
        self._threads.acquire()
        try:
            if self._path is not None:
                fcntl.flock(self._handle(self._path), fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def release(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def _handle(self, path: str) -> int:
        # flock belongs to the open file, which a fork shares: each process opens its own.
        if self._file is None or self._pid != os.getpid():
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._file

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


_locks: dict[str, WriterLock] = {}
_guard = threading.Lock()


def lock_for(database: str) -> WriterLock:
    """Return this process's lock for the database file; all its connections share it."""
    with _guard:
        if database not in _locks:
            in_memory = database == ":memory:" or "mode=memory" in database
            _locks[database] = WriterLock(None if in_memory else f"{database}-writer")
        return _locks[database]


def _after_fork() -> None:
    """A child must not inherit a lock that a thread of its parent held."""
    global _guard
    _guard = threading.Lock()
    _locks.clear()


os.register_at_fork(after_in_child=_after_fork)
