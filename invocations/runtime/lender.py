"""Borrowing execution environments from the environment host. One connection a loan, kept for the next one."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Any

from invocations.errors import TooManyRequests, UnusablePart
from invocations.runtime import channel
from invocations.runtime.channel import Message
from invocations.runtime.exchange import Exchange
from invocations.runtime.output import Output

# How long the host may take to say anything, seconds. Making an environment takes milliseconds; a host under a storm of
# starts may need longer, and a stopped one should not hold its callers for ever.
_PATIENCE = 60.0
_idle: list[socket.socket] = []


class Loan:
    """An environment in our hands until `give_back`, or until the host says that it died."""

    def __init__(self, control: socket.socket, grant: Message, files: list[int]) -> None:
        log, listener, *connections = files
        self.grant = grant
        self.control = control
        self._log = log
        self.exchange = Exchange(listener, connections, log, control.fileno())
        self.output = Output(log)
        self.death: Message | None = None
        self._over = False

    def kill(self, reason: str) -> Message:
        """Have the environment's whole process tree killed; return how it ended."""
        self.order_kill(reason)
        return self.await_death()

    def order_kill(self, reason: str) -> None:
        with contextlib.suppress(OSError):
            channel.send(self.control, {"op": "kill", "reason": reason})

    def await_death(self) -> Message:
        """Wait for the host's word that the environment is dead. `{"reason", "status"}`."""
        if self.death is None:
            message = _ask(self.control)
            self.death = message.get("dead", {"reason": "lost", "status": None})
        return self.death

    def give_back(self) -> None:
        """End the loan: return a living environment, or just the connection when it died."""
        if self._over:
            return
        self._over = True
        connections = list(self.exchange.connections) if self.exchange.replaced else []
        try:
            if self.death is None:
                channel.send(self.control, {"op": "return", "replaced": self.exchange.replaced}, connections)
            _idle.append(self.control)
        except OSError:
            self.control.close()
        self._close()

    def abandon(self) -> None:
        """Drop the connection: the host then ends whatever was lent on it."""
        if not self._over:
            self._over = True
            self.control.close()
            self._close()

    def _close(self) -> None:
        self.exchange.close()
        os.close(self._log)


def borrow(path: str, order: Message, spec: Message) -> Loan:
    """Ask for an environment. Raises TooManyRequests when a limit is reached, UnusablePart when the host is away."""
    control, packet = _begin(path, {"op": "borrow", **order})
    if packet.message == {"need": "spec"}:
        try:
            channel.send(control, {"op": "borrow", **order, "spec": spec})
            packet = _receive(control)
        except OSError as error:
            raise _away(path) from error
    message = packet.message or {}
    if "throttled" in message:
        _idle.append(control)
        raise TooManyRequests(message["throttled"])
    if "dead" in message:  # it died before it could be lent
        _idle.append(control)
        raise UnusablePart("The execution environment could not be made; see the environment host's log.")
    return Loan(control, message["grant"], packet.files)


def tell(path: str, message: Message) -> None:
    """Send what needs no answer. A host that is away misses it; that costs a cold start, no more."""
    with contextlib.suppress(UnusablePart, OSError):
        control = _take(path)
        channel.send(control, message)
        _idle.append(control)


@contextlib.contextmanager
def conversation(path: str, message: Message) -> Iterator[Any]:
    """Ask something with several answers: yields a function that returns the next one."""
    control, packet = _begin(path, message)
    first: list[Message] = [packet.message or {}]
    yield lambda: first.pop() if first else _ask(control)
    _idle.append(control)


def _begin(path: str, message: Message) -> tuple[socket.socket, channel.Packet]:
    """Send on a kept connection; when it turns out to be of a former host, once more on a new one."""
    while True:
        kept = bool(_idle)
        control = _take(path)
        try:
            channel.send(control, message)
            return control, _receive(control)
        except (OSError, UnusablePart) as error:
            control.close()
            if not kept:
                raise _away(path) from error


def _take(path: str) -> socket.socket:
    try:
        return _idle.pop()
    except IndexError:
        control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.settimeout(_PATIENCE)
        try:
            control.connect(path)
        except OSError as error:
            control.close()
            raise _away(path) from error
        return control


def _receive(control: socket.socket) -> channel.Packet:
    packet = channel.receive(control)
    if packet.message is None:
        raise UnusablePart("The environment host closed the connection.")
    return packet


def _ask(control: socket.socket) -> Message:
    try:
        return channel.receive(control).message or {}
    except OSError:
        return {}


def _away(path: str) -> UnusablePart:
    return UnusablePart(f"The environment host does not answer at {path}. Is `manage.py up` running?")


def hang_up() -> None:
    """Close the kept connections: after a fork (a connection is one process's conversation), or for another host."""
    while _idle:
        _idle.pop().close()


os.register_at_fork(after_in_child=hang_up)
