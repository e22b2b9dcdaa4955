"""The way to the internet for functions that may use it: an HTTP proxy that knows no inner address.

One connection, one thread: such traffic is rare. Names are resolved once and the address that was judged is the one
that is connected to.
"""

from __future__ import annotations

import select
import socket
from urllib.parse import urlsplit

from invocations.decisions.addresses import is_public

_HEAD_MAX = 64 * 1024
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 300.0


def serve(inner: socket.socket) -> None:
    """Answer one proxy request: CONNECT for TLS, absolute URLs for plain http."""
    with inner:
        inner.settimeout(_CONNECT_SECONDS)
        try:
            head = _read_head(inner)
            target = _target(head)
            if target is None:
                _refuse(inner, "400 Bad Request", "not a proxy request")
                return
            host, port, first = target
            address = _resolve(host, port)
            if address is None:
                _refuse(inner, "403 Forbidden", f"{host} is not an address of the internet")
                return
            with socket.create_connection(address, timeout=_CONNECT_SECONDS) as outer:
                if first:
                    outer.sendall(first)
                else:
                    inner.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _join(inner, outer)
        except OSError:
            return  # either side went away; both are closed


def _read_head(inner: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_MAX:
        data = inner.recv(16 * 1024)
        if not data:
            break
        head += data
    return head


def _target(head: bytes) -> tuple[str, int, bytes] | None:
    """Host, port and what to send there first (nothing for CONNECT)."""
    line, _, rest = head.partition(b"\r\n")
    parts = line.decode("latin-1").split(" ")
    if len(parts) != 3:
        return None
    method, url, version = parts
    if method == "CONNECT":
        host, _, port = url.rpartition(":")
        return (host.strip("[]"), int(port), b"") if host and port.isdigit() else None
    address = urlsplit(url)
    if address.scheme != "http" or not address.hostname:
        return None
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    return address.hostname, address.port or 80, f"{method} {path} {version}\r\n".encode("latin-1") + rest


def _resolve(host: str, port: int) -> tuple[str, int] | None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return None
    for *_, address in found:
        if is_public(str(address[0])):
            return str(address[0]), port
    return None


def _refuse(inner: socket.socket, status: str, reason: str) -> None:
    body = f"lambdaplay: {reason}\n".encode()
    inner.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)


def _join(one: socket.socket, two: socket.socket) -> None:
    while True:
        readable, _, _ = select.select([one, two], [], [], _IDLE_SECONDS)
        if not readable:
            return
        for source in readable:
            data = source.recv(64 * 1024)
            if not data:
                return
            (two if source is one else one).sendall(data)
