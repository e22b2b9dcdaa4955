"""The environment host: who has which execution environment, and who may have one.

Borrowers (any thread of any server process) hold one connection each. A grant carries the environment's open files, so
events and answers never pass through here. A borrower's end is the end of what it borrowed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections import OrderedDict

from invocations.runtime import channel
from invocations.runtime.channel import Message
from invocations.runtime.host.admission import throttle_reason
from invocations.runtime.host.environment import Environment, State
from invocations.runtime.host.keeper import Keeper
from invocations.runtime.host.loop import Loop
from invocations.runtime.host.settings import HostSettings

SPECS_KEPT = 2000


class Host:
    def __init__(self, loop: Loop, settings: HostSettings, level: str, findings: Message) -> None:
        self._loop = loop
        self._settings = settings
        self._level = level
        self._findings = findings
        self._keeper = Keeper(loop, settings, level, self)
        self._specs: OrderedDict[str, Message] = OrderedDict()
        self._loans: dict[int, Environment] = {}
        self._listener: socket.socket | None = None

    def start(self) -> None:
        self._keeper.start()

    def open(self) -> None:
        """Let borrowers in, once a first environment could be made: `healthy` means that functions can run."""
        if self._listener is None:
            self._listener = _listen(self._settings.socket_path)
            self._loop.watch(self._listener.fileno(), self._accept)

    def lend(self, environment: Environment) -> None:
        environment.thaw()
        message, files = environment.grant()
        environment.invocations += 1
        environment.enter(State.BUSY)
        assert environment.borrower is not None
        self._reply(environment.borrower, {"grant": message}, files)
        self._keeper.watch_memory()

    def died(self, borrower: socket.socket, reason: str, status: int | None) -> None:
        self._loans.pop(borrower.fileno(), None)
        self._reply(borrower, {"dead": {"reason": reason, "status": status}})

    def _accept(self) -> None:
        assert self._listener is not None
        borrower, _ = self._listener.accept()
        self._loop.watch(borrower.fileno(), lambda: self._hear(borrower))

    def _hear(self, borrower: socket.socket) -> None:
        try:
            packet = channel.receive(borrower)
        except OSError:
            packet = channel.Packet(None, [], None)
        if packet.message is None:
            self._lose(borrower)
            return
        answer = getattr(self, "_on_" + packet.message["op"])
        answer(borrower, packet)

    def _lose(self, borrower: socket.socket) -> None:
        self._loop.forget(borrower.fileno())
        environment = self._loans.pop(borrower.fileno(), None)
        if environment is not None:
            environment.borrower = None
            environment.kill("borrower gone")
        borrower.close()

    def _reply(self, borrower: socket.socket, message: Message, files: list[int] | None = None) -> None:
        with contextlib.suppress(OSError):  # its end arrives as a packet of its own
            channel.send(borrower, message, files or [])

    def _on_borrow(self, borrower: socket.socket, packet: channel.Packet) -> None:
        message = packet.message or {}
        key = message["key"]
        spec = self._spec(key, message.get("spec"))
        if spec is None:
            self._reply(borrower, {"need": "spec"})
            return
        # The limits are the function's as it is now, the rest of the spec is the version's.
        spec = {**spec, "reserved": message["reserved"], "unreserved_limit": message["unreserved_limit"]}
        reason = throttle_reason(spec, [lent.spec for lent in self._loans.values()])
        if reason is not None:
            self._reply(borrower, {"throttled": reason})
            return
        environment = self._keeper.choose(key) or self._keeper.create(key, spec)
        environment.spec = spec
        environment.borrower = borrower
        environment.request_id, environment.hops = message["request_id"], message["hops"]
        self._loans[borrower.fileno()] = environment
        if environment.state in (State.IDLE, State.FROZEN) or (environment.processes and not environment.ending):
            self.lend(environment)
        elif environment.state == State.RESET:
            self._keeper.start_processes(environment)

    def _spec(self, key: str, sent: Message | None) -> Message | None:
        if sent is not None:
            self._specs[key] = sent
            while len(self._specs) > SPECS_KEPT:
                self._specs.popitem(last=False)
        return self._specs.get(key)

    def _on_return(self, borrower: socket.socket, packet: channel.Packet) -> None:
        environment = self._loans.pop(borrower.fileno(), None)
        if environment is None or environment.processes is None:
            channel.close(packet.files)
            return
        if packet.files or (packet.message or {}).get("replaced"):
            channel.close(environment.processes.connections)
            environment.processes.connections = packet.files
        self._keeper.rest(environment)

    def _on_kill(self, borrower: socket.socket, packet: channel.Packet) -> None:
        environment = self._loans.get(borrower.fileno())
        if environment is not None:
            environment.kill((packet.message or {})["reason"])

    def _on_prepare(self, borrower: socket.socket, packet: channel.Packet) -> None:
        message = packet.message or {}
        spec = self._spec(message["key"], message["spec"])
        assert spec is not None
        self._keeper.prepare(message["key"], spec)

    def _on_retire(self, borrower: socket.socket, packet: channel.Packet) -> None:
        self._keeper.retire((packet.message or {})["function_arn"])

    def _on_running(self, borrower: socket.socket, packet: channel.Packet) -> None:
        wanted = (packet.message or {})["environment_id"]
        for environment in self._loans.values():
            if environment.environment_id == wanted:
                self._reply(borrower, {"request_id": environment.request_id, "hops": environment.hops})
                return
        self._reply(borrower, {"request_id": None})

    def _on_state(self, borrower: socket.socket, packet: channel.Packet) -> None:
        """Described a few at a time: a packet has an upper size."""
        described = [environment.describe() for environment in self._keeper.all()]
        self._reply(borrower, {"sandbox": self._level, "findings": self._findings, "count": len(described)})
        for start in range(0, len(described), 100):
            self._reply(borrower, {"environments": described[start : start + 100]})


def _listen(path: str) -> socket.socket:
    """Listen on a unix socket that only this user can reach; what a former host left there is replaced."""
    lock = os.open(path + ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held for life: one host a socket
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen(1024)
    return listener
