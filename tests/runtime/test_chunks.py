"""Chunked bodies, cut wherever a network may cut them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.runtime.chunks import BrokenChunks, Chunks

WHOLE = b"4;x=y\r\nWiki\r\n5\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\nA-Type: b c\r\nB:\r\n\r\n"


@given(st.lists(st.integers(0, len(WHOLE)), max_size=6))
def test_it_does_not_matter_where_it_is_cut(cuts: list[int]) -> None:
    chunks, body, edges = Chunks(), b"", [0, *sorted(cuts), len(WHOLE)]
    for start, end in pairwise(edges):
        body += chunks.feed(WHOLE[start:end])
    assert body == b"Wikipedia in\r\n\r\nchunks."
    assert chunks.ended
    assert chunks.trailers == {b"a-type": b"b c", b"b": b""}


def test_a_piece_is_handed_out_before_its_chunk_is_complete() -> None:
    chunks = Chunks()
    assert chunks.feed(b"A\r\n0123") == b"0123"
    assert chunks.feed(b"456789\r") == b"456789"
    assert not chunks.ended
    assert chunks.feed(b"\n0\r\n") == b""
    assert not chunks.ended
    assert chunks.feed(b"\r\n") == b""
    assert chunks.ended


@pytest.mark.parametrize(
    "data", [b"x\r\n", b"\r\n", b"-1\r\n", b"3\r\nabcd\r\n", b"0\r\nno trailer\r\n", b"1" * 16 + b"\r\n"]
)
def test_what_is_no_chunk_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenChunks):
        Chunks().feed(data)
