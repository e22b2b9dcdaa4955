"""What a function prints: its head is kept for the record, its tail for the caller, the rest is read and dropped."""

from __future__ import annotations

import os

from invocations import limits

_READS = 16


class Output:
    def __init__(self, file: int) -> None:
        self._file = file
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def write(self, data: bytes, *, always: bool = True) -> None:
        """Add a line of the platform's own (always kept), or what the function printed (kept while there is room)."""
        self.total += len(data)
        room = len(data) if always else max(0, limits.LOG_KEPT_BYTES - len(self._head))
        self._head += data[:room]
        self._tail += data
        if len(self._tail) > 8 * limits.LOG_TAIL_BYTES:
            del self._tail[: -limits.LOG_TAIL_BYTES]

    def read(self) -> bool:
        """Read what is there now, without waiting. False once the pipe has ended.

        No more than a pipe can hold: a writer that never pauses must not keep us from everything else.
        """
        for _ in range(_READS):
            try:
                data = os.read(self._file, 64 * 1024)
            except BlockingIOError:
                return True
            if not data:
                return False
            self.write(data, always=False)
            if len(data) < 64 * 1024:
                break
        return True

    def close_line(self) -> None:
        """The platform's lines start on a line of their own."""
        if self._tail and not self._tail.endswith(b"\n"):
            self.write(b"\n")

    @property
    def runaway(self) -> bool:
        return self.total > limits.OUTPUT_BYTES_MAX

    @property
    def kept(self) -> bytes:
        return bytes(self._head)

    @property
    def tail(self) -> bytes:
        return bytes(self._tail[-limits.LOG_TAIL_BYTES :])

    @property
    def truncated(self) -> bool:
        return self.total > len(self._head)
