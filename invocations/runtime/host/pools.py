"""Provisioned concurrency: how many environments of which make are kept ready, whoever asks for one.

They are filled up a few at a time, refilled when one is lost, and replaced before their credentials end. Which
environments there are is the keeper's to know.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from invocations.runtime.channel import Message
from invocations.runtime.host.environment import Environment, State
from invocations.runtime.host.loop import Loop
from invocations.runtime.host.variables import KEY_LIFE

STARTING_AT_ONCE = 4  # of one pool
RENEW_SECONDS = KEY_LIFE - 3600.0
_RETRY_SECONDS = (1.0, 60.0)  # after a first failure, and at most; doubled from one to the next
# AWS's word for a function whose initialisation fails (recorded).
INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"
_OWN_FAILURES = ("exit", "init error", "init timeout", "out of memory")
_HOST_FAILURE = "The environment host could not make the execution environment; see its log."


@dataclass(eq=False)
class Pool:
    key: str
    spec: Message
    wanted: int
    failures: int = 0  # since the last success
    reason: str = ""
    log: str = ""  # what the failed initialisation printed last
    resting: bool = False  # between a failure and the next try

    @property
    def function_arn(self) -> str:
        return str(self.spec["function_arn"])


class Pools:
    """`members`: all provisioned environments of a key. `dismiss`: one is provisioned no more."""

    def __init__(
        self,
        loop: Loop,
        members: Callable[[str], list[Environment]],
        create: Callable[[str, Message], Environment],
        dismiss: Callable[[Environment], None],
    ) -> None:
        self._loop = loop
        self._members = members
        self._create = create
        self._dismiss = dismiss
        self._pools: dict[str, Pool] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._pools

    def want(self, key: str, spec: Message, wanted: int) -> None:
        """Keep so many from now on. A new wish is a new try."""
        self._pools[key] = Pool(key, spec, wanted)
        self.balance(key)

    def keep_only(self, function_arn: str, keys: list[str]) -> None:
        """Of this function nothing else is wanted."""
        for pool in list(self._pools.values()):
            if pool.function_arn == function_arn and pool.key not in keys:
                del self._pools[pool.key]
                self.balance(pool.key)

    def came(self, environment: Environment) -> None:
        """It is initialised."""
        pool = self._pools.get(environment.key)
        if pool is not None:
            pool.failures, pool.reason, pool.log = 0, "", ""
        self.balance(environment.key)

    def went(self, environment: Environment, failure: str | None) -> None:
        """It is gone for good. `failure`: what its initialisation ended with."""
        pool = self._pools.get(environment.key)
        if pool is not None and failure is not None:
            self._rest(pool, INIT_FAILURE if failure in _OWN_FAILURES else _HOST_FAILURE, environment.last_words)
        self.balance(environment.key)

    def _rest(self, pool: Pool, reason: str, log: str) -> None:
        pool.reason, pool.log = reason, log
        if pool.resting:
            return  # several were started together
        first, most = _RETRY_SECONDS
        pause = min(first * 2**pool.failures, most)
        pool.failures += 1
        pool.resting = True

        def again() -> None:
            pool.resting = False
            if self._pools.get(pool.key) is pool:
                self.balance(pool.key)

        self._loop.after(pause, again)

    def balance_all(self) -> None:
        for key in list(self._pools):
            self.balance(key)

    def balance(self, key: str) -> None:
        """Start what is missing, dismiss what is too much; what has grown old goes when its successor is there."""
        pool = self._pools.get(key)
        members = sorted(self._members(key), key=_worth)
        if pool is None:
            for environment in members:
                self._dismiss(environment)
            return
        fresh = [each for each in members if not _old(each)]
        old = [each for each in members if _old(each)]
        for environment in fresh[pool.wanted :]:
            self._dismiss(environment)
        ready = sum(1 for each in fresh if each.ready)
        for environment in old[max(0, pool.wanted - ready) :]:
            self._dismiss(environment)
        starting = sum(1 for each in fresh if each.state == State.STARTING)
        missing = 0 if pool.resting else min(pool.wanted - len(fresh), STARTING_AT_ONCE - starting)
        for _ in range(missing):
            self._create(key, pool.spec)

    def ready(self, function_arn: str) -> int:
        """How many of the function's are ready, of all its makes."""
        mine = (pool for pool in self._pools.values() if pool.function_arn == function_arn)
        return sum(each.ready for pool in mine for each in self._members(pool.key))

    def describe(self) -> list[Message]:
        return [self._describe(pool) for pool in self._pools.values()]

    def _describe(self, pool: Pool) -> Message:
        members = self._members(pool.key)
        return {
            "key": pool.key,
            "function_arn": pool.function_arn,
            "wanted": pool.wanted,
            "ready": min(pool.wanted, sum(1 for each in members if each.ready)),
            "started": min(pool.wanted, len(members)),
            "reason": pool.reason,
            "log": pool.log,
        }


def _old(environment: Environment) -> bool:
    return time.monotonic() - environment.started > RENEW_SECONDS


def _worth(environment: Environment) -> int:
    """What is kept rather: what works now, then what is ready."""
    return (State.BUSY, State.IDLE, State.FROZEN).index(environment.state) if environment.ready else 3
