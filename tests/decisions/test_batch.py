from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.decisions.batch import event_of, fitting, is_full
from invocations.limits import SYNC_REQUEST_BYTES


@pytest.mark.parametrize(
    ("sizes", "most", "room", "count"),
    [
        ([], 10, 100, 0),
        ([10], 10, 100, 1),
        ([10] * 20, 10, 1000, 10),
        ([40, 40, 40], 10, 14 + 81, 2),
        ([40, 40, 40], 10, 14 + 80, 1),  # the comma counts
        ([500], 10, 100, 1),  # too large even alone: it is handed over, and the call says so
    ],
)
def test_how_many_fit(sizes: Sequence[int], most: int, room: int, count: int) -> None:
    assert fitting(sizes, most, room) == count


@given(st.lists(st.text(max_size=30), max_size=20), st.integers(1, 20), st.integers(40, 300))
def test_what_fits_is_no_longer_than_the_room(bodies: list[str], most: int, room: int) -> None:
    texts = [json.dumps({"body": body}).encode() for body in bodies]
    count = fitting([len(text) for text in texts], most, room)
    event = event_of(texts[:count])
    assert json.loads(event) == {"Records": [{"body": body} for body in bodies[:count]]}
    assert len(event) <= room or count == 1
    if count < min(most, len(texts)):
        assert len(event_of(texts[: count + 1])) > room


def test_further_members_stand_beside_the_records() -> None:
    assert json.loads(event_of([b"1"], {"state": {}, "final": True})) == {"Records": [1], "state": {}, "final": True}
    assert json.loads(event_of([], {"state": {}})) == {"Records": [], "state": {}}


def test_full_by_number_or_by_size() -> None:
    assert is_full([1] * 10, 10)
    assert not is_full([1] * 9, 10)
    assert is_full([SYNC_REQUEST_BYTES - 10], 10)
