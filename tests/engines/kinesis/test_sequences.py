"""Sequence numbers and the key space, as numbers."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.engines.kinesis import hashing, sequences
from invocations.engines.kinesis.sequences import Numbering

EPOCHS = st.integers(1_500_000_000, 2**36 - 2)
NUMBERINGS = st.builds(Numbering, EPOCHS, st.integers(0, 2**31 - 1))
PLACES = st.integers(1, sequences.HIGHEST_PLACE)
MOMENTS = st.integers(0, 2**36 * 1000 - 1)


@given(NUMBERINGS, PLACES, MOMENTS)
def test_a_sequence_number_has_56_digits_and_says_where_it_is_from(
    numbering: Numbering, place: int, arrived_ms: int
) -> None:
    text = numbering.of(place, arrived_ms)
    assert len(text) == 56
    assert sequences.parse(text) == sequences.Parsed(numbering, place, arrived_ms // 1000)


@given(NUMBERINGS, PLACES, MOMENTS, MOMENTS)
def test_order_is_that_of_places_whatever_the_clock_says(
    numbering: Numbering, place: int, early: int, late: int
) -> None:
    here, behind, following = (
        int(text) for text in (numbering.of(place, late), numbering.behind(place), numbering.of(place + 1, early))
    )
    assert int(numbering.start) < here <= behind < following < int(numbering.end(early))


@given(NUMBERINGS, PLACES, MOMENTS, st.integers(0, 2**31 - 1), MOMENTS)
def test_everything_in_a_child_is_greater_than_everything_in_its_parent(
    parent: Numbering, place: int, arrived_ms: int, child: int, closed_ms: int
) -> None:
    below = Numbering(parent.epoch + 1, child)
    assert int(parent.of(place, arrived_ms)) < int(parent.end(closed_ms)) < int(below.start)


@given(NUMBERINGS, MOMENTS)
def test_a_closed_shards_end_is_read_as_behind_all_of_it(numbering: Numbering, closed_ms: int) -> None:
    parsed = sequences.parse(numbering.end(closed_ms))
    assert parsed is not None and parsed.place == sequences.HIGHEST_PLACE


@pytest.mark.parametrize("text", ["", "0", "5", "abc", "4" * 55, "9" * 56, "1" * 56, "٤" * 56])
def test_what_is_no_sequence_number_is_none(text: str) -> None:
    assert sequences.parse(text) is None


@given(st.integers(1, 3000))
def test_even_parts_cover_the_key_space_once(parts: int) -> None:
    ranges = hashing.even(parts)
    assert len(ranges) == parts
    assert ranges[0].first == 0 and ranges[-1].last == hashing.HIGHEST
    assert all(low.last + 1 == high.first for low, high in pairwise(ranges))
    widths = {part.last - part.first for part in ranges[:-1]}
    assert len(widths) <= 1


def test_three_shards_begin_where_awss_do() -> None:
    assert [str(part.first) for part in hashing.even(3)] == [
        "0",
        "113427455640312821154458202477256070485",
        "226854911280625642308916404954512140970",
    ]


@given(st.text(min_size=1, max_size=256))
def test_a_partition_key_lies_where_its_md5_says(key: str) -> None:
    expected = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16)
    assert hashing.of_partition_key(key) == expected
