"""What is written ahead reaches the database file, and the log begins anew, while others go on writing."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lambdaplay.db.sqlite import checkpoints
from lambdaplay.db.sqlite.checkpoints import LogIndex
from lambdaplay.db.sqlite.lock import lock_for

ROW = b"x" * 3000  # more than half a page, so each row takes one (and touches two more)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    path = str(tmp_path / "log.sqlite3")
    with closing(connect(path)) as keeper:  # the log lasts as long as somebody has the file open
        keeper.execute("CREATE TABLE rows (body BLOB)")
        yield path


def connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def write(path: str, rows: int) -> None:
    with closing(connect(path)) as connection:
        for _ in range(rows):
            with lock_for(path):
                connection.execute("INSERT INTO rows VALUES (?)", [ROW])


def count(path: str) -> int:
    with closing(connect(path)) as connection:
        found: int = connection.execute("SELECT count(*) FROM rows").fetchone()[0]
    return found


def test_the_log_is_carried_over_and_begins_anew(database: str) -> None:
    write(database, 300)
    index = LogIndex(f"{database}-shm")
    assert index.waiting() >= 300
    checkpoints.carry(database)
    assert index.waiting() == 0
    size = Path(f"{database}-wal").stat().st_size
    write(database, 10)
    assert 10 <= index.waiting() < 100, "from the log's beginning, not behind what was carried over"
    assert Path(f"{database}-wal").stat().st_size == size
    assert count(database) == 310


def test_nothing_is_lost_while_others_write(database: str) -> None:
    writers = [threading.Thread(target=write, args=(database, 200)) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        checkpoints.carry(database)
    checkpoints.carry(database)
    assert count(database) == 600
    with closing(connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert LogIndex(f"{database}-shm").waiting() == 0


def test_a_thread_does_so_from_a_few_pages_on(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "ROUND_SECONDS", 0.005)
    monkeypatch.setattr(checkpoints, "ENOUGH_PAGES", 100)
    checkpoints.start(database)
    index = LogIndex(f"{database}-shm")
    write(database, 150)
    deadline = time.monotonic() + 10
    while index.waiting() >= 100:
        assert time.monotonic() < deadline
    assert count(database) == 150


def test_a_log_that_is_not_there_yet_waits_for_nothing(tmp_path: Path) -> None:
    assert LogIndex(str(tmp_path / "none-shm")).waiting() == 0


def test_a_log_that_was_made_anew_is_read_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "twice.sqlite3")
    index = LogIndex(f"{path}-shm")
    for rows in (50, 5):
        Path(path).unlink(missing_ok=True)
        with closing(connect(path)) as keeper:
            keeper.execute("CREATE TABLE rows (body BLOB)")
            write(path, rows)
            assert rows <= index.waiting() <= 4 * rows
