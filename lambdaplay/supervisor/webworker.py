"""gunicorn's threaded worker, with a thread that stays with its client for a moment.

SDK clients send call after call on one connection. Between two calls the stock worker passes the connection from the
thread to the accepting loop and on to another thread; a short wait in place saves both hops when the next call comes
at once, and costs a thread that is free anyway when it does not.

It also keeps each request's head as it was sent, until the hook that hands headers on to APIs has seen it.
"""

from __future__ import annotations

import select
import time
from typing import Any

from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import ThreadWorker

LINGER_MS = 30
# The arbiter wants a sign of life within `timeout`, which is minutes; the stock worker gives one for each event.
_NOTIFY_SECONDS = 1.0


class KeepingRequest(Request):  # type: ignore[misc]
    """Its `head` is what follows the request line, as bytes."""

    head = b""

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> Any:
        if not from_trailer:
            self.head = data
        return super().parse_headers(data, from_trailer)


class KeepingParser(RequestParser):  # type: ignore[misc]
    mesg_class = KeepingRequest


class LingeringWorker(ThreadWorker):  # type: ignore[misc]
    _notified = 0.0

    def notify(self) -> None:
        now = time.monotonic()
        if now - self._notified >= _NOTIFY_SECONDS:
            self._notified = now
            super().notify()

    def handle(self, conn: Any) -> Any:
        """Serve requests of this connection as long as each follows the one before within LINGER_MS."""
        if conn.parser is None:
            conn.parser = KeepingParser(self.cfg, conn.sock, conn.client)
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
