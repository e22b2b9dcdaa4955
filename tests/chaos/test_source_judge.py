"""What a storm's verdict is made of: each kind of damage is seen, and nothing else is."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from lambdaplay.chaos.source_judge import Item, Report, Verdict, judge


def item(number: int, source: str = "stream", key: str = "k") -> Item:
    return Item(source, key, number, f"{source}-{key}-{number}")


A, B, C = item(0), item(1), item(2)
ALL = {A.id: 1, B.id: 1, C.id: 1}
QUEUED = [item(0, "queue"), item(1, "queue")]


@pytest.mark.parametrize(
    ("reports", "done", "expected"),
    [
        ([[A, B, C]], ALL, {}),
        ([[A], [B, C]], ALL, {}),
        ([[A, B], [A, B], [B, C]], ALL, {"again": 3}),
        ([[A], [C], [B]], ALL, {"out_of_order": [C]}),
        ([[B, A, C]], ALL, {"out_of_order": [B]}),
        ([[A, B]], ALL, {"unprocessed": [C], "wrongly_recorded": [C.id]}),
        ([[A, C]], {A.id: 1, C.id: 1}, {"unprocessed": [B], "unrecorded": [B], "out_of_order": [C]}),
        ([[A, B, C]], {A.id: 1, B.id: 1}, {"unrecorded": [C]}),
        ([[A, B, C]], {**ALL, B.id: 2}, {"recorded_twice": [B.id]}),
        ([[A, B, C, item(0, key="other")]], ALL, {}),
        ([[A, B, C, item(1, key="other")]], ALL, {"out_of_order": [item(1, key="other")]}),
        ([[A, B, C, QUEUED[1], QUEUED[0]]], ALL, {}),
    ],
)
def test_each_damage_is_seen(reports: list[list[Item]], done: dict[str, int], expected: dict[str, object]) -> None:
    told = [Report(at, items) for at, items in enumerate(reports)]
    found = judge([A, B, C], told, done)
    wanted = Verdict()
    for name, value in expected.items():
        setattr(wanted, name, value)
    assert asdict(found) == asdict(wanted)
    assert found.broken == bool(set(expected) - {"again"})


def test_calls_are_ordered_by_when_they_began_and_not_by_when_they_were_heard_of() -> None:
    assert not judge([A, B, C], [Report(2, [C]), Report(1, [A, B])], ALL).out_of_order
    assert judge([A, B, C], [Report(1, [C]), Report(2, [A, B])], ALL).out_of_order == [C]
