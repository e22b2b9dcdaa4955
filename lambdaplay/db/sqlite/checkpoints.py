"""Carries what was written ahead into the database file beside the writers, instead of between two of them.

SQLite does it after whichever commit fills the log; everybody waits for that commit's copying and syncing, which is
what the slowest per cent of the calls wait for. Here one thread of one process copies and syncs while others write, and
takes their lock only for the little that came meanwhile: then the log is empty and begins anew. Without that process
SQLite's own checkpoint sets in later (`wal_autocheckpoint`).
"""

from __future__ import annotations

import logging
import os
import sqlite3
import struct
import threading
import time
from contextlib import closing

from lambdaplay.db.sqlite.lock import lock_for

ROUND_SECONDS = 0.25
ENOUGH_PAGES = 1000  # 4 MB: fewer are not worth two syncs

# The log's index, as https://www.sqlite.org/walformat.html gives it: pages in the log, and how many were carried over.
_IN_LOG, _CARRIED = 16, 96

log = logging.getLogger(__name__)


def start(database: str) -> None:
    """Keep the database's log short from now on."""
    threading.Thread(target=_keep_on, args=(database,), name="checkpoints", daemon=True).start()


def _keep_on(database: str) -> None:
    index = LogIndex(f"{database}-shm")
    while True:
        time.sleep(ROUND_SECONDS)
        try:
            if index.waiting() >= ENOUGH_PAGES:
                carry(database)
        except (OSError, sqlite3.Error) as error:
            log.debug("The log was not carried over: %s", error)


class LogIndex:
    """The shared memory of the log, read beside SQLite.

    Its file stays open: closing it would drop the locks that this process's connections have on it (fcntl's rule).
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def waiting(self) -> int:
        """How many pages of the log are not in the database file yet."""
        if not self._open():
            return 0
        header = os.pread(self._file or 0, _CARRIED + 4, 0)
        if len(header) < _CARRIED + 4:
            return 0
        (in_log,), (carried,) = struct.unpack_from("=I", header, _IN_LOG), struct.unpack_from("=I", header, _CARRIED)
        return int(in_log - carried)

    def _open(self) -> bool:
        try:
            present = os.stat(self._path).st_ino
        except FileNotFoundError:
            return False
        if self._file is not None and os.fstat(self._file).st_ino != present:
            os.close(self._file)  # of a file that is gone, and so are its locks
            self._file = None
        if self._file is None:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return True


def carry(database: str) -> None:
    """Copy and sync while others write, then what is left while they wait. Raises sqlite3.Error."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        with lock_for(database):
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
