"""One execution environment as the host sees it. The host owns its processes; a borrower talks to its runtime."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import time
import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from invocations.runtime import channel
from invocations.runtime.channel import Message
from invocations.runtime.host.init import FREEZE, KILL, THAW
from invocations.runtime.kernel import memory
from invocations.runtime.kernel import syscalls as sys_

F_SETPIPE_SZ = 1031  # fcntl names it from Python 3.10 on Linux only


class Farewell(Protocol):
    """What extensions are due before the end (farewell.py)."""

    def begin(self, reason: str) -> bool:
        """Whether the end of all processes is on its way; False: they are to be killed now."""

    def runtime_ended(self, status: int | None) -> bool:
        """The runtime is gone. Whether extensions are still there."""

    def is_over(self) -> None:
        """All processes are gone."""

    @property
    def status(self) -> int | None:
        """How the runtime ended."""

    @property
    def ended_at(self) -> float | None:
        """When it did, if by itself."""


class State(StrEnum):
    STARTING = "starting"
    IDLE = "idle"
    FROZEN = "frozen"
    BUSY = "busy"
    RESET = "reset"  # its processes are gone; identity and /tmp wait for the next event
    ENDED = "ended"


class Processes:
    """The init and the function process of one blank, and the ends of everything that leads into it."""

    def __init__(self, number: int, own_network: bool, own_pids: bool) -> None:
        self.number = number
        self.own_network = own_network
        self.own_pids = own_pids
        self.control, self.init_end = channel.pair()
        self.function, self.function_end = channel.pair()
        for end in (self.control, self.function):
            channel.ask_credentials(end)
        self.listeners: list[int] = []
        self.connections: list[int] = []
        self.log = -1
        self.agent: socket.socket | None = None  # of its extensions, when it has any
        self.farewell: Farewell | None = None  # what they are due before they end
        self.pid = 0  # of the function process, on the host
        self._init = -1  # pidfd

    def born(self, packet: channel.Packet) -> None:
        """The init says that the jail stands; from here on it can be killed without fear of a reused pid."""
        assert packet.pid is not None  # asked for with SO_PASSCRED
        self._init = sys_.pidfd_open(packet.pid)
        self.init_pid = packet.pid
        self.listeners = packet.files
        hello = channel.receive(self.function)
        self.pid = hello.pid or 0

    def kill(self) -> None:
        if not self.own_pids:
            self.signal(KILL)  # the init ends all below it; its own end would set them free
            return
        try:
            sys_.pidfd_send_signal(self._init, signal.SIGKILL)
        except (ProcessLookupError, OSError):
            pass  # gone already

    def end(self, reason: str) -> None:
        """Kill, or have the extensions told first: then they end a little later."""
        if self.farewell is None or not self.farewell.begin(reason):
            self.kill()

    def members(self) -> list[int]:
        """The processes that count as the function's."""
        return memory.tree(self.init_pid)[1:] if self.agent is None else memory.attended_tree(self.init_pid)

    def lives(self) -> bool:
        """Whether the init is still there."""
        poll = select.poll()
        poll.register(self._init, select.POLLIN)
        return not poll.poll(0)

    def signal(self, order: bytes) -> None:
        try:
            self.control.send(order)
        except OSError:
            pass  # gone; the loop will hear of it

    def asks_for_next(self) -> bool:
        """Whether the runtime has sent something that waits to be read: its next call, or a new connection."""
        poll = select.poll()
        for file in (*self.connections, *self.listeners[:1]):
            poll.register(file, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        for end in (self.control, self.init_end, self.function, self.function_end, self.agent):
            if end is not None:
                end.close()
        channel.close([file for file in (*self.listeners, *self.connections, self.log, self._init) if file >= 0])
        self.listeners, self.connections, self.log, self._init = [], [], -1, -1


class Environment:
    def __init__(self, key: str, spec: Message, provisioned: bool = False) -> None:
        self.key = key
        self.spec = spec
        self.provisioned = provisioned  # kept ready by a pool
        self.environment_id = uuid.uuid4().hex
        today = datetime.now(UTC)
        self.log_stream = f"{today:%Y/%m/%d}/[{spec['version']}]{self.environment_id}"
        self.state = State.STARTING
        self.processes: Processes | None = None
        self.tmp: int | None = None  # the number of the blank whose /tmp this is
        self.invocations = 0
        self.starts = 0
        self.started = self.since = time.monotonic()
        self.init_seconds: float | None = None  # measured by the host only when nobody borrowed it meanwhile
        self.retired = False
        self.borrower: socket.socket | None = None
        self.loan = 0  # the borrower's number for what it has or had last
        self.kept_by: socket.socket | None = None  # rested, but still in the hands of who borrowed it last
        self.token = -1  # an eventfd that the last borrower has too; who reads the one in it has the environment
        self.request_id: str | None = None
        self.hops = 0
        self.ending: str | None = None  # why we killed it
        self.last_words = ""  # of an initialisation that failed while nobody waited
        self.extensions: list[Message] | None = None  # as they were when all of them were ready, until told

    @property
    def function_arn(self) -> str:
        return str(self.spec["function_arn"])

    @property
    def ready(self) -> bool:
        """Initialised, and working or free to."""
        return self.state in (State.IDLE, State.FROZEN, State.BUSY) and self.ending is None

    def enter(self, state: State) -> None:
        self.state, self.since = state, time.monotonic()

    def take_in_hand(self) -> bool:
        """Whether nobody uses it, or can begin to without us: what its last borrower keeps is taken from it."""
        if self.kept_by is not None:
            try:
                os.eventfd_read(self.token)
            except BlockingIOError:
                return False  # it goes on there; the message that says so is on its way
            self.kept_by = None
        return self.borrower is None

    def renew_token(self) -> None:
        """A token is one loan's: an earlier borrower must not find the next one's."""
        self.close_token()
        self.token = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def close_token(self) -> None:
        if self.token >= 0:
            os.close(self.token)
            self.token = -1

    def thaw(self) -> None:
        if self.state == State.FROZEN and self.processes is not None:
            self.processes.signal(THAW)

    def freeze(self) -> bool:
        """Stop the processes once the runtime has asked for its next event; False when it has not yet."""
        if self.processes is None or not self.processes.asks_for_next():
            return False
        self.processes.signal(FREEZE)
        self.enter(State.FROZEN)
        return True

    def kill(self, reason: str) -> None:
        if self.ending is None:
            self.ending = reason
        if self.processes is not None:
            self.processes.end(reason)

    def resident_mb(self) -> int:
        return memory.tree_resident_bytes(memory.tree(self.processes.pid)) // (1024 * 1024) if self.processes else 0

    def grant(self) -> tuple[Message, list[int]]:
        """What a borrower is told, and the open files it gets: log, listener, token, the runtime's connections.

        Where there are extensions, the socket of their agent comes before the connections.
        """
        assert self.processes is not None
        message: Message = {
            "environment_id": self.environment_id,
            "log_stream": self.log_stream,
            "pid": self.processes.pid,
            "provisioned": self.provisioned,
            "first": self.invocations == 0 and not self.provisioned,
            # What a provisioned one's initialisation took, told once: it is part of no event.
            "initialised": (self.init_seconds or None) if self.provisioned else None,
            "again": self.starts > 1 and self.init_seconds is None and self.invocations > 0,
            "starting": self.state == State.STARTING,
            "started": self.started,
            "init_seconds": self.init_seconds,
            "interpreter": self.spec["interpreter"],
        }
        files = [self.processes.log, self.processes.listeners[0], self.token]
        if self.processes.agent is not None:
            message["extensions"], self.extensions = self.extensions, None
            files.append(self.processes.agent.fileno())
        return message, [*files, *self.processes.connections]

    def describe(self) -> Message:
        return {
            "environment_id": self.environment_id,
            "function_arn": self.function_arn,
            "version": self.spec["version"],
            "state": str(self.state),
            "provisioned": self.provisioned,
            "request_id": self.request_id,
            "seconds": time.monotonic() - self.since,
            "invocations": self.invocations,
            "memory_mb": self.resident_mb(),
            "interpreter": self.spec["interpreter"],
            "network": self.spec["network"],
        }


def read_tail(log: int, most: int) -> str:
    """The end of what waits in a log pipe."""
    kept = b""
    while True:
        try:
            read = os.read(log, 64 * 1024)
        except OSError:
            read = b""
        if not read:
            return kept.decode(errors="replace")
        kept = (kept + read)[-most:]


def open_log_pipe() -> tuple[int, int]:
    """A pipe roomy enough for what a module prints while it is initialised ahead, with nobody reading yet."""
    read, write = os.pipe2(os.O_CLOEXEC)
    try:
        fcntl.fcntl(write, F_SETPIPE_SZ, 256 * 1024)
    except OSError:
        pass  # over the user's pipe quota: the default size does
    os.set_blocking(read, False)
    return read, write
