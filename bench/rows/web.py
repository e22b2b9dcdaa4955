"""Warm synchronous calls against a bare view, against serverless-offline, and their tail."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench.calling import load
from bench.goals import Figure, Result
from bench.peers import serverless
from bench.rounds import interleaved, medians, ratio
from bench.workshop import Absent, Workshop

BARE = {
    1: Figure("bare_1", "calls/s against a bare view with one INSERT, 1 caller", "x", 0.55, 0.70, True),
    8: Figure("bare_8", "calls/s against a bare view with one INSERT, 8 callers", "x", 0.50, 0.65, True),
}
OFFLINE = {
    1: Figure("offline_1", "calls/s against serverless-offline (Python), 1 caller", "x", 0.30, 0.60, True),
    8: Figure("offline_8", "calls/s against serverless-offline (Python), 8 callers", "x", 0.20, 0.50, True),
}
TAIL = Figure("p99_16", "p99 at 16 callers, SQLite", "ms", 60, 30)
FIGURES = [*BARE.values(), *OFFLINE.values(), TAIL]


def measure(shop: Workshop) -> Iterator[Result]:
    port = shop.bare
    for callers, figure in BARE.items():
        yield _compare(shop, figure, callers, port, "/2015-03-31/functions/echo/invocations")
    yield from _offline(shop)
    # The warm-up round is not kept.
    tails = [shop.calls(16)["p99_ms"] for _ in range(shop.rounds + 1)][1:]
    yield Result(TAIL, median(tails), shop.rounds)


def _offline(shop: Workshop) -> Iterator[Result]:
    try:
        port, path = serverless.start(shop)
    except Absent as absent:
        yield from (Result(figure, None, note=str(absent)) for figure in OFFLINE.values())
        return
    for callers, figure in OFFLINE.items():
        yield _compare(shop, figure, callers, port, path)


def _compare(shop: Workshop, figure: Figure, callers: int, port: int, path: str) -> Result:
    sides = {
        "lambdaplay": lambda: float(shop.calls(callers)["rate"]),
        "other": lambda: float(load(port, path, callers, shop.seconds)["rate"]),
    }
    values = interleaved(sides, shop.rounds)
    return Result(figure, ratio(values, "lambdaplay", "other"), shop.rounds, medians(values))
