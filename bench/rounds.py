"""Rounds: every side once, then every side again, so that a drift of the machine meets all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median


def interleaved(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run the sides A B A B ...; the first round warms up and does not count."""
    values: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, measure in sides.items():
            value = measure()
            if number > 0:
                values[name].append(value)
    return values


def ratio(values: Mapping[str, list[float]], above: str, below: str) -> float:
    """Median of the rounds' own ratios: neighbours in time are compared, nothing else."""
    return median(one / other for one, other in zip(values[above], values[below], strict=True))


def medians(values: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: median(found) for name, found in values.items()}
