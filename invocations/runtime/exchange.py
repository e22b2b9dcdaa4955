"""The Runtime API as a borrower speaks it: over the environment's own sockets, one event at a time.

Source of paths, statuses and bodies: AWS's Runtime API, version 2018-06-01. A runtime may keep one connection or open a
new one for each call; both work, because the listener is ours for the length of the loan.

An answer that comes in chunks is handed out as soon as its head is there, and read on piece by piece: a function may
take its whole timeout to write it. Everything else is read to its end first.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from invocations import limits
from invocations.runtime.chunks import BrokenChunks, Chunks

_HEAD_MAX = 1024 * 1024 + 64 * 1024  # the X-Ray cause header alone may be 1 MB
_RECEIVE_BYTES = 256 * 1024
_PREFIX = b"/2018-06-01/runtime/"


class ConnectionEnded(Exception):
    """The runtime closed a connection in the middle of a call."""


@dataclass(frozen=True)
class Call:
    """One request of the runtime. `headers` have lower-case names. `body` is None when it was over the limit.

    `chunks`: the body of an answer that is still being written; `body` is what of it came with the head.
    """

    connection: socket.socket
    method: bytes
    path: bytes
    headers: Mapping[bytes, bytes]
    body: bytes | None
    chunks: Chunks | None = None


class Exchange:
    """Waits for calls on the runtime's connections and answers them. Sockets block; waiting is by poll."""

    _agent = -1  # of extensions; see attended_exchange.py

    def __init__(self, listener: int, connections: list[int], log: int, control: int) -> None:
        self.listener = socket.socket(fileno=listener)
        self.connections = {number: socket.socket(fileno=number) for number in connections}
        self._log = log
        self._control = control
        self.replaced = False  # whether the host must be given the connections anew
        self._log_open = True
        self._poll = select.poll()
        for file in (listener, log, control, *connections):
            self._poll.register(file, select.POLLIN)

    def wait(self, deadline: float, on_log: Callable[[], bool]) -> Call | str:
        """Return the runtime's next call, or "deadline" or "control" (the host has something to say).

        `deadline`: monotonic seconds. `on_log` reads what was printed and returns False when the pipe has ended.
        """
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return "deadline"
            ready = [file for file, _ in self._poll.poll(left * 1000 + 1)]
            for file in ready:
                if file in self.connections:
                    call = self._read(self.connections[file])
                    if call is not None:
                        return call
            if self.listener.fileno() in ready:
                self._accept()
                continue  # what was written before an end counts: read it before hearing of the end
            if self._log in ready:
                self._hear_log(on_log)
            if self._control in ready:
                return "control"
            if self._agent in ready:
                return "agent"

    def read_on(self, call: Call, deadline: float, on_log: Callable[[], bool]) -> bytes | str:
        """Wait for more of a body that is being written: its bytes, or "deadline", "control" or "ended" (too early)."""
        connection = call.connection.fileno()
        poll = select.poll()
        for file in (connection, self._control, *([self._log] if self._log_open else [])):
            poll.register(file, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return "deadline"
            ready = [file for file, _ in poll.poll(left * 1000 + 1)]
            if self._log in ready and not self._hear_log(on_log):
                poll.unregister(self._log)
            if connection in ready:  # first: what was written before an end counts
                return _received(call.connection) or "ended"
            if self._control in ready:
                return "control"

    def hears_of_death(self, seconds: float) -> bool:
        """Whether the host has something to say, now or within so many seconds."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def hang_up(self, call: Call) -> None:
        """Close a connection on which nothing sensible can follow."""
        if call.connection.fileno() in self.connections:
            self._drop(call.connection)

    def _hear_log(self, on_log: Callable[[], bool]) -> bool:
        if not on_log():
            self._poll.unregister(self._log)
            self._log_open = False
        return self._log_open

    def answer(
        self, call: Call, status: bytes, body: bytes, headers: bytes = b"Content-Type: application/json\r\n"
    ) -> None:
        head = b"HTTP/1.1 " + status + b"\r\n" + headers + b"Content-Length: %d\r\n\r\n" % len(body)
        try:
            if len(body) < 64 * 1024:
                call.connection.sendall(head + body)
            else:
                call.connection.sendall(head)
                call.connection.sendall(body)
        except OSError:
            self._drop(call.connection)

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(None)
        self.connections[connection.fileno()] = connection
        self._poll.register(connection, select.POLLIN)
        self.replaced = True

    def _drop(self, connection: socket.socket) -> None:
        self._poll.unregister(connection)
        del self.connections[connection.fileno()]
        connection.close()
        self.replaced = True

    def _read(self, connection: socket.socket) -> Call | None:
        """Read one whole request; None when the connection ended instead."""
        try:
            return _read_call(connection)
        except (ConnectionEnded, OSError):
            self._drop(connection)
            return None

    def close(self) -> None:
        self.listener.close()
        for connection in self.connections.values():
            connection.close()


def _read_call(connection: socket.socket) -> Call:
    data = bytearray()
    while (end := data.find(b"\r\n\r\n")) < 0:
        if len(data) > _HEAD_MAX:
            raise ConnectionEnded
        _receive(connection, data)
    lines = bytes(data[:end]).split(b"\r\n")
    method, path, _ = lines[0].split(b" ", 2)
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()
    del data[: end + 4]
    if headers.get(b"expect", b"").lower() == b"100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    path = path.removeprefix(_PREFIX)
    if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
        length = int(headers.get(b"content-length", b"0"))
        return Call(connection, method, path, headers, _read_length(connection, data, length))
    chunks = Chunks()
    try:
        body = chunks.feed(bytes(data))
        if path.endswith(b"/response"):
            return Call(connection, method, path, headers, body, chunks)
        return Call(connection, method, path, headers, _read_chunks(connection, body, chunks))
    except BrokenChunks as error:
        raise ConnectionEnded from error


def _received(connection: socket.socket) -> bytes:
    """What has arrived; nothing when the other side is gone."""
    try:
        return connection.recv(_RECEIVE_BYTES)
    except OSError:
        return b""


def _receive(connection: socket.socket, data: bytearray) -> None:
    received = connection.recv(_RECEIVE_BYTES)
    if not received:
        raise ConnectionEnded
    data += received


def _read_length(connection: socket.socket, data: bytearray, length: int) -> bytes | None:
    if length <= limits.SYNC_RESPONSE_BYTES:
        while len(data) < length:
            _receive(connection, data)
        return bytes(data[:length])
    left = length - len(data)  # too large: read to its end, keep nothing
    while left > 0:
        scrap = bytearray()
        _receive(connection, scrap)
        left -= len(scrap)
    return None


def _read_chunks(connection: socket.socket, first: bytes, chunks: Chunks) -> bytes | None:
    body = bytearray(first)
    while not chunks.ended:
        data = bytearray()
        _receive(connection, data)
        if len(body) <= limits.SYNC_RESPONSE_BYTES:  # too large: read to its end, keep no more
            body += chunks.feed(bytes(data))
        else:
            chunks.feed(bytes(data))
    return None if len(body) > limits.SYNC_RESPONSE_BYTES else bytes(body)
