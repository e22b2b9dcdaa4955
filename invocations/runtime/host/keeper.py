"""The environments of this machine: made, chosen, frozen, watched and ended. Who borrows them is for host.py."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import Protocol

from invocations.runtime import channel
from invocations.runtime.channel import Message
from invocations.runtime.host.environment import Environment, Processes, State, open_log_pipe
from invocations.runtime.host.loop import Loop
from invocations.runtime.host.nursery import Nursery
from invocations.runtime.host.orders import Orders, address, shared_listener
from invocations.runtime.host.relay import Relay
from invocations.runtime.host.settings import JAILED, HostSettings
from invocations.runtime.kernel import memory

FREEZE_SECONDS = 0.025  # after the last event; long enough that a busy environment is not stopped between two
IDLE_SECONDS = 600.0  # AWS: unspecified, minutes to hours
IDLE_MAX = 64  # environments kept idle at most, least recently used go first
INIT_SECONDS = 10.0
MEMORY_CHECK_SECONDS = 0.05
# Ends that are the function's own doing: the environment is re-initialised for the next event, with the same /tmp.
_OWN_ENDS = ("exit", "timeout", "out of memory", "init timeout", "output")


class Borrowers(Protocol):
    """Whom the keeper tells what."""

    def open(self) -> None:
        """A first environment could be made: functions can run."""

    def lend(self, environment: Environment) -> None:
        """The environment that somebody waits for has its processes."""

    def died(self, borrower: socket.socket, reason: str, status: int | None) -> None:
        """What this borrower held is dead."""


class Keeper:
    def __init__(self, loop: Loop, settings: HostSettings, level: str, borrowers: Borrowers) -> None:
        self._loop = loop
        self._level = level
        self._borrowers = borrowers
        self._relay = Relay(settings)
        self._nursery = Nursery(loop, settings, level, self._admit_blank, self._forget_listeners, self._lose_all)
        self._orders = Orders(settings, level, self._forward(settings))
        self._environments: dict[str, list[Environment]] = {}
        self._freezing = False
        self._checking = False

    def _forward(self, settings: HostSettings) -> int:
        """Without network namespaces there is one forwarder for all; with them each has its own at the known port."""
        if self._level in JAILED:
            return settings.forwarder_port
        listener = shared_listener()
        self._relay.forward(listener)
        return int(address(listener).rpartition(":")[2])

    def start(self) -> None:
        self._relay.start()
        self._nursery.start()
        self._loop.every(5.0, self._end_idle)

    # --- which ------------------------------------------------------------------------------------------------------

    def choose(self, key: str) -> Environment | None:
        """The most recently used idle environment, else one that was reset, else one being initialised ahead."""
        free = [e for e in self._environments.get(key, ()) if e.borrower is None and e.ending is None]
        for states in ((State.IDLE, State.FROZEN), (State.RESET,), (State.STARTING,)):
            candidates = [environment for environment in free if environment.state in states]
            if candidates:
                return max(candidates, key=lambda environment: environment.since)
        return None

    def create(self, key: str, spec: Message) -> Environment:
        environment = Environment(key, spec)
        self._environments.setdefault(key, []).append(environment)
        self.start_processes(environment)
        return environment

    def prepare(self, key: str, spec: Message) -> None:
        """Initialise one ahead, unless there is one or enough stand idle."""
        if not self._environments.get(key) and sum(1 for _ in self._idle()) < IDLE_MAX:
            self.create(key, spec)

    def retire(self, arn: str) -> None:
        """End what the function has now; what is busy ends after its event."""
        for environment in list(self.all()):
            if environment.function_arn == arn:
                environment.retired = True
                if environment.borrower is None:
                    self.end(environment, "outdated")

    def rest(self, environment: Environment) -> None:
        """Its event is over: idle, and frozen soon."""
        environment.borrower = environment.request_id = None
        environment.init_seconds = 0.0
        environment.enter(State.IDLE)
        if environment.retired:
            environment.kill("outdated")
        self._freeze_soon()

    # --- processes --------------------------------------------------------------------------------------------------

    def _admit_blank(self, processes: Processes) -> None:
        self._borrowers.open()
        if processes.own_network:
            self._relay.serve(processes.listeners[1], processes.listeners[2])

    def start_processes(self, environment: Environment) -> None:
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
            processes.listeners = [shared_listener()]
        self._loop.watch(processes.control.fileno(), lambda: self._hear_init(environment, processes))
        processes.log, log_write = open_log_pipe()
        try:
            channel.send(
                processes.function, self._orders.start(environment, processes, self._nursery.places), [log_write]
            )
        except OSError:
            pass  # it died as a blank; its init's end is on its way
        os.close(log_write)
        if environment.ending is not None:
            processes.kill()  # unwanted before it began
        elif environment.borrower is not None:
            self._borrowers.lend(environment)
        else:
            self._await_init(environment, processes)

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
            unborrowed = environment.state == State.STARTING and environment.borrower is None
            if unborrowed and environment.processes is processes:
                self.end(environment, "init timeout")

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
            self._borrowers.died(borrower, reason, status)
        keep = borrower is not None and reason in _OWN_ENDS
        if keep and not environment.retired:
            environment.ending = None
            environment.enter(State.RESET)
        else:
            self._remove(environment)

    def _lose_all(self) -> None:
        """The parent of all environments ended, and with it every /tmp; in namespaces below its own, everything."""
        for environment in list(self.all()):
            environment.tmp = None
            if environment.state == State.RESET:
                self._remove(environment)
            elif environment.processes is not None and self._level in JAILED:
                environment.kill("lost")

    def end(self, environment: Environment, reason: str) -> None:
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

    # --- rounds -----------------------------------------------------------------------------------------------------

    def all(self) -> Iterator[Environment]:
        for siblings in self._environments.values():
            yield from siblings

    def _idle(self) -> Iterator[Environment]:
        return (e for e in self.all() if e.state in (State.IDLE, State.FROZEN, State.RESET) and e.borrower is None)

    def _busy(self) -> Iterator[Environment]:
        return (environment for environment in self.all() if environment.borrower is not None)

    def _freeze_soon(self) -> None:
        if not self._freezing:
            self._freezing = True
            self._loop.after(FREEZE_SECONDS, self._freeze_idle)

    def _freeze_idle(self) -> None:
        self._freezing = False
        now = time.monotonic()
        waiting = False
        for environment in self.all():
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
                self.end(environment, "idle")

    def watch_memory(self) -> None:
        if not self._checking:
            self._checking = True
            self._loop.after(MEMORY_CHECK_SECONDS, self._check_memory)

    def _check_memory(self) -> None:
        self._checking = False
        for environment in self._busy():
            processes = environment.processes
            if processes is None:
                continue
            limit = environment.spec["memory_mb"] * 1024 * 1024
            if memory.over_limit(memory.tree(processes.init_pid)[1:], limit):
                environment.kill("out of memory")
        if any(self._busy()):
            self.watch_memory()
