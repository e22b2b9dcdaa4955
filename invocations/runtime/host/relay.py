"""The ways out of an environment's own network: to our endpoint, and (when allowed) through the forwarder.

A thread of its own, so that moving bytes never delays a grant. Connections to the endpoint listener inside an
environment are joined to the server's port outside of it.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import threading
from collections.abc import Iterable

from invocations.runtime.host import forwarder
from invocations.runtime.host.settings import HostSettings

log = logging.getLogger("lambdaplay.host")

_CHUNK = 256 * 1024
_BACKLOG_MAX = 1024 * 1024  # bytes held for a slow reader before its writer has to wait


class _Side:
    """One socket of a joined pair and the bytes waiting to be written to it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.waiting = bytearray()
        self.ended = False  # nothing more will come to be written
        self.read_closed = False
        self.other: _Side


class Relay:
    def __init__(self, settings: HostSettings) -> None:
        self._server = (settings.endpoint_address, settings.endpoint_port)
        self._selector = selectors.DefaultSelector()
        self._woken, self._wakes = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._lock = threading.Lock()
        self._changes: list[tuple[str, int, int]] = []
        self._own: dict[int, int] = {}

    def start(self) -> None:
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        threading.Thread(target=self._run, name="relay", daemon=True).start()

    def serve(self, endpoint: int, forward: int) -> None:
        """Serve these listeners (duplicated: the caller keeps its own) until told to forget them."""
        self._post("endpoint", endpoint, os.dup(endpoint))
        self._post("forward", forward, os.dup(forward))

    def forward(self, listener: int) -> None:
        """Serve this listener as the forwarder, for good."""
        self._post("forward", listener, listener)

    def forget(self, listeners: Iterable[int]) -> None:
        for listener in listeners:
            self._post("forget", listener, -1)

    def _post(self, what: str, name: int, file: int) -> None:
        with self._lock:
            self._changes.append((what, name, file))
        try:
            os.write(self._wakes, b".")
        except BlockingIOError:
            pass  # woken already

    def _run(self) -> None:
        while True:
            for key, events in self._selector.select():
                try:
                    self._serve_one(key.data, events)
                except Exception:
                    log.exception("the relay dropped a connection")

    def _serve_one(self, data: object, events: int) -> None:
        if data is None:
            os.read(self._woken, 4096)
            self._apply_changes()
        elif isinstance(data, tuple):
            self._accept(*data)
        elif isinstance(data, _Side):
            self._move(data, events)

    def _apply_changes(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, []
        for what, name, file in changes:
            if what != "forget":
                self._own[name] = file
                listener = socket.socket(fileno=file)
                listener.setblocking(False)
                self._selector.register(listener, selectors.EVENT_READ, (what, listener))
            elif name in self._own:
                listener = self._selector.get_key(self._own.pop(name)).fileobj  # type: ignore[assignment]
                self._selector.unregister(listener)
                listener.close()

    def _accept(self, what: str, listener: socket.socket) -> None:
        try:
            inner, _ = listener.accept()
        except BlockingIOError:
            return
        if what == "forward":
            threading.Thread(target=forwarder.serve, args=(inner,), daemon=True).start()
            return
        try:
            outer = socket.create_connection(self._server, timeout=5)
        except OSError:
            inner.close()
            return
        sides = _Side(inner), _Side(outer)
        sides[0].other, sides[1].other = sides[1], sides[0]
        for side in sides:
            side.sock.setblocking(False)
            side.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(side.sock, selectors.EVENT_READ, side)

    def _move(self, side: _Side, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                self._read(side)
            if events & selectors.EVENT_WRITE:
                self._write(side)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._drop(side)
            return
        if side.read_closed and side.other.read_closed and not (side.waiting or side.other.waiting):
            self._drop(side)
            return
        self._watch(side)
        self._watch(side.other)

    def _read(self, side: _Side) -> None:
        data = side.sock.recv(_CHUNK)
        if data:
            side.other.waiting += data
        else:
            side.read_closed = True
            side.other.ended = True
        self._write(side.other)

    def _write(self, side: _Side) -> None:
        if side.waiting:
            try:
                sent = side.sock.send(side.waiting)
            except BlockingIOError:
                return
            del side.waiting[:sent]
        if side.ended and not side.waiting:
            try:
                side.sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the peer closed both ways

    def _watch(self, side: _Side) -> None:
        events = 0
        if not side.read_closed and len(side.other.waiting) < _BACKLOG_MAX:
            events |= selectors.EVENT_READ
        if side.waiting:
            events |= selectors.EVENT_WRITE
        registered = side.sock in self._selector.get_map()
        if events == 0:
            if registered:
                self._selector.unregister(side.sock)
        elif registered:
            self._selector.modify(side.sock, events, side)
        else:
            self._selector.register(side.sock, events, side)

    def _drop(self, side: _Side) -> None:
        for end in (side, side.other):
            if end.sock.fileno() >= 0:
                try:
                    self._selector.unregister(end.sock)
                except KeyError:
                    pass
                end.sock.close()
