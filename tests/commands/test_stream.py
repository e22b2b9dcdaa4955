"""`manage.py stream` and `manage.py produce`."""

from __future__ import annotations

import io
import json
import sys
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invocations import limits
from invocations.engines.kinesis import streams
from invocations.management.commands import produce
from invocations.models import Stream
from invocations.values import Scope
from tests.house import SOON, House

FIRST = "shardId-000000000000"


@pytest.fixture
def stream(db: None, monkeypatch: pytest.MonkeyPatch) -> Stream:
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    return streams.create(Scope("000000000000", "us-east-1"), "rides", 2)


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("stream", *words, stdout=out)
    return out.getvalue()


def refused(*words: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(*words)
    assert caught.value.returncode == 2
    return str(caught.value)


def test_what_is_put_is_seen(stream: Stream) -> None:
    shard, number = run("put", "rides", "hello", "--hash-key", "5", "--key", "k").split()
    assert shard == FIRST
    run("put", "rides", "there", "--hash-key", str(2**128 - 1))
    shown = [json.loads(line) for line in run("peek", "rides", "--json").splitlines()]
    assert [(one["shard"], one["data"], one["partition_key"]) for one in shown] == [
        (FIRST, "hello", "k"),
        ("shardId-000000000001", "there", "command"),
    ]
    assert shown[0]["sequence_number"] == number
    assert number in run("peek", "rides", "--shard", FIRST)
    assert run("list") == "rides  open shards 2  records 2\n"


def test_lines_and_bytes(stream: Stream, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "lines").write_bytes(b"one\ntwo\nthree\n")
    assert len(run("put", "rides", "--lines", "--file", str(tmp_path / "lines"), "--hash-key", "0").splitlines()) == 3
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\0")))
    run("put", "rides", "--hash-key", "0")
    shown = [json.loads(line) for line in run("peek", "rides", "--json", "--limit", "2").splitlines()]
    assert [one.get("data", one.get("data_base64")) for one in shown] == ["three", "/wA="]
    assert "base64 /wA=" in run("peek", "rides")


def test_what_cannot_be_done_is_said(stream: Stream) -> None:
    assert "Stream gone under account 000000000000 not found" in refused("put", "gone", "x")
    assert "does not exist" in refused("peek", "rides", "--shard", "shardId-000000000007")
    assert "--hash-key must be a whole number" in refused("put", "rides", "x", "--hash-key", str(2**128))
    assert "1048583 bytes with its key; this stream takes 1024 KiB" in refused("put", "rides", "x" * 2**20)
    assert "cannot be read" in refused("put", "rides", "--file", "/nowhere/at/all")
    assert "1 or more" in refused("peek", "rides", "--limit", "0")
    assert "1 to 256 characters" in refused("put", "rides", "x", "--key", "")
    assert run("peek", "rides") == "No records.\n"
    assert "aws kinesis create-stream" in run("--region", "eu-west-1", "list")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--to", "rides"), "--to must be the ARN of"),
        (("--to", "arn:aws:s3:::bucket"), "--to must be the ARN of"),
        (("--to", "arn:aws:kinesis:us-east-1:000000000000:stream/a", "--rate", "0"), "--rate must be more than 0"),
        (("--to", "arn:aws:kinesis:us-east-1:000000000000:stream/a", "--count", "0"), "--count must be 1"),
        (("--to", "arn:aws:kinesis:us-east-1:000000000000:stream/a", "--devices", "0"), "--devices must be 1"),
    ],
)
def test_produce_says_what_to_change(words: tuple[str, ...], text: str) -> None:
    with pytest.raises(CommandError, match=text):
        call_command("produce", *words)


def test_a_batch_is_never_more_than_is_due_or_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("invocations.management.commands.produce.time.monotonic", lambda: now[0])
    monkeypatch.setattr(
        "invocations.management.commands.produce.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds)
    )
    batches: list[tuple[float, int]] = []

    def send(readings: list[produce.Reading]) -> int:
        batches.append((now[0], len(readings)))
        now[0] += 1.0 if len(batches) == 3 else 0.0  # the receiver is slow once
        return 0

    readings = iter([{"number": number} for number in range(100)])
    assert produce.Command()._go(send, readings, 20.0, 60, 10) == (60, 0)
    total = 0
    for moment, count in batches:
        total += count
        assert count <= 10 and total <= moment * 20 + 1
    assert total == 60
    assert now[0] < 3.1


def test_readings_reach_queues_and_streams(live: House) -> None:
    kinesis, sqs, name = live.client("kinesis"), live.client("sqs"), f"p-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig=SOON)
    sqs.create_queue(QueueName=name)
    for arn in (f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}", f"arn:aws:sqs:us-east-1:000000000000:{name}"):
        done = live.manage("produce", "--to", arn, "--rate", "500", "--count", "30", "--seed", "7")
        assert (done.stdout, done.stderr) == ("30 sent.\n", "")
    place = kinesis.get_shard_iterator(StreamName=name, ShardId=FIRST, ShardIteratorType="TRIM_HORIZON")
    records = kinesis.get_records(ShardIterator=place["ShardIterator"])["Records"]
    assert [json.loads(record["Data"])["number"] for record in records] == list(range(1, 31))
    assert {record["PartitionKey"] for record in records} == {json.loads(r["Data"])["device"] for r in records}
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counts == {"ApproximateNumberOfMessages": "30"}
    gone = live.manage("produce", "--to", "arn:aws:kinesis:us-east-1:000000000000:stream/gone", "--count", "1")
    assert gone.returncode == 2
    assert "Stream gone under account 000000000000 not found" in gone.stderr
