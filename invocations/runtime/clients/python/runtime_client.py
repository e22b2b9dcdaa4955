"""Stands in for awslambdaric's C++ module of the same name: the Runtime API over one kept-alive connection.

Differences to the original, all wanted: importing it neither reads the environment nor connects (so a fork server may
import it early), and a result that is too large is logged and survived (the platform has told the caller already).
Standard library only; the C socket type is taken directly, so that a handler which patches `socket` cannot reach it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from _socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY
from _socket import socket as Socket
from collections.abc import Iterable
from contextlib import suppress

# What next() hands on, by the names awslambdaric asks for; Lambda-Runtime-Deadline-Ms is an int.
Headers = "dict[str, str | int | None]"

_PREFIX = "/2018-06-01/runtime/invocation/"
_TOO_LARGE = 413
_ACCEPTED = 202
_RECEIVE_BYTES = 65536
_LARGE_RECEIVE_BYTES = 1024 * 1024
_WANTED = (
    "Lambda-Runtime-Aws-Request-Id",
    "Lambda-Runtime-Trace-Id",
    "Lambda-Runtime-Invoked-Function-Arn",
    "Lambda-Runtime-Deadline-Ms",
    "Lambda-Runtime-Client-Context",
    "Lambda-Runtime-Cognito-Identity",
    "Lambda-Runtime-Aws-Tenant-Id",
    "Lambda-Runtime-Invocation-Id",
    "Content-Type",
)
_SPELLING = {name.lower().encode(): name for name in _WANTED}
_KEPT = frozenset(_SPELLING) | {b"content-length", b"transfer-encoding", b"connection"}


class _Stale(Exception):
    """The server closed the kept-alive connection before it answered anything."""


class Connection:
    """One connection to the Runtime API; makes a new one when the server has closed it between two calls."""

    def __init__(self, user_agent: str) -> None:
        self._user_agent = user_agent
        self._socket: Socket | None = None
        self._common = ""
        self._next_request = b""

    def next(self) -> tuple[bytes, Headers]:
        """Wait for an event: (body, headers by the names in _WANTED). Raises RuntimeError when there is none."""
        if self._socket is None:
            self._connect()
        status, headers, body = self._exchange(self._next_request)
        if status != 200:
            raise RuntimeError("Failed to get next")
        named: Headers = dict.fromkeys(_WANTED)
        for name, value in headers.items():
            if name in _SPELLING and value:
                named[_SPELLING[name]] = value.decode("utf-8", "surrogateescape")
        named["Content-Type"] = named["Content-Type"] or "application/json"
        named["Lambda-Runtime-Deadline-Ms"] = int(named["Lambda-Runtime-Deadline-Ms"] or 0)
        return body, named

    def post(self, invoke_id: str, verb: str, body: bytes, headers: Iterable[tuple[str, str | None]]) -> int:
        """Send a result or an error; returns the HTTP status."""
        if self._socket is None:
            self._connect()
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers if value])
        start = f"POST {_PREFIX}{invoke_id}/{verb} HTTP/1.1\r\n{self._common}"
        head = f"{start}{lines}Content-Length: {len(body)}\r\n\r\n"
        return self._exchange(head.encode("utf-8", "surrogateescape") + body)[0]

    def _connect(self) -> None:
        address = os.environ["AWS_LAMBDA_RUNTIME_API"]
        host, _, port = address.rpartition(":")
        connection = Socket(AF_INET, SOCK_STREAM)
        connection.settimeout(None)  # whatever socket.setdefaulttimeout() says: events may be hours apart
        connection.connect((host or address, int(port) if host else 80))
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._socket = connection
        self._common = f"Host: {address}\r\nUser-Agent: {self._user_agent}\r\n"
        self._next_request = f"GET {_PREFIX}next HTTP/1.1\r\n{self._common}\r\n".encode()

    def _exchange(self, request: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        try:
            return self._exchange_once(request)
        except _Stale:
            self._connect()
        try:
            return self._exchange_once(request)
        except _Stale as error:
            self._close()
            raise RuntimeError("The Runtime API closed the connection") from error

    def _exchange_once(self, request: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        try:
            self._socket.sendall(request)
            data = self._socket.recv(_RECEIVE_BYTES)
        except (BrokenPipeError, ConnectionResetError) as error:
            self._close()
            raise _Stale from error
        if not data:
            self._close()
            raise _Stale
        while True:
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                break
            data += self._receive()
        status, headers = _parse_head(data[:end])
        body = self._body(headers, data[end + 4 :])
        if headers.get(b"connection", b"").lower() == b"close":
            self._close()
        return status, headers, body

    def _body(self, headers: dict[bytes, bytes], data: bytes) -> bytes:
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            return self._chunks(data)
        missing = int(headers.get(b"content-length", 0)) - len(data)
        if missing <= 0:
            return data
        parts = [data]
        while missing > 0:
            part = self._receive(min(missing, _LARGE_RECEIVE_BYTES))
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _chunks(self, data: bytes) -> bytes:
        parts = []
        while True:
            while b"\r\n" not in data:
                data += self._receive()
            size, _, data = data.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            while len(data) < length + 2:
                data += self._receive()
            if length == 0:
                return b"".join(parts)
            parts.append(data[:length])
            data = data[length + 2 :]

    def _receive(self, most: int = _RECEIVE_BYTES) -> bytes:
        data = self._socket.recv(most)
        if not data:
            self._close()
            raise RuntimeError("The Runtime API broke off its answer")
        return data

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _parse_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    """(status, headers we know by lower-case name) of everything before the empty line."""
    lines = head.split(b"\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _KEPT:
            headers[name] = value.strip()
    return int(lines[0].split(b" ", 2)[1]), headers


_connection = Connection("aws-lambda-python")


def initialize_client(user_agent: str) -> None:
    """Called by awslambdaric when it is imported. Nothing is opened before the first next()."""
    global _connection
    _connection = Connection(user_agent)


def next() -> tuple[bytes, Headers]:
    return _connection.next()


def post_invocation_result(invoke_id: str, body: bytes, content_type: str, invocation_id: str | None = None) -> None:
    status = _connection.post(
        invoke_id, "response", body, (("Content-Type", content_type), ("Lambda-Runtime-Invocation-Id", invocation_id))
    )
    if status == _TOO_LARGE:
        _log(f"Failed to post handler success response. Http response code: {status}.")
    elif status != _ACCEPTED:
        raise RuntimeError("Failed to post invocation response")


def post_error(invoke_id: str, error: str, xray_cause: str, invocation_id: str | None = None) -> None:
    """`error` is a JSON text. The cause for X-Ray, up to 1 MB of header, is not sent: there is no X-Ray here."""
    error_type, message = _type_and_message(error)
    if error_type == "MemoryError" and not message:
        _die_as_out_of_memory()
    status = _connection.post(
        invoke_id,
        "error",
        error.encode("utf-8", "surrogatepass"),
        (
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Function-Error-Type", error_type),
            ("Lambda-Runtime-Invocation-Id", invocation_id),
        ),
    )
    if status == _TOO_LARGE:
        _log(f"Failed to post handler error response. Http response code: {status}.")
    elif status != _ACCEPTED:
        raise RuntimeError("Failed to post invocation error")


def _type_and_message(error: str) -> tuple[str, str]:
    import json

    try:
        value = json.loads(error)
        kind, message = value.get("errorType", ""), value.get("errorMessage", "")
    except (ValueError, AttributeError):
        return "", ""
    # It becomes a header: a name that does not fit into one is not sent.
    fits = isinstance(kind, str) and kind.isascii() and kind.isprintable()
    return (kind if fits else ""), message


def _die_as_out_of_memory() -> None:
    """The interpreter met the memory limit. On AWS the kernel would have killed the process there."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, MemoryError):
            stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def _log(text: str) -> None:
    sys.stderr.write(f"[ERROR] [{int(time.time() * 1000)}] LAMBDA_RUNTIME {text}\n")
    sys.stderr.flush()
