"""The end of an environment with extensions: the runtime ends first, then they hear SHUTDOWN and get some time."""

from __future__ import annotations

import time

from invocations.runtime import channel
from invocations.runtime.host.agent import SHUTDOWN_SECONDS
from invocations.runtime.host.environment import Processes
from invocations.runtime.host.init import THAW
from invocations.runtime.host.loop import Loop

_GRACE_SECONDS = 0.5  # for the agent to keep the time itself
# Why we end an environment -> what its extensions are told. Any other reason cannot wait. Words: AWS's Extensions API.
SHUTDOWN_REASONS = {
    **dict.fromkeys(("idle", "outdated"), "spindown"),
    **dict.fromkeys(("timeout", "init timeout"), "timeout"),
    **dict.fromkeys(("exit", "extension", "init error", "output", "unresponsive"), "failure"),
}


class Farewell:
    """Of one set of processes. Their death is heard from their init, as ever; it is only put off."""

    def __init__(self, loop: Loop, processes: Processes) -> None:
        assert processes.agent is not None
        self._loop = loop
        self._processes = processes
        self._agent = processes.agent
        self._begun = self._over = False
        self.status: int | None = None  # of the runtime, when it ended before
        self.ended_at: float | None = None  # when the runtime ended by itself, monotonic seconds

    def begin(self, reason: str) -> bool:
        """Whether the end of all processes is on its way; False: they are to be killed now."""
        if self._over or reason not in SHUTDOWN_REASONS:
            self._over = True
            return False
        if self._begun:
            return True
        self._begun = True
        self._processes.signal(THAW)
        try:
            channel.send(self._agent, {"shutdown": SHUTDOWN_REASONS[reason]})
        except OSError:
            self._over = True
            return False
        self._loop.forget(self._agent.fileno())
        self._loop.watch(self._agent.fileno(), self._hear)
        self._loop.after(SHUTDOWN_SECONDS + _GRACE_SECONDS, self._kill)
        return True

    def runtime_ended(self, status: int | None) -> bool:
        """The runtime is gone, by itself or because the agent ended it. Whether extensions are still there."""
        if self._over:
            return False
        self.status = status
        if not self._begun:
            self.ended_at = time.monotonic()
        return self.begin("exit")

    def is_over(self) -> None:
        self._over = True
        self._loop.forget(self._agent.fileno())

    def _hear(self) -> None:
        try:
            packet = channel.receive(self._agent, wait=False)
        except BlockingIOError:
            return
        except OSError:
            packet = channel.Packet(None, [], None)
        if packet.message is None:  # the agent's end is the word that all of them are gone
            self._kill()

    def _kill(self) -> None:
        if not self._over:
            self.is_over()
            self._processes.kill()
