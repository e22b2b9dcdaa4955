"""The zygote as the host sees it, and the blanks it has made: a few ready ones, more when somebody waits."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from invocations.runtime import channel
from invocations.runtime.host.environment import Processes
from invocations.runtime.host.loop import Loop
from invocations.runtime.host.settings import JAILED, HostSettings

log = logging.getLogger("lambdaplay.host")

READY_BLANKS = 3
_PAUSE_SECONDS = 1.0  # before another try, when the last one failed at once
_GIVE_UP_SECONDS = 3.0  # without a single success, before those who wait are told


@dataclass(frozen=True, eq=False)
class _Waiting:
    tmp: int | None
    use: Callable[[Processes | None], None]


class Nursery:
    """Blanks of two kinds: with a network namespace of their own (True) and without (False).

    `on_blank`: one is ready. `on_gone`: a ready one is no more. `on_end`: the zygote ended, and with it every /tmp.
    """

    def __init__(
        self,
        loop: Loop,
        settings: HostSettings,
        level: str,
        on_blank: Callable[[Processes], None],
        on_gone: Callable[[Processes], None],
        on_end: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._settings = settings
        self._level = level
        self._on_blank = on_blank
        self._on_gone = on_gone
        self._on_end = on_end
        self._numbers = 0
        self._making: dict[int, Processes] = {}
        self._ready: dict[bool, deque[Processes]] = {True: deque(), False: deque()}
        self._waiting: dict[bool, deque[_Waiting]] = {True: deque(), False: deque()}
        self.places: channel.Message | None = None  # fence.Places, where there are no namespaces
        self._up = False
        self._pausing = False
        self._failing_since: float | None = None
        self._started = 0.0
        self._control: socket.socket
        self._process: subprocess.Popen[bytes]

    def start(self) -> None:
        self._started = time.monotonic()
        self._control, theirs = channel.pair()
        # Everybody may read a command line, and functions are forked from this process: it gets no secret.
        told = replace(self._settings, session_key_seed="").to_json()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*zygote_command(self._settings.python), str(theirs.fileno()), told, self._level],
                env={},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._loop.watch(self._control.fileno(), self._hear)

    def end_strays(self) -> None:
        """Have the zygote end what an init left that was killed from inside; only without pid namespaces."""
        self._tell({"op": "strays"})

    def take(self, own_network: bool, tmp: int | None, use: Callable[[Processes | None], None]) -> None:
        """Call `use` with a blank: at once when one is ready, else as soon as one is made; None: none can be made.

        `tmp`: the number of an older blank whose /tmp it must see; one that was begun before that one does not.
        """
        ready = self._ready[own_network]
        for blank in [blank for blank in ready if not blank.lives()]:
            ready.remove(blank)
            self._discard(blank)
        fit = next((blank for blank in ready if tmp is None or blank.number > tmp), None)
        if fit is not None:
            ready.remove(fit)
            use(fit)
        else:
            self._waiting[own_network].append(_Waiting(tmp, use))
        self._refill()

    def drop_tmp(self, number: int) -> None:
        self._tell({"op": "drop", "tmp": number})

    def _refill(self) -> None:
        if not self._up or self._pausing:
            return  # it is called again then
        for own_network in (True, False):
            wanted = len(self._waiting[own_network])
            # Blanks that share the network are rare: made when asked for. Ready ones are kept of the usual kind.
            if own_network == (self._level in JAILED):
                wanted += READY_BLANKS
            making = sum(1 for processes in self._making.values() if processes.own_network == own_network)
            for _ in range(wanted - making - len(self._ready[own_network])):
                self._make(own_network)
            # Who waits for one that sees a certain /tmp is not helped by those begun before it.
            begun = [number for number, made in self._making.items() if made.own_network == own_network]
            if any(each.tmp is not None and each.tmp >= max(begun, default=0) for each in self._waiting[own_network]):
                self._make(own_network)

    def _make(self, own_network: bool) -> None:
        self._numbers += 1
        made = Processes(self._numbers, own_network, self._level in JAILED)
        self._making[made.number] = made
        self._loop.watch(made.control.fileno(), lambda: self._hear_blank(made))
        order = {"op": "blank", "number": made.number, "own_network": own_network}
        self._tell(order, [made.init_end.fileno(), made.function_end.fileno()])
        made.init_end.close()
        made.function_end.close()

    def _tell(self, message: channel.Message, files: list[int] | None = None) -> None:
        try:
            channel.send(self._control, message, files or [])
        except OSError:
            pass  # the zygote is gone; `_hear` will start another

    def _hear_blank(self, made: Processes) -> None:
        packet = channel.receive(made.control)
        self._loop.forget(made.control.fileno())
        self._making.pop(made.number, None)
        if packet.message is None:
            log.error("a new environment ended before it stood")
            made.close()
            self._fail(made.own_network)
            return
        made.born(packet)
        self._failing_since = None
        self._on_blank(made)
        waiting = self._waiting[made.own_network]
        fit = next((each for each in waiting if each.tmp is None or made.number > each.tmp), None)
        if fit is not None:
            waiting.remove(fit)
            fit.use(made)
        else:
            self._ready[made.own_network].append(made)
            if waiting:
                self._refill()

    def _discard(self, blank: Processes) -> None:
        self._on_gone(blank)
        blank.kill()
        blank.close()
        self.drop_tmp(blank.number)

    def _fail(self, own_network: bool) -> None:
        """Try again, at once the first time, then after a pause; do not let anybody wait for what does not come."""
        now = time.monotonic()
        first = self._failing_since is None
        self._failing_since = self._failing_since or now
        if now - self._failing_since >= _GIVE_UP_SECONDS:
            while self._waiting[own_network]:
                self._waiting[own_network].popleft().use(None)
        if first:
            self._refill()
        elif not self._pausing:
            self._pausing = True
            self._loop.after(_PAUSE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._pausing = False
        self._refill()

    def _hear(self) -> None:
        packet = channel.receive(self._control)
        if packet.message is not None:
            self.places = packet.message["places"]
            self._up = True
            self._refill()
            return
        self._up = False
        self._loop.forget(self._control.fileno())
        self._control.close()
        self._process.wait()
        log.error("the parent of all environments ended; starting another")
        for ready in self._ready.values():
            while ready:
                self._discard(ready.popleft())
        self._on_end()
        lived = time.monotonic() - self._started
        self._loop.after(0.0 if lived > _PAUSE_SECONDS else _PAUSE_SECONDS, self.start)


def zygote_command(python: str) -> list[str]:
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    code = f"import sys; sys.path.insert(0, {checkout!r}); from invocations.runtime.host.zygote import main; main()"
    return [python, "-I", "-S", "-c", code]
