"""The environment host: who has which execution environment, and who may have one.

Borrowers (any thread of any server process) hold one connection each. A grant carries the environment's open files, so
events and answers never pass through here. A borrower's end is the end of what it borrowed.

A borrower may keep what it has finished with for a moment and go on without asking, which saves a round trip between
two events of a busy function. A token decides, which the borrower leaves when its event is over: who takes it first,
borrower or host, has the environment. What is kept counts as busy, and is taken back when it is in somebody's way.
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
        self._kept: dict[int, Environment] = {}
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
        environment.renew_token()
        message, files = environment.grant()
        # One that had to step in for provisioned ones is not gone on with: the next event may find one of those free.
        message["spilled"] = not environment.provisioned and self._keeper.pools_hold(environment.key)
        environment.invocations += 1
        environment.enter(State.BUSY)
        assert environment.borrower is not None
        self._reply(environment.borrower, {"grant": message}, files)
        self._keeper.watch_memory()

    def died(self, borrower: socket.socket, loan: int, reason: str, status: int | None, at: float | None) -> None:
        self._loans.pop(borrower.fileno(), None)
        self._kept.pop(borrower.fileno(), None)
        self._reply(borrower, {"dead": {"reason": reason, "status": status, "at": at}, "loan": loan})

    def _accept(self) -> None:
        assert self._listener is not None
        borrower, _ = self._listener.accept()
        self._loop.watch(borrower.fileno(), lambda: self._hear(borrower))

    def _hear(self, borrower: socket.socket) -> None:
        try:
            packet = channel.receive(borrower, wait=False)
        except BlockingIOError:
            return  # what had come was read out of turn
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
        kept = self._kept.pop(borrower.fileno(), None)
        if kept is not None and kept.kept_by is borrower and not kept.take_in_hand():
            kept.kept_by, environment = None, kept  # it ended in the middle of its next event
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
        spec = {**spec, **{name: message[name] for name in ("reserved", "provisioned", "unreserved_limit")}}
        environment = self._keeper.choose(key, provisioned=True)
        if environment is None:
            if spec["provisioned"]:  # what is not ready yet, or fails, keeps nobody from running on demand
                ready = self._keeper.provisioned_ready(spec["function_arn"])
                spec["provisioned"] = min(spec["provisioned"], ready)
            reason = self._throttle_reason(spec)
            if reason is not None:
                self._reply(borrower, {"throttled": reason})
                return
            environment = self._keeper.choose(key) or self._keeper.create(key, spec)
        environment.spec = spec
        environment.borrower = borrower
        environment.loan = message["loan"]
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

    def _throttle_reason(self, spec: Message) -> str | None:
        """What is kept counts as busy; is that too much, then it is taken back, unless it is busy again."""
        reason = throttle_reason(spec, self._on_demand())
        if reason is not None:
            self._hear_who_is_done()
            for environment in self._kept_ones():
                environment.take_in_hand()
            reason = throttle_reason(spec, self._on_demand())
        return reason

    def _hear_who_is_done(self) -> None:
        """Messages are read in no order between borrowers: one that came before this borrower's may still lie there."""
        for environment in list(self._loans.values()):
            if environment.borrower is not None:
                self._hear(environment.borrower)

    def _on_demand(self) -> list[Message]:
        return [lent.spec for lent in (*self._loans.values(), *self._kept_ones()) if not lent.provisioned]

    def _kept_ones(self) -> list[Environment]:
        """Those that nobody has taken back meanwhile."""
        self._kept = {file: kept for file, kept in self._kept.items() if kept.kept_by is not None}
        return list(self._kept.values())

    def _on_keep(self, borrower: socket.socket, packet: channel.Packet) -> None:
        """Its event is over, and the token lies ready: the borrower may go on with `resume`."""
        environment = self._loans.get(borrower.fileno())
        if environment is not None and environment.processes is not None:
            environment.kept_by = borrower
            self._kept[borrower.fileno()] = environment
        self._on_return(borrower, packet)

    def _on_resume(self, borrower: socket.socket, packet: channel.Packet) -> None:
        """The borrower has taken the token; it runs its next event already."""
        message = packet.message or {}
        environment = self._kept.pop(borrower.fileno(), None)
        if environment is None or environment.kept_by is not borrower:
            return  # dead; it has been told
        environment.kept_by, environment.borrower = None, borrower
        environment.loan = message["loan"]
        environment.request_id, environment.hops = message["request_id"], message["hops"]
        environment.invocations += 1
        environment.enter(State.BUSY)
        self._loans[borrower.fileno()] = environment
        self._keeper.watch_memory()

    def _on_release(self, borrower: socket.socket, packet: channel.Packet) -> None:
        """The borrower has taken the token for the last time: it does not want the environment any more."""
        environment = self._kept.pop(borrower.fileno(), None)
        if environment is not None and environment.kept_by is borrower:
            environment.kept_by = None
            self._keeper.let_go(environment)

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

    def _on_provision(self, borrower: socket.socket, packet: channel.Packet) -> None:
        """How many of one make are wanted from now on, and of which makes of this function any at all."""
        message = packet.message or {}
        if "key" in message:
            spec = self._spec(message["key"], message["spec"])
            assert spec is not None
            self._keeper.provision(message["key"], spec, message["wanted"])
        self._keeper.provision_only(message["function_arn"], message["keys"])

    def _on_pools(self, borrower: socket.socket, packet: channel.Packet) -> None:
        self._reply_in_parts(borrower, {}, "pools", self._keeper.describe_pools(), 20)

    def _on_retire(self, borrower: socket.socket, packet: channel.Packet) -> None:
        self._keeper.retire((packet.message or {})["function_arn"])

    def _on_running(self, borrower: socket.socket, packet: channel.Packet) -> None:
        wanted = (packet.message or {})["environment_id"]
        for kept in self._kept_ones():
            if kept.environment_id == wanted and kept.kept_by is not None and not kept.take_in_hand():
                self._hear(kept.kept_by)  # it runs again; its message came first and is read first
        for environment in self._loans.values():
            if environment.environment_id == wanted:
                self._reply(borrower, {"request_id": environment.request_id, "hops": environment.hops})
                return
        self._reply(borrower, {"request_id": None})

    def _on_state(self, borrower: socket.socket, packet: channel.Packet) -> None:
        """Described a few at a time: a packet has an upper size."""
        described = [environment.describe() for environment in self._keeper.all()]
        head = {"sandbox": self._level, "findings": self._findings}
        self._reply_in_parts(borrower, head, "environments", described, 100)

    def _reply_in_parts(
        self, borrower: socket.socket, head: Message, name: str, rows: list[Message], at_once: int
    ) -> None:
        self._reply(borrower, {**head, "count": len(rows)})
        for start in range(0, len(rows), at_once):
            self._reply(borrower, {name: rows[start : start + at_once]})


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
