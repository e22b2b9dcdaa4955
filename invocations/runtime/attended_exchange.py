"""The exchange of an environment with external extensions: hears what their agent tells, beside the runtime's calls."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from invocations.runtime import channel
from invocations.runtime.channel import Message
from invocations.runtime.exchange import Call, Exchange


class AttendedExchange(Exchange):
    """`on_failure` is called once, when an extension fails: the environment is to be ended then."""

    def __init__(
        self, listener: int, connections: list[int], log: int, control: int, agent: int, on_failure: Callable[[], None]
    ) -> None:
        super().__init__(listener, connections, log, control)
        self._agent = agent
        self._agent_socket = socket.socket(fileno=agent)
        self._on_failure = on_failure
        self._poll.register(agent, select.POLLIN)
        self.ready = False
        self.states: list[Message] = []  # of all extensions, when they were last told
        self.failure: Message | None = None  # {"type", "why"}
        self._done = ""

    def wait(self, deadline: float, on_log: Callable[[], bool]) -> Call | str:
        while (heard := super().wait(deadline, on_log)) == "agent":
            self._hear_agent()
        return heard

    def invoke(self, event: Message) -> None:
        """Hand this event to those extensions that asked for events."""
        try:
            channel.send(self._agent_socket, {"invoke": event})
        except OSError:
            pass  # the agent is gone; that is heard

    def await_ready(self, deadline: float, on_log: Callable[[], bool]) -> str:
        """Wait until all extensions have asked for their first event: "", or "deadline" or "control"."""
        return self._await(lambda: self.ready, deadline, on_log)

    def await_done(self, request_id: str, deadline: float, on_log: Callable[[], bool]) -> str:
        """Wait until all that got this event have asked for the next: "", or "deadline" or "control"."""
        return self._await(lambda: self._done == request_id, deadline, on_log)

    def _await(self, condition: Callable[[], bool], deadline: float, on_log: Callable[[], bool]) -> str:
        """What the runtime asks meanwhile is left for later."""
        poll = select.poll()
        for file, there in ((self._control, True), (self._log, self._log_open), (self._agent, self._agent >= 0)):
            if there:
                poll.register(file, select.POLLIN)
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                return "deadline"
            ready = [file for file, _ in poll.poll(left * 1000 + 1)]
            if self._log in ready and not self._hear_log(on_log):
                poll.unregister(self._log)
            if self._agent in ready:
                self._hear_agent()
                if self._agent < 0:
                    poll.unregister(self._agent_socket.fileno())
            elif self._control in ready:
                return "control"
        return ""

    def _hear_agent(self) -> None:
        try:
            message = channel.receive(self._agent_socket, wait=False).message
        except BlockingIOError:
            return
        except OSError:
            message = None
        if message is None:
            self._poll.unregister(self._agent)
            self._agent = -1
            self._fail({"type": "Extension.Crash", "why": "the extensions of this environment ended"})
        elif "failed" in message:
            self.states = message["extensions"]
            self._fail(message["failed"])
        elif "ready" in message:
            self.ready, self.states = True, message["ready"]
        elif "done" in message:
            self._done = message["done"]

    def _fail(self, failure: Message) -> None:
        if self.failure is None:
            self.failure = failure
            self._on_failure()

    def close(self) -> None:
        super().close()
        self._agent_socket.close()
