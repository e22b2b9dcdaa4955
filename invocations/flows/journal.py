"""Writes finished synchronous invocations, several in one commit when several end at once.

Whoever gets the lock writes for all who wait; at one caller that is a plain insert with no hand-over between threads.
An answer leaves only after its rows are committed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.db import connection as database
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Model

from invocations.models import Attempt, Invocation, Payload
from lambdaplay.db.pool import pooled

_BATCH = 64

Row = dict[str, Any]  # column name (a foreign key's with _id) -> value


@dataclass
class Entry:
    """One finished invocation, as the columns of its three rows."""

    invocation: Row
    attempt: Row
    payload: Row
    written: bool = False
    error: Exception | None = None


_lock = threading.Lock()
_waiting: deque[Entry] = deque()


def record(entry: Entry) -> None:
    """Return once the entry is committed. Raises DatabaseError when it could not be."""
    _waiting.append(entry)
    with _lock:
        if not entry.written and entry.error is None:
            _write_batch()
    if entry.error is not None:
        raise entry.error


def _write_batch() -> None:
    batch = [_waiting.popleft() for _ in range(min(_BATCH, len(_waiting)))]
    if _write(batch) is not None:
        # One of them is at fault, or the database is: each on its own tells which.
        for entry in batch:
            entry.error = _write([entry])


def _write(batch: Sequence[Entry]) -> DatabaseError | None:
    """Commit these together; return why that was not possible."""
    try:
        # The driver's own cursor: the statements are in its words already, and three a call add up.
        with (
            pooled() as connection,
            transaction.atomic(),
            connection.wrap_database_errors,
            closing(connection.connection.cursor()) as cursor,
        ):
            for entry in batch:
                _insert(cursor, connection, entry)
    except DatabaseError as error:
        return error
    for entry in batch:
        entry.written = True
    return None


class _Insert:
    """An INSERT built once from the model: the ORM's own takes most of the time of a small row."""

    def __init__(self, model: type[Model], *chosen: str) -> None:
        """`chosen`: columns that the database has a default for, and that are given nevertheless."""
        # The database numbers rows and knows its own defaults.
        own = [field for field in model._meta.concrete_fields if field.name != "id"]
        asynchronous: frozenset[str] = getattr(model, "ASYNC_COLUMNS", frozenset())
        fields = [
            field
            for field in own
            if field.attname in chosen or (not field.has_db_default() and field.attname not in asynchronous)
        ]
        self._names = [field.attname for field in fields]
        self._dates = [isinstance(field, DateTimeField) for field in fields]
        columns = ", ".join(f'"{field.column}"' for field in fields)
        mark = "?" if database.vendor == "sqlite" else "%s"
        marks = ", ".join([mark] * len(fields))
        self.sql = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'  # noqa: S608 - our own names

    def values(self, connection: BaseDatabaseWrapper, row: Row) -> Sequence[Any]:
        adapt = _sqlite_text if connection.vendor == "sqlite" else connection.ops.adapt_datetimefield_value
        return [adapt(row[name]) if dated else row[name] for name, dated in zip(self._names, self._dates, strict=True)]


def _sqlite_text(moment: datetime | None) -> str | None:
    """As Django writes it, by one step instead of five."""
    if moment is None:
        return None
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).replace(tzinfo=None).isoformat(" ")


_INVOCATION, _ATTEMPT, _PAYLOAD = _Insert(Invocation), _Insert(Attempt), _Insert(Payload)
_CHAINED = _Insert(Invocation, "hops", "caused_by")  # of one that another invocation led to


def _insert(cursor: Any, connection: BaseDatabaseWrapper, entry: Entry) -> None:
    invocation = _CHAINED if "hops" in entry.invocation else _INVOCATION
    cursor.execute(f"{invocation.sql} RETURNING id", invocation.values(connection, entry.invocation))
    entry.attempt["invocation_id"] = entry.payload["invocation_id"] = cursor.fetchone()[0]
    cursor.execute(_ATTEMPT.sql, _ATTEMPT.values(connection, entry.attempt))
    cursor.execute(_PAYLOAD.sql, _PAYLOAD.values(connection, entry.payload))
