"""Event streams as we write them, read by botocore."""

from __future__ import annotations

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from invocations.wire.protocol import event_stream


def read(data: bytes, pieces: int = 1) -> list[tuple[dict[str, str], bytes]]:
    buffer, found = EventStreamBuffer(), []
    step = max(1, -(-len(data) // pieces))
    for start in range(0, len(data), step):
        buffer.add_data(data[start : start + step])
        found += [(message.headers, message.payload) for message in buffer]
    return found


@given(
    st.lists(
        st.tuples(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=200)), st.binary()), min_size=1
    ),
    st.integers(1, 9),
)
def test_botocore_reads_what_we_write(messages: list[tuple[dict[str, str], bytes]], pieces: int) -> None:
    data = b"".join(event_stream.message(headers, payload) for headers, payload in messages)
    assert read(data, pieces) == messages


def test_an_event_names_its_kind() -> None:
    headers = {":event-type": "PayloadChunk", ":content-type": "application/octet-stream", ":message-type": "event"}
    assert read(event_stream.event("PayloadChunk", "application/octet-stream", b"\0\1")) == [(headers, b"\0\1")]


@pytest.mark.parametrize("place", [0, 5, 9, 20, -5, -1])
def test_a_flipped_bit_is_found(place: int) -> None:
    data = bytearray(event_stream.event("InvokeComplete", "application/json", b"{}"))
    data[place] ^= 1
    with pytest.raises(ChecksumMismatch):
        read(bytes(data))
