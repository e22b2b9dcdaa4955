"""The environment host: who has which execution environment, and who may have one.

Borrowers (any thread of any server process) hold one connection each. A grant carries the environment's open files, so
events and answers never pass through here. A borrower's end is the end of what it borrowed.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import time
from collections import OrderedDict
from collections.abc import Iterator

from invocations.runtime import channel
from invocations.runtime.channel import Message
from invocations.runtime.host import jail, variables
from invocations.runtime.host.admission import throttle_reason
from invocations.runtime.host.environment import Environment, Processes, State, open_log_pipe
from invocations.runtime.host.loop import Loop
from invocations.runtime.host.nursery import Nursery
from invocations.runtime.host.relay import Relay
from invocations.runtime.host.settings import JAILED, HostSettings
from invocations.runtime.kernel import memory

log = logging.getLogger("lambdaplay.host")

FREEZE_SECONDS = 0.025  # after the last event; long enough that a busy environment is not stopped between two
IDLE_SECONDS = 600.0  # AWS: unspecified, minutes to hours
IDLE_MAX = 64  # environments kept idle at most, least recently used go first
INIT_SECONDS = 10.0
MEMORY_CHECK_SECONDS = 0.05
SPECS_KEPT = 2000


class Host:
    def __init__(self, loop: Loop, settings: HostSettings, level: str, findings: Message) -> None:
        self._loop = loop
        self._settings = settings
        self._level = level
        self._findings = findings
        self._relay = Relay(settings)
        self._nursery = Nursery(loop, settings, level, self._admit_blank, self._forget_listeners, self._lose_all)
        self._environments: dict[str, list[Environment]] = {}
        self._specs: OrderedDict[str, Message] = OrderedDict()
        self._loans: dict[int, Environment] = {}
        self._forwarder_port = settings.forwarder_port
        self._freezing = False
        self._checking = False
        self._listener: socket.socket | None = None

    def start(self) -> None:
        self._relay.start()
        if self._level not in JAILED:
            forward = _shared_listener()
            self._forwarder_port = int(_address(forward).rpartition(":")[2])
            self._relay.forward(forward)
        self._nursery.start()
        self._loop.every(5.0, self._end_idle)

    def _open(self) -> None:
        """Let borrowers in, once a first environment could be made: `healthy` means that functions can run."""
        self._listener = _listen(self._settings.socket_path)
        self._loop.watch(self._listener.fileno(), self._accept)

    # --- borrowers -----------------------------------------------------------------------------------------------------

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
        try:
            channel.send(borrower, message, files or [])
        except OSError:
            pass  # its end arrives as a packet of its own

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
        environment = self._choose(key) or self._create(key, spec)
        environment.spec = spec
        environment.borrower = borrower
        environment.request_id, environment.hops = message["request_id"], message["hops"]
        self._loans[borrower.fileno()] = environment
        if environment.state in (State.IDLE, State.FROZEN) or (environment.processes and not environment.ending):
            self._lend(environment)
        elif environment.state == State.RESET:
            self._start(environment)

    def _spec(self, key: str, sent: Message | None) -> Message | None:
        if sent is not None:
            self._specs[key] = sent
            while len(self._specs) > SPECS_KEPT:
                self._specs.popitem(last=False)
        return self._specs.get(key)

    def _choose(self, key: str) -> Environment | None:
        """The most recently used idle environment, else one that was reset, else one that is being initialised ahead."""
        free = [e for e in self._environments.get(key, ()) if e.borrower is None and e.ending is None]
        for states in ((State.IDLE, State.FROZEN), (State.RESET,), (State.STARTING,)):
            candidates = [environment for environment in free if environment.state in states]
            if candidates:
                return max(candidates, key=lambda environment: environment.since)
        return None

    def _create(self, key: str, spec: Message) -> Environment:
        environment = Environment(key, spec)
        self._environments.setdefault(key, []).append(environment)
        self._start(environment)
        return environment

    def _lend(self, environment: Environment) -> None:
        environment.thaw()
        message, files = environment.grant()
        environment.invocations += 1
        environment.enter(State.BUSY)
        assert environment.borrower is not None
        self._reply(environment.borrower, {"grant": message}, files)
        self._watch_memory()

    def _on_return(self, borrower: socket.socket, packet: channel.Packet) -> None:
        environment = self._loans.pop(borrower.fileno(), None)
        if environment is None or environment.processes is None:
            channel.close(packet.files)
            return
        if packet.files or (packet.message or {}).get("replaced"):
            channel.close(environment.processes.connections)
            environment.processes.connections = packet.files
        environment.borrower = environment.request_id = None
        environment.init_seconds = 0.0
        environment.enter(State.IDLE)
        if environment.retired:
            environment.kill("outdated")
        self._freeze_soon()

    def _on_kill(self, borrower: socket.socket, packet: channel.Packet) -> None:
        environment = self._loans.get(borrower.fileno())
        if environment is not None:
            environment.kill((packet.message or {})["reason"])

    def _on_prepare(self, borrower: socket.socket, packet: channel.Packet) -> None:
        message = packet.message or {}
        spec = self._spec(message["key"], message["spec"])
        assert spec is not None
        if not self._environments.get(message["key"]) and len(list(self._idle())) < IDLE_MAX:
            self._create(message["key"], spec)

    def _on_retire(self, borrower: socket.socket, packet: channel.Packet) -> None:
        arn = (packet.message or {})["function_arn"]
        for environment in list(self._all()):
            if environment.function_arn == arn:
                environment.retired = True
                if environment.borrower is None:
                    self._end(environment, "outdated")

    def _on_running(self, borrower: socket.socket, packet: channel.Packet) -> None:
        wanted = (packet.message or {})["environment_id"]
        for environment in self._loans.values():
            if environment.environment_id == wanted:
                self._reply(borrower, {"request_id": environment.request_id, "hops": environment.hops})
                return
        self._reply(borrower, {"request_id": None})

    def _on_state(self, borrower: socket.socket, packet: channel.Packet) -> None:
        """Described a few at a time: a packet has an upper size."""
        described = [environment.describe() for environment in self._all()]
        self._reply(borrower, {"sandbox": self._level, "findings": self._findings, "count": len(described)})
        for start in range(0, len(described), 100):
            self._reply(borrower, {"environments": described[start : start + 100]})

    # --- processes -----------------------------------------------------------------------------------------------------

    def _admit_blank(self, processes: Processes) -> None:
        if self._listener is None:
            self._open()
        if processes.own_network:
            self._relay.serve(processes.listeners[1], processes.listeners[2])

    def _start(self, environment: Environment) -> None:
        environment.enter(State.STARTING)
        environment.started = time.monotonic()
        environment.init_seconds = None
        environment.ending = None
        environment.starts += 1
        own_network = environment.spec["network"] != "host" and self._level in JAILED
        self._nursery.take(own_network, lambda processes: self._begin(environment, processes))

    def _begin(self, environment: Environment, processes: Processes | None) -> None:
        if processes is None:
            environment.kill("cannot start")
            self._bury(environment, None)
            return
        environment.processes = processes
        environment.started = time.monotonic()  # what a wait for a blank took is not the function's init
        if environment.tmp is None:
            environment.tmp = processes.number
        else:
            self._nursery.drop_tmp(processes.number)  # this start keeps the /tmp of the one before
        if not processes.listeners:
            processes.listeners = [_shared_listener()]
        self._loop.watch(processes.control.fileno(), lambda: self._hear_init(environment, processes))
        processes.log, log_write = open_log_pipe()
        try:
            channel.send(processes.function, self._start_order(environment, processes), [log_write])
        except OSError:
            pass  # it died as a blank; its init's end is on its way
        os.close(log_write)
        if environment.ending is not None:
            processes.kill()  # unwanted before it began
        elif environment.borrower is not None:
            self._lend(environment)
        else:
            self._await_init(environment, processes)

    def _start_order(self, environment: Environment, processes: Processes) -> Message:
        spec = environment.spec
        api = f"127.0.0.1:{self._settings.api_port}" if processes.own_network else _address(processes.listeners[0])
        folders = self._folders(environment)
        endpoint = "127.0.0.1" if processes.own_network else self._settings.endpoint_address
        endpoint = f"[{endpoint}]" if ":" in endpoint else endpoint
        return {
            "code": spec["code"],
            "task": folders["task"],
            "tmp": environment.tmp,
            "tmp_folder": folders["tmp"],
            "network": spec["network"],
            "files": {} if processes.own_network else _name_service(),
            "ports": [int(api.rpartition(":")[2]), self._settings.endpoint_port, self._forwarder_port],
            "tmp_mb": spec["tmp_mb"],
            "memory_mb": spec["memory_mb"],
            "argv": spec["argv"] and [variables.in_folders(part, folders) for part in spec["argv"]],
            "environment": variables.for_environment(
                spec,
                seed=self._settings.session_key_seed,
                environment_id=environment.environment_id,
                log_stream=environment.log_stream,
                api=api,
                endpoint=f"http://{endpoint}:{self._settings.endpoint_port}",
                folders=folders,
                forwarder_port=self._forwarder_port,
                home=None if self._level in JAILED else folders["tmp"],
            ),
        }

    def _folders(self, environment: Environment) -> Message:
        """Where the environment's processes find things."""
        places = self._nursery.places
        if places is None:
            return {"task": jail.TASK, "runtime": jail.LIBRARIES, "clients": jail.CLIENTS, "tmp": "/tmp"}  # noqa: S108
        return {
            "task": f"{places['code']}/{environment.spec['code']}/task",
            "runtime": places["runtime"],
            "clients": places["clients"],
            "tmp": f"{places['tmps']}/{environment.tmp}",
        }

    def _await_init(self, environment: Environment, processes: Processes) -> None:
        """Nobody borrowed it: initialised ahead. Its first connection says that the module is loaded."""
        listener = processes.listeners[0]

        def called() -> None:
            self._loop.forget(listener)
            if environment.state == State.STARTING and environment.borrower is None:
                environment.init_seconds = time.monotonic() - environment.started
                environment.enter(State.IDLE)
                self._freeze_soon()

        def late() -> None:
            if environment.state == State.STARTING and environment.borrower is None:
                if environment.processes is processes:
                    self._end(environment, "init timeout")

        self._loop.watch(listener, called)
        self._loop.after(INIT_SECONDS, late)

    def _hear_init(self, environment: Environment, processes: Processes) -> None:
        try:
            packet = channel.receive(processes.control)
        except OSError:
            packet = channel.Packet(None, [], None)
        self._loop.forget(processes.control.fileno())
        self._forget_listeners(processes)
        status = packet.message["exit"] if packet.message else None
        processes.kill()
        if packet.message is None and not processes.own_pids:
            self._nursery.end_strays()
        environment.processes = None
        self._bury(environment, status)
        processes.close()

    def _forget_listeners(self, processes: Processes) -> None:
        for listener in processes.listeners[:1]:
            self._loop.forget(listener)
        self._relay.forget(processes.listeners[1:])

    def _bury(self, environment: Environment, status: int | None) -> None:
        """Its processes are gone. Tell the borrower; keep identity and /tmp when the function itself was the cause."""
        borrower, environment.borrower, environment.request_id = environment.borrower, None, None
        # An init that says nothing of its function's end did not end by itself.
        reason = environment.ending or ("lost" if status is None else "exit")
        if borrower is not None:
            self._loans.pop(borrower.fileno(), None)
            self._reply(borrower, {"dead": {"reason": reason, "status": status}})
        keep = borrower is not None and reason in ("exit", "timeout", "out of memory", "init timeout", "output")
        if keep and not environment.retired:
            environment.ending = None
            environment.enter(State.RESET)
        else:
            self._remove(environment)

    def _lose_all(self) -> None:
        """The parent of all environments ended, and with it every /tmp; in namespaces below its own, everything."""
        for environment in list(self._all()):
            environment.tmp = None
            if environment.state == State.RESET:
                self._remove(environment)
            elif environment.processes is not None and self._level in JAILED:
                environment.kill("lost")

    def _end(self, environment: Environment, reason: str) -> None:
        environment.kill(reason)
        if environment.processes is None and environment.state == State.RESET:
            self._remove(environment)

    def _remove(self, environment: Environment) -> None:
        environment.enter(State.ENDED)
        if environment.tmp is not None:
            self._nursery.drop_tmp(environment.tmp)
        siblings = self._environments.get(environment.key, [])
        if environment in siblings:
            siblings.remove(environment)
        if not siblings:
            self._environments.pop(environment.key, None)

    # --- rounds ----------------------------------------------------------------------------------------------------------

    def _all(self) -> Iterator[Environment]:
        for siblings in self._environments.values():
            yield from siblings

    def _idle(self) -> Iterator[Environment]:
        return (e for e in self._all() if e.state in (State.IDLE, State.FROZEN, State.RESET) and e.borrower is None)

    def _freeze_soon(self) -> None:
        if not self._freezing:
            self._freezing = True
            self._loop.after(FREEZE_SECONDS, self._freeze_idle)

    def _freeze_idle(self) -> None:
        self._freezing = False
        now = time.monotonic()
        waiting = False
        for environment in self._all():
            if environment.state == State.IDLE and environment.ending is None:
                rested = now - environment.since >= FREEZE_SECONDS * 0.9
                waiting |= not (rested and environment.freeze())
        if waiting:
            self._freeze_soon()

    def _end_idle(self) -> None:
        now = time.monotonic()
        idle = sorted(self._idle(), key=lambda environment: environment.since)
        for place, environment in enumerate(idle):
            if now - environment.since > IDLE_SECONDS or place < len(idle) - IDLE_MAX:
                self._end(environment, "idle")

    def _watch_memory(self) -> None:
        if not self._checking:
            self._checking = True
            self._loop.after(MEMORY_CHECK_SECONDS, self._check_memory)

    def _check_memory(self) -> None:
        self._checking = False
        for environment in self._loans.values():
            processes = environment.processes
            if processes is None:
                continue
            limit = environment.spec["memory_mb"] * 1024 * 1024
            if memory.over_limit(memory.tree(processes.init_pid)[1:], limit):
                environment.kill("out of memory")
        if self._loans:
            self._watch_memory()


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


def _name_service() -> Message:
    """How this machine finds names now; a laptop that moves changes it."""
    found = {}
    for path in ("/etc/resolv.conf", "/etc/hosts"):
        try:
            with open(path, errors="replace") as file:
                found[path] = file.read(16_384)
        except OSError:
            pass  # a machine without it
    return found


def _shared_listener() -> int:
    """A Runtime API listener on the machine's own loopback, at a port of its own."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener.detach()


def _address(listener: int) -> str:
    with socket.socket(fileno=os.dup(listener)) as opened:
        host, port = opened.getsockname()
        return f"{host}:{port}"
