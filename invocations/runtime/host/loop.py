"""The environment host's event loop: readable files and timers, one thread."""

from __future__ import annotations

import heapq
import itertools
import logging
import selectors
import time
from collections.abc import Callable

log = logging.getLogger("lambdaplay.host")


class Loop:
    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def watch(self, file: int, ready: Callable[[], None]) -> None:
        self._selector.register(file, selectors.EVENT_READ, ready)

    def forget(self, file: int) -> None:
        try:
            self._selector.unregister(file)
        except (KeyError, ValueError):
            pass  # forgotten before

    def after(self, seconds: float, due: Callable[[], None]) -> None:
        """Call `due` once, about so many seconds from now. No cancelling: `due` looks whether it still matters."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), due))

    def every(self, seconds: float, due: Callable[[], None]) -> None:
        def again() -> None:
            self.after(seconds, again)
            due()

        self.after(seconds, again)

    def run(self) -> None:
        while True:
            for key, _ in self._selector.select(self._patience()):
                self._guard(key.data)
            while self._timers and self._timers[0][0] <= time.monotonic():
                self._guard(heapq.heappop(self._timers)[2])

    def _patience(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _guard(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception:  # one bad environment must not end all others
            log.exception("a callback failed")
