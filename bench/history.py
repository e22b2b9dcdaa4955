"""History made quickly: one finished event of a SQLite database, copied by SQL into as many as are asked for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_FIRST = 1_000_000  # copies are numbered from here on
_ID = f"{_FIRST} + n"
_REQUEST_ID = f"(SELECT request_id FROM invocations_invocation WHERE id = {_ID})"
# What a copy has of its own, by table: column, expression over the copy's number n.
_TABLES = {
    "invocations_invocation": {
        "id": _ID,
        # Random at the front, as real ones are: they come to lie all over their index.
        "request_id": "lower(hex(randomblob(4))) || printf('-0000-4000-8000-%012x', n)",
    },
    "invocations_payload": {"invocation_id": _ID},
    "invocations_attempt": {"id": _ID, "invocation_id": _ID},
    "invocations_attemptoutput": {"attempt_id": _ID},
    "invocations_delivery": {"id": _ID, "invocation_id": _ID, "key": f"{_REQUEST_ID} || ':on-success'"},
    "invocations_deliverybody": {"delivery_id": _ID},
    "django_celery_results_taskresult": {"id": _ID, "task_id": _REQUEST_ID},
}


def multiply(database: Path, events: int) -> None:
    """Copy the first event, with all that belongs to it, so many times. Nobody else may use the database meanwhile."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous=OFF")
    with connection:
        for table, own in _TABLES.items():
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(f'"{name}"' for name in names)
            values = ", ".join(own.get(name, f't."{name}"') for name in names)
            first = f"SELECT * FROM {table} ORDER BY 1 LIMIT 1"
            connection.execute(
                "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < ?) "
                f"INSERT INTO {table} ({columns}) SELECT {values} FROM copies, ({first}) AS t",
                (events,),
            )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
