"""Django's SQLite backend with writers in a queue.

SQLite lets one writer in at a time and its busy handler sleeps, which makes long tails and spurious "locked" errors.
Here a writer waits for a lock instead: a thread lock inside the process, then a file lock between processes. Every
write passes through this backend, so sessions, the admin and celery-results take the lock too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar

from django.db.backends.sqlite3 import base

from lambdaplay.db.sqlite.lock import WriterLock, lock_for

Database = base.Database  # type: ignore[attr-defined]

# Statements that SQLite runs without taking its write lock.
_READS = ("SELECT", "EXPLAIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "VALUES")


def _writes(sql: str) -> bool:
    return not sql.lstrip()[:9].upper().startswith(_READS)


@lru_cache(maxsize=1000)
def _in_qmarks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class Cursor(base.SQLiteCursorWrapper):
    """Takes the writer lock for a write outside a transaction (inside one, BEGIN IMMEDIATE already holds it)."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        with self.wrapper.writing(query):
            return super().execute(query, params)

    def convert_query(self, query: str, *, param_names: Sequence[str] | None = None) -> str:
        """Django's, remembered: the statements that run often are the same texts again and again."""
        return _in_qmarks(query) if param_names is None else super().convert_query(query, param_names=param_names)

    def executemany(self, query: str, param_list: Sequence[Any]) -> Any:  # type: ignore[override]
        with self.wrapper.writing(query):
            return super().executemany(query, param_list)


class DatabaseWrapper(base.DatabaseWrapper):
    # Without AUTOINCREMENT a table needs no row in SQLite's sequence table: one page less in every commit. A number
    # can then come again after the newest row was deleted; nothing here refers to a deleted row by its number.
    data_types_suffix: ClassVar[dict[str, str]] = {}  # type: ignore[misc]

    _lock: WriterLock | None = None
    _holds = False

    @property
    def lock(self) -> WriterLock:
        if self._lock is None:
            self._lock = lock_for(str(self.settings_dict["NAME"]))
        return self._lock

    @contextmanager
    def writing(self, query: str) -> Iterator[None]:
        if self._holds or not _writes(query):
            yield
            return
        with self.lock:
            yield

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = self.connection.cursor(factory=Cursor)
        cursor.wrapper = self
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        self._take()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._give()
            raise

    def _commit(self) -> None:
        self._ending(super()._commit)  # type: ignore[misc]

    def _rollback(self) -> None:
        self._ending(super()._rollback)  # type: ignore[misc]

    def _close(self) -> None:
        self._ending(super()._close)  # type: ignore[misc]

    def _take(self) -> None:
        if not self._holds:
            self.lock.acquire()
            self._holds = True

    def _give(self) -> None:
        if self._holds:
            self._holds = False
            self.lock.release()

    def _ending(self, end: Callable[[], None]) -> None:
        """Run what ends a transaction, then let the next writer in; a failed COMMIT keeps the lock for the rollback."""
        end()
        self._give()
