"""Warm environments: what the sandbox costs a round trip, what we add to one, and what one weighs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from bench.goals import Figure, Result
from bench.hosts import Hosted
from bench.rounds import interleaved, medians, ratio
from bench.workshop import Absent, Workshop

_ROUND_TRIPS = 1000
_ENVIRONMENTS = 10

OWN = Figure("own", "our time per call: p50 less a raw round trip with the runtime", "ms", 1.5, 0.7)
INSIDE = Figure("inside", "warm round trip inside the sandbox against outside", "x", 1.05, 1.0)
MEMORY = {
    "plain": Figure("memory", f"PSS of a warm environment, of {_ENVIRONMENTS}: plain", "MB", 8, 6),
    "boto3": Figure("memory_boto3", f"PSS of a warm environment, of {_ENVIRONMENTS}: boto3", "MB", 10, 8),
}
FIGURES = [OWN, INSIDE, *MEMORY.values()]


def measure(shop: Workshop) -> Iterator[Result]:
    with ExitStack() as hosts:
        inside = hosts.enter_context(Hosted(shop.scratch / "inside"))
        outside = hosts.enter_context(Hosted(shop.scratch / "outside", sandbox="none"))
        values = interleaved(
            {
                "call_ms": lambda: float(shop.calls(1)["p50_ms"]),
                "inside_ms": lambda: 1000 * float(inside.ask("warm", calls=_ROUND_TRIPS)),
                "outside_ms": lambda: 1000 * float(outside.ask("warm", calls=_ROUND_TRIPS)),
            },
            shop.rounds,
        )
        middle = medians(values)
        own = median(call - raw for call, raw in zip(values["call_ms"], values["inside_ms"], strict=True))
        yield Result(OWN, own, shop.rounds, {name: middle[name] for name in ("call_ms", "inside_ms")})
        sides = {name: middle[name] for name in ("inside_ms", "outside_ms")}
        note = f"sandbox {inside.level}"
        yield Result(INSIDE, ratio(values, "inside_ms", "outside_ms"), shop.rounds, sides, note)
        for kind, figure in MEMORY.items():
            yield _memory(shop, figure, kind, inside)


def _memory(shop: Workshop, figure: Figure, kind: str, inside: Hosted) -> Result:
    try:
        found = [inside.ask("memory", kind=kind, environments=_ENVIRONMENTS) for _ in range(shop.rounds)]
    except Absent as absent:
        return Result(figure, None, note=f"its memory cannot be read: {absent}")
    return Result(figure, median(found), shop.rounds)
