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

from invocations.runtime import channel
from invocations.runtime.channel import Message
from invocations.runtime.host.init import FREEZE, KILL, THAW
from invocations.runtime.kernel import memory
from invocations.runtime.kernel import syscalls as sys_

F_SETPIPE_SZ = 1031  # fcntl names it from Python 3.10 on Linux only


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
        for end in (self.control, self.init_end, self.function, self.function_end):
            end.close()
        channel.close([file for file in (*self.listeners, *self.connections, self.log, self._init) if file >= 0])
        self.listeners, self.connections, self.log, self._init = [], [], -1, -1


class Environment:
    def __init__(self, key: str, spec: Message) -> None:
        self.key = key
        self.spec = spec
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
        self.request_id: str | None = None
        self.hops = 0
        self.ending: str | None = None  # why we killed it

    @property
    def function_arn(self) -> str:
        return str(self.spec["function_arn"])

    def enter(self, state: State) -> None:
        self.state, self.since = state, time.monotonic()

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
            self.processes.kill()

    def resident_mb(self) -> int:
        return memory.tree_resident_bytes(memory.tree(self.processes.pid)) // (1024 * 1024) if self.processes else 0

    def grant(self) -> tuple[Message, list[int]]:
        """What a borrower is told, and the open files it gets: log, listener, then the runtime's connections."""
        assert self.processes is not None
        message: Message = {
            "environment_id": self.environment_id,
            "log_stream": self.log_stream,
            "pid": self.processes.pid,
            "first": self.invocations == 0,
            "again": self.starts > 1 and self.init_seconds is None and self.invocations > 0,
            "starting": self.state == State.STARTING,
            "started": self.started,
            "init_seconds": self.init_seconds,
            "interpreter": self.spec["interpreter"],
        }
        return message, [self.processes.log, self.processes.listeners[0], *self.processes.connections]

    def describe(self) -> Message:
        return {
            "environment_id": self.environment_id,
            "function_arn": self.function_arn,
            "version": self.spec["version"],
            "state": str(self.state),
            "request_id": self.request_id,
            "seconds": time.monotonic() - self.since,
            "invocations": self.invocations,
            "memory_mb": self.resident_mb(),
            "interpreter": self.spec["interpreter"],
            "network": self.spec["network"],
        }

    def forget_processes(self) -> None:
        if self.processes is not None:
            self.processes.close()
            self.processes = None


def open_log_pipe() -> tuple[int, int]:
    """A pipe roomy enough for what a module prints while it is initialised ahead, with nobody reading yet."""
    read, write = os.pipe2(os.O_CLOEXEC)
    try:
        fcntl.fcntl(write, F_SETPIPE_SZ, 256 * 1024)
    except OSError:
        pass  # over the user's pipe quota: the default size does
    os.set_blocking(read, False)
    return read, write
