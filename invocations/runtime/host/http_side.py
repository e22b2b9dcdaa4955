"""HTTP as the extension agent needs it: a request read from a connection, an answer written, a call passed on.

An extension may speak the Runtime API too (a web server's adapter does; so does a proxy in front of the runtime), at
the address that it knows. Those calls are passed on to the real listener, one by one, as they come.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import NamedTuple

from invocations.runtime.chunks import BrokenChunks, Chunks

_HEAD_MAX = 1024 * 1024 + 64 * 1024
_BODY_MAX = 1024 * 1024
_RECEIVE_BYTES = 256 * 1024


class Ended(Exception):
    """The other side is gone, or what it sends is no HTTP."""


class Head(NamedTuple):
    """The first line and the headers (lower-case names), as they were sent too."""

    first: list[bytes]
    headers: Mapping[bytes, bytes]
    raw: bytes

    @property
    def length(self) -> int:
        text = self.headers.get(b"content-length", b"0")
        if not text.isdigit():
            raise Ended
        return int(text)

    @property
    def last(self) -> bool:
        """Whether its sender wants the connection closed after the answer."""
        return self.headers.get(b"connection", b"").lower() == b"close" or self.first[2] == b"HTTP/1.0"

    @property
    def chunked(self) -> bool:
        return self.headers.get(b"transfer-encoding", b"").lower() == b"chunked"


class Side:
    """One end of a connection and what was received there too early."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._data = bytearray()

    def head(self) -> Head:
        while (end := self._data.find(b"\r\n\r\n")) < 0:
            if len(self._data) > _HEAD_MAX:
                raise Ended
            self._data += self._receive()
        raw = bytes(self._data[: end + 4])
        del self._data[: end + 4]
        first, *lines = raw[:-4].split(b"\r\n")
        parts = first.split(b" ", 2)
        if len(parts) != 3:
            raise Ended
        pairs = (line.partition(b":") for line in lines)
        return Head(parts, {name.strip().lower(): value.strip() for name, _, value in pairs}, raw)

    def body(self, head: Head) -> bytes:
        """Of a call that is answered here."""
        found = bytearray()
        if head.chunked:
            chunks = Chunks()
            while not chunks.ended and len(found) <= _BODY_MAX:
                found += _fed(chunks, self.piece(_RECEIVE_BYTES))
        else:
            while len(found) < min(head.length, _BODY_MAX + 1):
                found += self.piece(head.length - len(found))
        if len(found) > _BODY_MAX:
            raise Ended
        return bytes(found)

    def piece(self, most: int) -> bytes:
        """Something of what comes next, at most so many bytes."""
        if not self._data:
            self._data += self._receive()
        data = bytes(self._data[:most])
        del self._data[:most]
        return data

    def _receive(self) -> bytes:
        try:
            received = self.connection.recv(_RECEIVE_BYTES)
        except OSError as error:
            raise Ended from error
        if not received:
            raise Ended
        return received

    def write(self, data: bytes) -> None:
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise Ended from error

    def answer(self, status: bytes, body: bytes, headers: Mapping[str, str]) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1")
        kind = b"Content-Type: application/json\r\n"
        self.write(b"HTTP/1.1 " + status + b"\r\n" + kind + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def pass_on(head: Head, caller: Side, target: Side) -> None:
    """Send this call to the target and its answer back. Raises Ended when either side goes in the middle of it."""
    target.write(head.raw)
    _copy_body(head, caller, target)
    answer = target.head()
    while answer.first[1] == b"100":
        answer = target.head()
    caller.write(answer.raw)
    _copy_body(answer, target, caller)


def _copy_body(head: Head, source: Side, target: Side) -> None:
    if head.headers.get(b"expect", b"").lower() == b"100-continue":
        source.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if head.chunked:
        chunks = Chunks()
        while not chunks.ended:
            piece = source.piece(_RECEIVE_BYTES)
            _fed(chunks, piece)
            target.write(piece)
        return
    left = head.length
    while left > 0:
        piece = source.piece(min(left, _RECEIVE_BYTES))
        target.write(piece)
        left -= len(piece)


def _fed(chunks: Chunks, data: bytes) -> bytes:
    try:
        return chunks.feed(data)
    except BrokenChunks as error:
        raise Ended from error
