"""An answer that is sent while its function still writes it, as the body of a WSGI response.

The server asks for a piece, sends it at once, and asks for the next one. It closes the body whatever happens; that is
when a function whose client has gone is let go on to its end.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from invocations.flows.invoke_streaming import Streaming
from invocations.wire.http import Request

# For what is on its way when the function's own time is over.
_GRACE_SECONDS = 2.0


class _Connection(Protocol):
    def settimeout(self, seconds: float | None) -> None: ...


class StreamedBody:
    """`pieces` come of `streaming`. A client that does not read holds its function up, but not beyond its timeout.

    The first thing handed out is empty: it makes the server send the head, whenever the first piece may come.
    """

    def __init__(self, request: Request, streaming: Streaming, pieces: Iterator[bytes]) -> None:
        self._connection: _Connection | None = request.environ.get("gunicorn.socket")
        self._streaming = streaming
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield b""
        try:
            for piece in self._pieces:
                if piece:
                    self._wait_at_most(max(0.0, self._streaming.deadline - time.monotonic()) + _GRACE_SECONDS)
                    yield piece
        finally:
            self._wait_at_most(None)

    def close(self) -> None:
        self._streaming.close()

    def _wait_at_most(self, seconds: float | None) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):  # closed meanwhile
                self._connection.settimeout(seconds)
