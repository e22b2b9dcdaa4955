"""The whole tree: how soon it is healthy when it is started again, and what it holds when nobody calls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import psutil

from bench.goals import Figure, Result
from bench.workshop import Workshop
from tests.house import House, free_port

_SETTLE_SECONDS = 5.0

START = Figure("start", "a later start, to healthy", "s", 5, 2)
IDLE = Figure("idle", "PSS of the whole tree, idle", "MB", 400, 250)
FIGURES = [START, IDLE]


def measure(shop: Workshop) -> Iterator[Result]:
    house = House(shop.scratch / "later", free_port())
    house.start()
    house.stop()
    seconds, held = [], []
    for number in range(shop.rounds):
        began = time.perf_counter()
        house.launch()
        try:
            house.wait_for("ok")
            seconds.append(time.perf_counter() - began)
            if number < 2:
                time.sleep(_SETTLE_SECONDS)
                held.append(_weigh(house))
        finally:
            house.stop()
    yield Result(START, median(seconds), shop.rounds)
    parts = {name: median(weights.get(name, 0.0) for weights in held) for name in held[0]}
    yield Result(IDLE, median(sum(weights.values()) for weights in held), len(held), parts)


def _weigh(house: House) -> dict[str, float]:
    """Proportional megabytes by process name."""
    found: dict[str, float] = {}
    for process in house.processes():
        name = process.name() if process.pid != house.process.pid else "up"  # type: ignore[union-attr]
        try:
            pss = process.memory_full_info().pss / 2**20
        except psutil.Error:
            continue  # it ended meanwhile
        found[name] = found.get(name, 0.0) + pss
    return found
