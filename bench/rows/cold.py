"""Cold starts in the default sandbox against fresh, unjailed interpreters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from bench.fresh import fresh_start, fresh_together
from bench.goals import Figure, Result
from bench.handlers import folder
from bench.hosts import Hosted
from bench.rounds import interleaved, medians, ratio
from bench.workshop import Workshop

_STARTS = 5  # of one round's median
_AT_ONCE = 50

COLD = {
    "plain": (
        Figure("cold", "cold start against a fresh awslambdaric, no spare ready", "x", 0.6, 0.25),
        Figure("cold_spare", "cold start against a fresh awslambdaric, spare ready", "x", 0.3, 0.12),
    ),
    "boto3": (
        Figure("cold_boto3", "the same, handler imports boto3, no spare ready", "x", 0.2, 0.07),
        Figure("cold_boto3_spare", "the same, handler imports boto3, spare ready", "x", 0.1, 0.025),
    ),
}
AT_ONCE = Figure("cold_50", "50 cold environments at once against 50 fresh ones, wall", "x", 0.4, 0.1)
FIGURES = [*(figure for pair in COLD.values() for figure in pair), AT_ONCE]


def measure(shop: Workshop) -> Iterator[Result]:
    with ExitStack() as hosts:
        spareless = hosts.enter_context(Hosted(shop.scratch / "spareless", spares=False))
        spares = hosts.enter_context(Hosted(shop.scratch / "spares"))
        for kind, figures in COLD.items():
            yield from _starts(shop, kind, figures, spareless, spares)
        fresh = folder(shop.scratch, "plain")
        values = interleaved(
            {
                "lambdaplay_ms": lambda: 1000 * float(spares.ask("together", kind="plain", starts=_AT_ONCE)),
                "fresh_ms": lambda: 1000 * fresh_together(fresh, _AT_ONCE),
            },
            shop.rounds,
        )
        yield Result(AT_ONCE, ratio(values, "lambdaplay_ms", "fresh_ms"), shop.rounds, medians(values))


def _starts(
    shop: Workshop, kind: str, figures: tuple[Figure, Figure], spareless: Hosted, spares: Hosted
) -> Iterator[Result]:
    fresh = folder(shop.scratch, kind)
    values = interleaved(
        {
            "no_spare_ms": lambda: 1000 * median(spareless.ask("cold", kind=kind, starts=_STARTS)),
            "fresh_ms": lambda: 1000 * median(fresh_start(fresh) for _ in range(_STARTS)),
            "spare_ms": lambda: 1000 * median(spares.ask("cold", kind=kind, starts=_STARTS)),
        },
        shop.rounds,
    )
    middle = medians(values)
    for figure, side in zip(figures, ("no_spare_ms", "spare_ms"), strict=True):
        sides = {name: middle[name] for name in (side, "fresh_ms")}
        yield Result(figure, ratio(values, side, "fresh_ms"), shop.rounds, sides, f"sandbox {spares.level}")
