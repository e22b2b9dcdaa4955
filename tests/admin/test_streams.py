"""Streams in the console: lanes, looking without moving a reader, putting, deleting."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from invocations import limits
from invocations.engines import kinesis
from invocations.engines.kinesis import Entry, putting, removal, resharding, streams
from invocations.models import Stream, StreamRecord
from invocations.values import Scope

FIRST = "shardId-000000000000"


@pytest.fixture
def stream(db: None, monkeypatch: pytest.MonkeyPatch) -> Stream:
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    return streams.create(Scope("000000000000", "us-east-1"), "rides", 2)


def page_of(stream: Stream) -> str:
    return reverse("admin:invocations_stream_change", args=[stream.pk])


def test_the_list_counts(console: Client, stream: Stream) -> None:
    putting.put(stream, [Entry(b"a", "a", 0), Entry(b"b", "b", 0)])
    resharding.split(stream, FIRST, 5)
    place = reverse("admin:invocations_stream_changelist")
    assert console.get(place, {"format": "json"}).json() == {
        "streams": [
            {
                "name": "rides",
                "arn": stream.arn,
                "status": "ACTIVE",
                "mode": "PROVISIONED",
                "open_shards": 3,
                "closed_shards": 1,
                "records": 2,
            }
        ],
        "after": None,
    }
    assert b"rides" in console.get(place).content
    assert "No stream's name contains" in console.get(place, {"name": "x"}).content.decode().replace("&#x27;", "'")
    removal.delete(stream)
    assert b"aws kinesis create-stream" in console.get(place).content


def test_lanes_show_who_owns_what(console: Client, stream: Stream) -> None:
    putting.put(stream, [Entry(b"a", "a", 0)])
    resharding.split(stream, FIRST, 2**126)
    shown = console.get(page_of(stream), {"format": "json"}).json()["shards"]
    assert [(lane["shard"][-1], lane["closed"], lane["records"], len(lane["parents"])) for lane in shown] == [
        ("2", False, 0, 1),
        ("3", False, 0, 1),
        ("1", False, 0, 0),
        ("0", True, 1, 0),
    ]
    html = console.get(page_of(stream)).content.decode()
    assert 'x="25.000" y="1" width="25.000"' in html
    assert html.count('<svg class="c-bars"') == 4
    assert [html.count(f'name="{field}"') for field in ("body", "key", "hash_key")] == [1, 1, 1]


def test_the_newest_records_of_the_busiest_shard_come_first(console: Client, stream: Stream) -> None:
    putting.put(stream, [Entry(f"<b>{number}</b>".encode(), "k", 2**127) for number in range(30)])
    answer = console.get(page_of(stream))
    assert b"&lt;b&gt;29&lt;/b&gt;" in answer.content
    first = console.get(page_of(stream), {"format": "json"}).json()
    assert [record["data"] for record in first["records"]] == [f"<b>{number}</b>" for number in range(29, 4, -1)]
    rest = console.get(page_of(stream), {"format": "json", "shard": "shardId-000000000001", "before": first["before"]})
    assert [record["data"] for record in rest.json()["records"]] == [f"<b>{number}</b>" for number in range(4, -1, -1)]
    other = console.get(page_of(stream), {"format": "json", "shard": FIRST})
    assert other.json()["records"] == []


@pytest.mark.parametrize("asked", [{"shard": "nonsense"}, {"before": "x"}, {"before": "9" * 30}, {"before": "0"}])
def test_a_bent_address_is_no_accident(console: Client, stream: Stream, asked: dict[str, str]) -> None:
    assert console.get(page_of(stream), asked).status_code == 200


def test_one_record(console: Client, stream: Stream) -> None:
    done = putting.put(stream, [Entry(b'{"fare": 12.5}', "taxi-7", 0), Entry(b"\xff\0", "taxi-7", 0)])
    place = reverse("admin:invocations_stream_record", args=[stream.pk, 0, 1])
    html = console.get(place).content.decode()
    assert done[0].sequence_number in html and "&quot;fare&quot;: 12.5" in html
    binary = reverse("admin:invocations_stream_record", args=[stream.pk, 0, 2])
    assert b"No text." in console.get(binary).content
    assert console.get(binary, {"format": "json"}).json()["data_base64"] == "/wA="
    for gone in ([stream.pk, 0, 3], [stream.pk, 9, 1], [stream.pk, 0, 0], [stream.pk, 2**40, 2**70]):
        assert console.get(reverse("admin:invocations_stream_record", args=gone)).status_code == 404


def put(console: Client, stream: Stream, **fields: str) -> Any:
    return console.post(reverse("admin:invocations_stream_put", args=[stream.pk]), fields)


def test_the_form_puts(console: Client, stream: Stream) -> None:
    answer = put(console, stream, body="a\r\nb", key="k", hash_key=str(2**128 - 1))
    assert answer.status_code == 302 and answer["Location"].endswith("?shard=shardId-000000000001")
    record = kinesis.read(stream.arn, "shardId-000000000001", None, 1, 100).records[0]
    assert (record.data, record.partition_key) == (b"a\nb", "k")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"body": "x"}, "This field is required"),
        ({"body": "x", "key": "k" * 257}, "at most 256 characters"),
        ({"body": "x", "key": "k", "hash_key": "007"}, "Write a whole number from 0 to 2^128-1."),
        ({"body": "x", "key": "k", "hash_key": str(2**128)}, "Write a whole number from 0 to 2^128-1."),
        ({"body": "é" * 2**19, "key": "k"}, "more than the 1024 KiB this stream takes"),
    ],
)
def test_what_cannot_be_put_is_said_beside_its_field(
    console: Client, stream: Stream, fields: dict[str, str], text: str
) -> None:
    answer = put(console, stream, **fields)
    assert answer.status_code == 400
    assert text in answer.content.decode()
    assert not StreamRecord.objects.exists()


def test_a_stream_that_is_going_away_takes_nothing(console: Client, stream: Stream) -> None:
    Stream.objects.update(status=Stream.Status.DELETING)
    answer = put(console, stream, body="x", key="k")
    assert answer.status_code == 400
    assert b"Stream rides under account 000000000000 not found" in answer.content


def test_deleting_asks_first(console: Client, stream: Stream) -> None:
    putting.put(stream, [Entry(b"a", "a")])
    place = reverse("admin:invocations_stream_delete", args=[stream.pk])
    assert b"1 record." in console.get(place).content
    console.post(place)
    assert not Stream.objects.exists() and not StreamRecord.objects.exists()


def test_only_those_who_may_see_or_change_do(client: Client, stream: Stream) -> None:
    for place in (page_of(stream), reverse("admin:invocations_stream_delete", args=[stream.pk])):
        assert "login" in client.get(place)["Location"]
    place = reverse("admin:invocations_stream_put", args=[stream.pk])
    assert "login" in client.post(place)["Location"]
