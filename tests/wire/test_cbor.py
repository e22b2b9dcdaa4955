"""CBOR as pure code: what is written is read, the RFC's own examples are understood, nonsense is refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.wire.protocol import cbor

MOMENTS = st.integers(-(2**40), 2**45).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
TEXTS = st.text(st.characters(codec="utf-8"))
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**200), 2**200) | st.floats(allow_nan=False) | TEXTS | st.binary()
) | MOMENTS
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=30)


@given(DOCUMENTS)
def test_what_is_written_is_read(value: Any) -> None:
    assert cbor.decode(cbor.encode(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        cbor.decode(body)
    except cbor.Malformed as refusal:
        assert str(refusal)


@given(DOCUMENTS, st.data())
def test_a_part_of_a_document_is_refused(value: Any, data: st.DataObject) -> None:
    whole = cbor.encode(value)
    with pytest.raises(cbor.Malformed):
        cbor.decode(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(cbor.Malformed):
        cbor.decode(whole + b"\x00")


# RFC 8949, appendix A.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1903e8", 1000),
        ("1a000f4240", 1_000_000),
        ("1bffffffffffffffff", 2**64 - 1),
        ("c249010000000000000000", 2**64),
        ("c349010000000000000000", -(2**64) - 1),
        ("3903e7", -1000),
        ("f93e00", 1.5),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("f97c00", math.inf),
        ("f4", False),
        ("f6", None),
        ("f7", None),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "ü"),
        ("83010203", [1, 2, 3]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9fff", []),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
        ("d818456449455446", b"dIETF"),
    ],
)
def test_the_rfcs_examples(text: str, value: Any) -> None:
    assert cbor.decode(bytes.fromhex(text)) == value


def test_moments_are_milliseconds() -> None:
    moment = datetime(2026, 1, 31, 12, 34, 56, 789000, tzinfo=UTC)
    written = cbor.encode(moment)
    assert written == bytes.fromhex("c1") + cbor.encode(1769862896789)
    assert cbor.decode(bytes.fromhex("c100")) == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",  # nothing
        "ff",  # a break alone
        "a101ff",  # a key that is a number
        "a16161ff",  # a break for a value
        "82ff01",  # a break inside a list of known length
        "1c",  # a reserved length
        "f8ff",  # an unknown simple value
        "62c328",  # not UTF-8
        "5f6161ff",  # text inside bytes in pieces
        "5f5f4101ffff",  # pieces inside pieces
        "9b7fffffffffffffff01",  # a list longer than its body
        "c16161",  # a moment that is text
        "c11bffffffffffffffff",  # a moment out of range
        "c1fb7ff8000000000000",  # a moment that is not a number
        "c1ff",
        "81" * 200 + "00",  # nested too deeply
    ],
)
def test_malformed_documents_are_refused(text: str) -> None:
    with pytest.raises(cbor.Malformed):
        cbor.decode(bytes.fromhex(text))


def test_what_has_no_place_in_cbor_is_our_own_mistake() -> None:
    with pytest.raises(TypeError, match="object has no place in CBOR"):
        cbor.encode({"a": object()})
