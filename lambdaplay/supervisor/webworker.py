"""gunicorn's threaded worker, with a thread that stays with its client for a moment.

SDK clients send call after call on one connection. Between two calls the stock worker passes the connection from the
thread to the accepting loop and on to another thread; a short wait in place saves both hops when the next call comes
at once, and costs a thread that is free anyway when it does not.
"""

from __future__ import annotations

import select
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

LINGER_MS = 10
# The arbiter wants a sign of life within `timeout`, which is minutes; the stock worker gives one for each event.
_NOTIFY_SECONDS = 1.0


class LingeringWorker(ThreadWorker):  # type: ignore[misc]
    _notified = 0.0

    def notify(self) -> None:
        now = time.monotonic()
        if now - self._notified >= _NOTIFY_SECONDS:
            self._notified = now
            super().notify()

    def handle(self, conn: Any) -> Any:
        """Serve requests of this connection as long as each follows the one before within LINGER_MS."""
        while True:
            result = super().handle(conn)
            if result is not True or not self.alive or not _sends_more(conn):
                return result


def _sends_more(conn: Any) -> bool:
    if conn.parser.unreader.buf.getvalue():
        return True
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(LINGER_MS))
