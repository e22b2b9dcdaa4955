"""Bodies that are not what the shapes say: refused, in AWS's words, whatever they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invocations.errors import Refusal
from invocations.wire.protocol import constraints, reading
from invocations.wire.protocol.model import load
from invocations.wire.protocol.reading import SerializationException

CREATE = load("lambda").operation_model("CreateFunction").input_shape


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a': 1}",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 5000,
        b'{"a": 1} x',
    ],
)
def test_a_body_that_is_not_json_is_a_serialization_exception(body: bytes) -> None:
    with pytest.raises(SerializationException, match="Could not parse request body into json"):
        reading.load_json(body)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "Start of list found where not expected"),
        ("x", "STRING_VALUE cannot be converted to Structure"),
        ({"FunctionName": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"FunctionName": {}}, "Start of structure or map found where not expected."),
        ({"Timeout": "3"}, "STRING_VALUE cannot be converted to Integer"),
        ({"Timeout": True}, "TRUE_VALUE cannot be converted to Integer"),
        ({"Timeout": 3.5}, "NUMBER_VALUE cannot be converted to Integer"),
        ({"Timeout": 2**31}, "out of range"),
        ({"Timeout": 10**400}, "out of range"),
        ({"Timeout": 1e400}, "cannot be converted to Integer"),
        ({"Publish": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"Layers": {}}, "Start of structure or map found where not expected."),
        ({"Layers": [[]]}, "Start of list found where not expected"),
        ({"Environment": {"Variables": {"AB": 1}}}, "NUMBER_VALUE cannot be converted to String"),
        ({"Code": {"ZipFile": "not base64!"}}, "cannot be converted to Blob"),
        ({"Code": {"ZipFile": "ü"}}, "cannot be converted to Blob"),
        ({"Description": "\ud800"}, "Invalid UTF-8"),
        ({"Description": "a\0b"}, "control character"),
    ],
)
def test_a_wrong_type_is_a_serialization_exception(document: Any, text: str) -> None:
    with pytest.raises(SerializationException) as refused:
        reading.read(CREATE, document)
    assert text in refused.value.message


def test_members_are_converted_and_unknown_ones_dropped() -> None:
    read = reading.read(CREATE, {"Code": {"ZipFile": "aGk="}, "Timeout": 3.0, "Odd": 1, "Role": None})
    assert read == {"Code": {"ZipFile": b"hi"}, "Timeout": 3}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("aGk="),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(CREATE.members)), json_values, max_size=6))
def test_any_json_is_read_or_refused(document: dict[str, Any]) -> None:
    try:
        constraints.validate(CREATE, reading.read(CREATE, document))
    except Refusal as refused:
        assert refused.status == 400


@pytest.mark.parametrize(
    ("given_text", "expected"), [("2026-01-31T12:00:00Z", 1769860800.0), ("1769860800", 1769860800.0)]
)
def test_timestamps_come_in_several_forms(given_text: str, expected: float) -> None:
    shape = load("lambda").shape_for("Date")
    assert reading.read_text(shape, given_text).timestamp() == expected


def test_a_bad_timestamp_is_refused() -> None:
    shape = load("lambda").shape_for("Date")
    for value in ("soon", "1e400", "a, b"):
        with pytest.raises(SerializationException):
            reading.read_text(shape, value)
    for number in (1e300, float("nan")):
        with pytest.raises(SerializationException):
            reading.read(shape, number)
