"""Borrowing execution environments from the environment host. One connection a loan, kept for the next one.

What was lent may be kept for a moment after its event and used again without asking, as long as the host has not taken
it back: see the host's own words on the token.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from invocations.errors import TooManyRequests, UnusablePart
from invocations.runtime import channel
from invocations.runtime.attended_exchange import AttendedExchange
from invocations.runtime.channel import Message
from invocations.runtime.exchange import Exchange
from invocations.runtime.output import Output

# How long the host may take to say anything, seconds. Making an environment takes milliseconds; a host under a storm of
# starts may need longer, and a stopped one should not hold its callers for ever.
_PATIENCE = 60.0
_idle: list[socket.socket] = []
# The host takes back what it wants to freeze, 25 ms after the event. Nothing is kept beyond twice that.
KEEP_SECONDS = 0.05
_KEPT_MAX = 16
_kept: deque[Loan] = deque()  # the longest kept first
_lock = threading.Lock()
_numbers = itertools.count(1)


class Loan:
    """An environment in our hands until `give_back`, or until the host says that it died."""

    def __init__(self, control: socket.socket, order: Message, grant: Message, files: list[int]) -> None:
        log, listener, self._token, *connections = files
        self.attended = "extensions" in grant
        self.terms = _terms(order)
        self.grant = grant
        self.control = control
        self.kept_at = 0.0
        self._log = log
        if self.attended:
            agent, *connections = connections
            self.exchange: Exchange = AttendedExchange(
                listener, connections, log, control.fileno(), agent, lambda: self.order_kill("extension")
            )
        else:
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

    def keep(self) -> None:
        """The event is over: leave the environment to the host, but go on with it when the next event comes at once."""
        if self.death is not None or self._over or self.grant["spilled"]:
            self.give_back()
            return
        self.kept_at = time.monotonic()
        try:
            os.eventfd_write(self._token, 1)
            self._hand_in("keep")
        except OSError:
            self.abandon()
            return
        with _lock:
            _kept.append(self)
        _drop_stale()

    def resume(self, order: Message) -> bool:
        """Go on with a kept environment; False when the host has taken it back, or it is dead."""
        if not self._take_token():
            return False
        try:
            channel.send(self.control, {"op": "resume", **order})
        except OSError:
            self.abandon()
            return False
        self.grant = {**self.grant, "first": False, "again": False, "starting": False, "initialised": None}
        self.exchange.replaced = False
        self.output = Output(self._log)
        return True

    def release(self) -> None:
        """Keep it no longer."""
        if not self._over:
            self._over = True
            try:
                if self._take_token():
                    channel.send(self.control, {"op": "release"})
                _idle.append(self.control)
            except OSError:
                self.control.close()
            self._close()

    def give_back(self) -> None:
        """End the loan: return a living environment, or just the connection when it died."""
        if self._over:
            return
        self._over = True
        try:
            if self.death is None:
                self._hand_in("return")
            _idle.append(self.control)
        except OSError:
            self.control.close()
        self._close()

    def _hand_in(self, op: str) -> None:
        connections = list(self.exchange.connections) if self.exchange.replaced else []
        channel.send(self.control, {"op": op, "replaced": self.exchange.replaced}, connections)

    def _take_token(self) -> bool:
        try:
            return os.eventfd_read(self._token) == 1
        except BlockingIOError:
            return False

    def abandon(self) -> None:
        """Drop the connection: the host then ends whatever was lent on it."""
        if not self._over:
            self._over = True
            self.control.close()
            self._close()

    def _close(self) -> None:
        self.exchange.close()
        os.close(self._log)
        os.close(self._token)


def borrow(path: str, order: Message, spec: Message) -> Loan:
    """Get an environment. Raises TooManyRequests when a limit is reached, UnusablePart when the host is away."""
    order = {**order, "loan": next(_numbers)}
    return _resumed(order) or _borrow(path, order, spec)


def _borrow(path: str, order: Message, spec: Message) -> Loan:
    control, packet = _begin(path, {"op": "borrow", **order})
    if packet.message == {"need": "spec"}:
        try:
            channel.send(control, {"op": "borrow", **order, "spec": spec})
            packet = _receive(control, order["loan"])
        except OSError as error:
            raise _away(path) from error
    message = packet.message or {}
    if "throttled" in message:
        _idle.append(control)
        raise TooManyRequests(message["throttled"])
    if "dead" in message:  # it died before it could be lent
        _idle.append(control)
        raise UnusablePart("The execution environment could not be made; see the environment host's log.")
    return Loan(control, order, message["grant"], packet.files)


def _terms(order: Message) -> tuple[object, ...]:
    """What a kept environment was lent for: the limits too, for the host is not asked again."""
    return order["key"], order["reserved"], order["provisioned"], order["unreserved_limit"]


def _resumed(order: Message) -> Loan | None:
    terms = _terms(order)
    while True:
        with _lock:
            loan = next((kept for kept in reversed(_kept) if kept.terms == terms), None)
            if loan is None:
                return None
            _kept.remove(loan)
        if loan.resume(order):
            return loan
        loan.release()


def _drop_stale() -> None:
    """Open files of what the host has taken back long since are of no use."""
    while True:
        with _lock:
            if not _kept or (len(_kept) <= _KEPT_MAX and time.monotonic() - _kept[0].kept_at < KEEP_SECONDS):
                return
            stale = _kept.popleft()
        stale.release()


def tell(path: str, message: Message) -> None:
    """Send what needs no answer. A host that is away misses it; that costs a cold start, no more."""
    kept = True
    while kept:
        kept = bool(_idle)
        try:
            control = _take(path)
        except UnusablePart:
            return
        try:
            channel.send(control, message)
        except OSError:
            control.close()
        else:
            _idle.append(control)
            return


@contextlib.contextmanager
def conversation(path: str, message: Message, patience: float = _PATIENCE) -> Iterator[Any]:
    """Ask something with several answers: yields a function that returns the next one."""
    control, packet = _begin(path, message, patience)
    first: list[Message] = [packet.message or {}]
    yield lambda: first.pop() if first else _ask(control)
    control.settimeout(_PATIENCE)
    _idle.append(control)


def _begin(path: str, message: Message, patience: float = _PATIENCE) -> tuple[socket.socket, channel.Packet]:
    """Send on a kept connection; when it turns out to be of a former host, once more on a new one."""
    while True:
        kept = bool(_idle)
        control = _take(path)
        try:
            control.settimeout(patience)
            channel.send(control, message)
            return control, _receive(control, message.get("loan", 0))
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


def _receive(control: socket.socket, loan: int) -> channel.Packet:
    """Read an answer. What a former loan on this connection died of is nobody's concern any more."""
    while True:
        packet = channel.receive(control)
        if packet.message is None:
            raise UnusablePart("The environment host closed the connection.")
        if packet.message.get("loan", loan) == loan:
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
    global _lock
    _lock = threading.Lock()  # at a fork another thread may have held it
    while _idle:
        _idle.pop().close()
    while _kept:
        _kept.pop().abandon()


os.register_at_fork(after_in_child=hang_up)
