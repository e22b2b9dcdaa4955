"""Kinesis in CBOR, as AWS's SDK for Java speaks it: requests written by hand, answers read byte by byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from invocations import clock, limits
from invocations.wire.protocol import cbor
from tests.wire.asking import Heard, ask, signed
from tests.wire.boto import client

pytestmark = pytest.mark.django_db

CBOR = "application/x-amz-cbor-1.1"
FIRST = "shardId-000000000000"


def jackson(document: dict[str, Any]) -> bytes:
    """The document as Jackson writes it: maps and lists of unknown length."""
    out = b"\xbf"
    for name, value in document.items():
        out += cbor.encode(name)
        if isinstance(value, dict):
            out += jackson(value)
        elif isinstance(value, list):
            out += b"\x9f" + b"".join(jackson(item) for item in value) + b"\xff"
        else:
            out += cbor.encode(value)
    return out + b"\xff"


def say(operation: str, document: dict[str, Any] | bytes) -> Heard:
    body = document if isinstance(document, bytes) else jackson(document)
    headers = {"Content-Type": CBOR, "X-Amz-Target": f"Kinesis_20131202.{operation}"}
    return ask(signed("POST", "/", body, headers, service="kinesis"))


def answer(operation: str, **members: Any) -> dict[str, Any]:
    heard = say(operation, members)
    assert (heard.status, heard.headers["content-type"]) == (200, CBOR), heard.body
    found: dict[str, Any] = cbor.decode(heard.body) if heard.body else {}
    return found


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)


def test_blobs_are_bytes_and_moments_are_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 1, 31, 12, 34, 56, 789000, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert answer("CreateStream", StreamName="rides", ShardCount=1) == {}
    data = bytes(range(256))
    answer("PutRecords", StreamName="rides", Records=[{"Data": data, "PartitionKey": "é"}])
    moment = now - timedelta(seconds=1)
    asked = {"StreamName": "rides", "ShardId": FIRST, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment}
    heard = say("GetRecords", {"ShardIterator": answer("GetShardIterator", **asked)["ShardIterator"], "Limit": 5})
    assert b"Data\x59\x01\x00" + data in heard.body
    assert b"ApproximateArrivalTimestamp\xc1\x1b" + (1769862896789).to_bytes(8, "big") in heard.body
    record = cbor.decode(heard.body)["Records"][0]
    assert (record["Data"], record["PartitionKey"], record["ApproximateArrivalTimestamp"]) == (data, "é", now)


def test_json_and_cbor_are_one_stream() -> None:
    answer("CreateStream", StreamName="rides", ShardCount=1)
    kinesis = client("kinesis")
    done = kinesis.put_record(StreamName="rides", PartitionKey="k", Data=b"\xff")
    place = answer("GetShardIterator", StreamName="rides", ShardId=FIRST, ShardIteratorType="TRIM_HORIZON")
    found = kinesis.get_records(ShardIterator=place["ShardIterator"])["Records"]
    assert [(record["SequenceNumber"], record["Data"]) for record in found] == [(done["SequenceNumber"], b"\xff")]


def test_a_stream_is_found_by_its_id() -> None:
    """boto3 sends requests with a StreamId to AWS's own hosts whatever its endpoint is; other clients may not."""
    answer("CreateStream", StreamName="rides", ShardCount=1)
    stream_id = answer("DescribeStreamSummary", StreamName="rides")["StreamDescriptionSummary"]["StreamId"]
    found = answer("DescribeStreamSummary", StreamId=stream_id)["StreamDescriptionSummary"]
    assert found["StreamName"] == "rides"
    heard = say("DescribeStreamSummary", {"StreamId": stream_id, "StreamName": "other"})
    assert cbor.decode(heard.body)["__type"] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "document", "code", "text"),
    [
        (
            "DescribeStream",
            {"StreamName": "gone"},
            "ResourceNotFoundException",
            "Stream gone under account 000000000000 not found.",
        ),
        ("DescribeStream", b"\xbf", "SerializationException", "Could not parse request body into CBOR"),
        ("DescribeStream", b"\x01", "SerializationException", "NUMBER_VALUE cannot be converted to Structure"),
        ("DescribeStream", {"StreamName": b"x"}, "SerializationException", "cannot be converted to String"),
        ("DescribeStream", {"StreamName": "a b"}, "ValidationException", "1 validation error detected"),
        ("Nonsense", {}, "UnknownOperationException", ""),
    ],
)
def test_errors_are_said_in_cbor(operation: str, document: Any, code: str, text: str) -> None:
    heard = say(operation, document)
    assert heard.headers["content-type"] == CBOR
    assert heard.headers["x-amzn-errortype"] == code
    found = cbor.decode(heard.body)
    assert found["__type"] == code
    assert text in found["message"]
    assert 400 <= heard.status < 500


def test_a_wrong_signature_is_said_in_cbor() -> None:
    headers = {"Content-Type": CBOR, "X-Amz-Target": "Kinesis_20131202.ListStreams"}
    asked = signed("POST", "/", jackson({}), headers, service="kinesis")
    asked.body = jackson({"Limit": 1})
    assert cbor.decode(ask(asked).body)["__type"] == "InvalidSignatureException"
