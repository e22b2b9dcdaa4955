"""The environments of this machine: made, chosen, frozen, watched and ended. Who borrows them is for host.py."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Protocol

from invocations.runtime import channel
from invocations.runtime.channel import Message
from invocations.runtime.host.environment import Environment, Processes, State, open_log_pipe, read_tail
from invocations.runtime.host.farewell import Farewell
from invocations.runtime.host.first_call import ExtensionsReady, FirstCall
from invocations.runtime.host.init import STAY
from invocations.runtime.host.loop import Loop
from invocations.runtime.host.nursery import Nursery
from invocations.runtime.host.orders import Orders, address, shared_listener
from invocations.runtime.host.pools import Pools
from invocations.runtime.host.relay import Relay
from invocations.runtime.host.settings import JAILED, HostSettings
from invocations.runtime.kernel import memory

FREEZE_SECONDS = 0.025  # after the last event; long enough that a busy environment is not stopped between two
IDLE_SECONDS = 600.0  # AWS: unspecified, minutes to hours
IDLE_MAX = 64  # environments kept idle at most, least recently used go first
INIT_SECONDS = 10.0
PROVISIONED_INIT_SECONDS = 130.0  # or the function's timeout, when that is longer. Source: AWS, execution environments
LAST_WORDS_BYTES = 2048
MEMORY_CHECK_SECONDS = 0.05
# Ends that are the function's own doing: the environment is re-initialised for the next event, with the same /tmp.
_OWN_ENDS = ("exit", "timeout", "out of memory", "init timeout", "output", "extension")


class Borrowers(Protocol):
    """Whom the keeper tells what."""

    def open(self) -> None:
        """A first environment could be made: functions can run."""

    def lend(self, environment: Environment) -> None:
        """The environment that somebody waits for has its processes."""

    def died(self, borrower: socket.socket, loan: int, reason: str, status: int | None, at: float | None) -> None:
        """What this borrower had on this loan is dead. `at`: when its runtime ended, if that was long before."""


class Keeper:
    def __init__(self, loop: Loop, settings: HostSettings, level: str, borrowers: Borrowers) -> None:
        self._loop = loop
        self._level = level
        self._borrowers = borrowers
        self._relay = Relay(settings)
        self._nursery = Nursery(loop, settings, level, self._admit_blank, self._forget_listeners, self._lose_all)
        self._orders = Orders(settings, level, self._forward(settings))
        self._environments: dict[str, list[Environment]] = {}
        self._pools = Pools(loop, self._provisioned, self._create_provisioned, self._dismiss)
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

    def choose(self, key: str, provisioned: bool = False) -> Environment | None:
        """The most recently used idle environment, else one that was reset, else one being initialised ahead.

        What a borrower keeps comes last, the longest kept first: it may be about to go on with it. Provisioned ones are
        a choice of their own: nobody waits for one of them to start.
        """
        mine = (e for e in self._environments.get(key, ()) if e.provisioned == provisioned)
        free = [e for e in mine if e.borrower is None and e.ending is None]
        free.sort(key=lambda e: (e.kept_by is not None, e.since if e.kept_by is not None else -e.since))
        for states in ((State.IDLE, State.FROZEN), (State.RESET,), (State.STARTING,))[: 1 if provisioned else 3]:
            for environment in free:
                if environment.state in states and environment.take_in_hand():
                    return environment
        return None

    def create(self, key: str, spec: Message, provisioned: bool = False) -> Environment:
        environment = Environment(key, spec, provisioned)
        self._environments.setdefault(key, []).append(environment)
        self.start_processes(environment)
        return environment

    def prepare(self, key: str, spec: Message) -> None:
        """Initialise one ahead, unless there is one or enough stand idle."""
        if not self._environments.get(key) and sum(1 for _ in self._idle()) < IDLE_MAX:
            self.create(key, spec)

    def retire(self, arn: str) -> None:
        """End what the function has now; what is busy ends after its event. Pools look after theirs."""
        for environment in list(self.all()):
            if environment.function_arn == arn and not environment.provisioned:
                self._retire(environment)

    def _retire(self, environment: Environment) -> None:
        environment.retired = True
        if environment.take_in_hand():
            self.end(environment, "outdated")

    def rest(self, environment: Environment) -> None:
        """Its event is over: idle, and frozen soon."""
        environment.borrower = environment.request_id = None
        environment.init_seconds = 0.0
        environment.enter(State.IDLE)
        if environment.retired and environment.take_in_hand():
            environment.kill("outdated")
        self._freeze_soon()

    def let_go(self, environment: Environment) -> None:
        """Its last borrower does not keep it any more."""
        if environment.retired:
            self.end(environment, "outdated")

    # --- provisioned ------------------------------------------------------------------------------------------------

    def provision(self, key: str, spec: Message, wanted: int) -> None:
        self._pools.want(key, spec, wanted)

    def provision_only(self, function_arn: str, keys: list[str]) -> None:
        self._pools.keep_only(function_arn, keys)

    def pools_hold(self, key: str) -> bool:
        return key in self._pools

    def provisioned_ready(self, function_arn: str) -> int:
        return self._pools.ready(function_arn)

    def describe_pools(self) -> list[Message]:
        return self._pools.describe()

    def _provisioned(self, key: str) -> list[Environment]:
        return [e for e in self._environments.get(key, ()) if e.provisioned and e.ending is None]

    def _create_provisioned(self, key: str, spec: Message) -> Environment:
        return self.create(key, spec, provisioned=True)

    def _dismiss(self, environment: Environment) -> None:
        environment.provisioned = False
        self._retire(environment)

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
        self._nursery.take(own_network, environment.tmp, lambda processes: self._begin(environment, processes))

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
        files = [log_write]
        if environment.spec["extensions"]:
            files.append(self._prepare_agent(processes))
        try:
            channel.send(processes.function, self._orders.start(environment, processes, self._nursery.places), files)
        except OSError:
            pass  # it died as a blank; its init's end is on its way
        channel.close(files)
        if environment.ending is not None:
            processes.kill()  # unwanted before it began
        elif environment.borrower is not None:
            self._borrowers.lend(environment)
        else:
            self._await_init(environment, processes)

    def _prepare_agent(self, processes: Processes) -> int:
        """External extensions will have an agent, and time to end; return the agent's own end."""
        processes.agent, theirs = channel.pair()
        processes.farewell = Farewell(self._loop, processes)
        processes.signal(STAY)
        return theirs.detach()

    def _await_init(self, environment: Environment, processes: Processes) -> None:
        """Nobody borrowed it: initialised ahead. Its first connection says that the module is loaded.

        Of a provisioned one the first call is looked at, for nobody else will soon. Extensions have to be ready, too.
        """
        listener = processes.listeners[0]
        missing = {"runtime", "extensions"} if processes.agent is not None else {"runtime"}

        def called(well: bool = True, who: str = "runtime") -> None:
            if who == "runtime":
                self._loop.forget(listener)
            missing.discard(who)
            if environment.state == State.STARTING and environment.borrower is None:
                if not well:
                    self.end(environment, "init error")
                    return
                if missing:
                    return
                environment.init_seconds = time.monotonic() - environment.started
                environment.enter(State.IDLE)
                self._freeze_soon()
                if environment.provisioned:
                    self._pools.came(environment)

        def late() -> None:
            unborrowed = environment.state == State.STARTING and environment.borrower is None
            if unborrowed and environment.processes is processes:
                self.end(environment, "init timeout")

        if processes.agent is not None:
            ExtensionsReady(self._loop, environment, processes.agent, lambda well: called(well, "extensions"))
        if environment.provisioned:
            FirstCall(self._loop, processes, called)
            self._loop.after(max(PROVISIONED_INIT_SECONDS, environment.spec["timeout_seconds"]), late)
            self.watch_memory()
        else:
            self._loop.watch(listener, called)
            self._loop.after(INIT_SECONDS, late)

    def _hear_init(self, environment: Environment, processes: Processes) -> None:
        try:
            packet = channel.receive(processes.control)
        except OSError:
            packet = channel.Packet(None, [], None)
        status = packet.message["exit"] if packet.message else None
        if processes.farewell is not None:
            if packet.message is not None and processes.farewell.runtime_ended(status):
                environment.ending = environment.ending or "exit"
                return  # its extensions are told first
            processes.farewell.is_over()
            status = processes.farewell.status if status is None else status
        self._loop.forget(processes.control.fileno())
        self._forget_listeners(processes)
        processes.kill()
        if packet.message is None and not processes.own_pids:
            self._nursery.end_strays()
        if environment.provisioned and environment.state == State.STARTING:
            environment.last_words = read_tail(processes.log, LAST_WORDS_BYTES)
        environment.processes = None
        self._bury(environment, status, None if processes.farewell is None else processes.farewell.ended_at)
        processes.close()

    def _forget_listeners(self, processes: Processes) -> None:
        for file in (*processes.listeners[:1], *processes.connections):
            self._loop.forget(file)
        self._relay.forget(processes.listeners[1:])

    def _bury(self, environment: Environment, status: int | None, at: float | None = None) -> None:
        """Its processes are gone. Tell the borrower; keep identity and /tmp when the function itself was the cause."""
        starting = environment.state == State.STARTING
        in_hand = environment.take_in_hand()
        borrower = None if in_hand else environment.borrower or environment.kept_by
        environment.borrower = environment.kept_by = environment.request_id = None
        environment.close_token()
        # An init that says nothing of its function's end did not end by itself.
        reason = environment.ending or ("lost" if status is None else "exit")
        if borrower is not None:
            self._borrowers.died(borrower, environment.loan, reason, status, at)
        keep = borrower is not None and reason in _OWN_ENDS
        if keep and not environment.retired:
            environment.ending = None
            environment.enter(State.RESET)
            if environment.provisioned:
                self.start_processes(environment)  # not at the next event's expense
        else:
            self._remove(environment)
            if environment.provisioned:
                self._pools.went(environment, reason if starting else None)

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
        resting = (State.IDLE, State.FROZEN, State.RESET)
        return (e for e in self.all() if e.state in resting and e.borrower is None and not e.provisioned)

    def _busy(self) -> Iterator[Environment]:
        """Those whose memory is watched: a provisioned one's initialisation may be long."""
        return (e for e in self.all() if e.borrower is not None or (e.provisioned and e.state == State.STARTING))

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
                waiting |= not (rested and environment.take_in_hand() and environment.freeze())
        if waiting:
            self._freeze_soon()

    def _end_idle(self) -> None:
        now = time.monotonic()
        idle = sorted(self._idle(), key=lambda environment: environment.since)
        for place, environment in enumerate(idle):
            too_many = now - environment.since > IDLE_SECONDS or place < len(idle) - IDLE_MAX
            if too_many and environment.take_in_hand():
                self.end(environment, "idle")
        self._pools.balance_all()

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
            if memory.over_limit(processes.members(), limit):
                environment.kill("out of memory")
        if any(self._busy()):
            self.watch_memory()
