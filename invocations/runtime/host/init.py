"""The init of an execution environment: its first process, which stops, continues, reaps and ends all others.

In a pid namespace of its own the kernel helps: a signal to -1 reaches everyone in there, and the init's end is
everyone's end. Without one (level L0) the init is the reaper of orphans below it and walks its process tree.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import time

from invocations.runtime import channel
from invocations.runtime.kernel import memory

FREEZE, THAW, KILL, STAY = b"F", b"T", b"K", b"S"
_SWEEP_PAUSE = 0.0005


class Init:
    def __init__(self, control: socket.socket, woken: int, function: int, own_pids: bool) -> None:
        self._control = control
        self._woken = woken
        self._function = function
        self._own_pids = own_pids
        self._status: int | None = None  # of the function process, once it has ended
        self._stays = False  # what is left goes on without it, until the host says otherwise

    def watch(self) -> None:
        """Obey the host; tell how the function process ended, then end, and everything else with it. Never returns."""
        gc.disable()
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            for file, _ in poll.poll():
                if file == self._woken:
                    os.read(self._woken, 4096)
                    self._reap()
                    if self._status is not None:
                        self._end_of_function()
                else:
                    self._obey(self._control.recv(1))

    def _obey(self, order: bytes) -> None:
        if order in (FREEZE, THAW):
            self._signal_all(signal.SIGSTOP if order == FREEZE else signal.SIGCONT)
        elif order == STAY:
            self._stays = True
        else:  # KILL, or nothing: the host is gone
            self._leave()

    def _end_of_function(self) -> None:
        """The end of everything, unless extensions are to hear of it first."""
        if not self._stays:
            self._leave()
        if self._function:
            self._function = 0  # told once
            self._tell()

    def _leave(self) -> None:
        if not self._own_pids:
            self._sweep()
        self._tell()
        os._exit(0)

    def _tell(self) -> None:
        try:
            channel.send(self._control, {"exit": self._status})
        except OSError:
            pass  # the host is gone

    def _signal_all(self, number: int) -> None:
        if self._own_pids:
            _send(-1, number)  # everyone in this pid namespace but us
            return
        reached: set[int] = set()
        while fresh := set(memory.tree(os.getpid())[1:]) - reached:  # until nobody is left who could have forked
            for pid in fresh:
                _send(pid, number)
            reached |= fresh

    def _sweep(self) -> None:
        """Stop everyone below, so that nobody forks on, then kill; again until nobody is left."""
        while len(memory.tree(os.getpid())) > 1:
            self._signal_all(signal.SIGSTOP)
            self._signal_all(signal.SIGKILL)
            self._reap()
            time.sleep(_SWEEP_PAUSE)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._function:
                self._status = os.waitstatus_to_exitcode(status)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
