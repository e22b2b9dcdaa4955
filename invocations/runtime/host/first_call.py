"""How an initialisation ahead went: the runtime's first call says it, and is left for who comes first.

Of extensions their agent says it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from invocations.runtime import channel
from invocations.runtime.host.environment import Environment, Processes
from invocations.runtime.host.loop import Loop

_LOOK_AGAIN_SECONDS = 0.005  # for the rest of a request's first line
_LINE_MAX = 512


class FirstCall:
    """Accepts the runtime's connections and looks at what comes without taking it.

    `told` is called once: whether the runtime asks for an event. An error of its initialisation is the other thing.
    """

    def __init__(self, loop: Loop, processes: Processes, told: Callable[[bool], None]) -> None:
        self._loop = loop
        self._processes = processes
        self._told = told
        self._loop.watch(processes.listeners[0], self._accept)

    def _accept(self) -> None:
        with socket.socket(fileno=os.dup(self._processes.listeners[0])) as listener:
            connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = connection.detach()
        self._processes.connections.append(file)
        self._loop.watch(file, lambda: self._look(file))

    def _look(self, file: int) -> None:
        if file not in self._processes.connections:
            return  # closed meanwhile
        with socket.socket(fileno=os.dup(file)) as connection:
            try:
                line, ended, _ = connection.recv(_LINE_MAX, socket.MSG_PEEK | socket.MSG_DONTWAIT).partition(b"\r\n")
            except OSError:
                line, ended = b"", b""
        if not line:
            self._loop.forget(file)
            self._processes.connections.remove(file)
            os.close(file)
        elif not ended and len(line) < _LINE_MAX:
            self._loop.forget(file)
            self._loop.after(_LOOK_AGAIN_SECONDS, lambda: self._look(file))
        else:
            for watched in (self._processes.listeners[0], *self._processes.connections):
                self._loop.forget(watched)
            self._told(b"/runtime/init/error" not in line)


class ExtensionsReady:
    """Listens to the agent of an environment's extensions, until they are ready or somebody has borrowed it.

    `told` is called once: whether they are ready. Their failure is the other thing.
    """

    def __init__(
        self, loop: Loop, environment: Environment, agent: socket.socket, told: Callable[[bool], None]
    ) -> None:
        self._loop = loop
        self._environment = environment
        self._agent = agent
        self._told = told
        self._loop.watch(agent.fileno(), self._hear)

    def _hear(self) -> None:
        if self._environment.borrower is not None:
            self._loop.forget(self._agent.fileno())  # what it says is the borrower's to hear
            return
        try:
            message = channel.receive(self._agent, wait=False).message
        except BlockingIOError:
            return
        except OSError:
            message = None
        self._loop.forget(self._agent.fileno())
        if message is not None and "ready" in message:
            self._environment.extensions = message["ready"]
        self._told(message is not None and "ready" in message)
