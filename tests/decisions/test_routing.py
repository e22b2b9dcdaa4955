"""Weighted aliases: which version a call goes to."""

from __future__ import annotations

import pytest

from invocations.decisions.routing import choose_version


@pytest.mark.parametrize(
    ("weights", "draw", "version"),
    [
        ({}, 0.0, "1"),
        ({}, 0.999, "1"),
        ({"2": 0.2}, 0.0, "2"),
        ({"2": 0.2}, 0.1999, "2"),
        ({"2": 0.2}, 0.2, "1"),
        ({"2": 0.0}, 0.0, "1"),
        ({"2": 1.0}, 0.999999, "2"),
    ],
)
def test_the_draw_decides(weights: dict[str, float], draw: float, version: str) -> None:
    assert choose_version("1", weights, draw) == version


def test_shares_come_out_as_the_weights_say() -> None:
    draws = [number / 1000 for number in range(1000)]
    assert sum(choose_version("1", {"2": 0.3}, draw) == "2" for draw in draws) == 300
