"""Functions made quickly: one of a SQLite database, copied by SQL into as many as are asked for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_FIRST = 1_000_000  # copies are numbered from here on
# What a copy has of its own, by table: column, expression over the copy's number n.
_TABLES = {
    "invocations_function": {"id": f"{_FIRST} + n", "name": "printf('function-%06d', n)"},
    "invocations_functionversion": {
        "id": f"{_FIRST} + n",
        "function_id": f"{_FIRST} + n",
        "revision_id": "printf('00000000-0000-4000-8000-%012x', n)",
    },
}


def multiply(database: Path, function: str, count: int) -> None:
    """Copy a function and its $LATEST so many times. Nobody else may use the database meanwhile."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous=OFF")
    with connection:
        (number,) = connection.execute("SELECT id FROM invocations_function WHERE name = ?", (function,)).fetchone()
        for table, own in _TABLES.items():
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(f'"{name}"' for name in names)
            values = ", ".join(own.get(name, f't."{name}"') for name in names)
            key = "id" if table == "invocations_function" else "function_id"
            connection.execute(
                "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < ?) "
                f"INSERT INTO {table} ({columns}) SELECT {values} FROM copies, {table} AS t WHERE t.{key} = ?",
                (count, number),
            )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
