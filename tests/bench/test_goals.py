"""How figures are judged and told."""

from __future__ import annotations

import pytest

from bench.goals import Figure, Result
from bench.report import line
from bench.rounds import interleaved, ratio

RATE = Figure("rate", "calls/s against a floor", "x", 0.5, 0.7, more_is_better=True)
DELAY = Figure("delay", "p99", "ms", 60, 30)


@pytest.mark.parametrize(
    ("figure", "value", "verdict"),
    [
        (RATE, 0.49, "miss"),
        (RATE, 0.5, "pass"),  # the goal itself is met
        (RATE, 0.7, "stretch"),
        (RATE, None, "absent"),
        (DELAY, 61, "miss"),
        (DELAY, 60, "pass"),
        (DELAY, 30, "stretch"),
        (DELAY, 0, "stretch"),  # zero is a value
    ],
)
def test_a_value_is_judged_by_goal_and_stretch(figure: Figure, value: float | None, verdict: str) -> None:
    assert figure.verdict(value) == verdict


def test_sides_alternate_and_the_first_round_is_dropped() -> None:
    order: list[str] = []

    def side(name: str) -> float:
        order.append(name)
        return float(len(order))

    values = interleaved({"one": lambda: side("one"), "other": lambda: side("other")}, rounds=2)

    assert order == ["one", "other"] * 3
    assert values == {"one": [3.0, 5.0], "other": [4.0, 6.0]}


def test_a_ratio_compares_neighbours_in_time() -> None:
    # The machine slowed down tenfold on the way: each round's own ratio does not mind.
    assert ratio({"one": [50.0, 5.0, 50.0], "other": [100.0, 10.0, 100.0]}, "one", "other") == 0.5


def test_an_absent_figure_says_why() -> None:
    text = line(Result(RATE, None, note="npm is not on PATH"))

    assert "absent" in text
    assert "npm is not on PATH" in text
