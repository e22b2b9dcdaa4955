"""Kinesis on the running house: several producers while the shards change, and a consumer that follows lineage."""

from __future__ import annotations

import threading
import uuid
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from invocations.wire.protocol import cbor
from tests.house import SOON, House


@pytest.fixture
def name(live: House) -> str:
    """A stream of two shards."""
    kinesis, name = live.client("kinesis"), f"s-{uuid.uuid4().hex[:12]}"
    kinesis.create_stream(StreamName=name, ShardCount=2)
    active(kinesis, name)
    return name


def active(kinesis: Any, name: str) -> None:
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig=SOON)


def consume(kinesis: Any, name: str) -> list[tuple[str, bytes]]:
    """Every record as (partition key, data): shards open at the horizon first, children when their parents are done."""
    found: list[tuple[str, bytes]] = []
    listed = kinesis.list_shards(StreamName=name, ShardFilter={"Type": "AT_TRIM_HORIZON"})["Shards"]
    waiting = [(shard["ShardId"], set[str]()) for shard in listed]
    done: set[str] = set()
    while waiting:
        shard, parents = next(one for one in waiting if one[1] <= done)
        waiting.remove((shard, parents))
        place = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        iterator = place["ShardIterator"]
        while iterator is not None:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=20)
            found += [(record["PartitionKey"], record["Data"]) for record in answer["Records"]]
            iterator = answer.get("NextShardIterator")
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                break
        done.add(shard)
        for child in answer.get("ChildShards", []):
            one = (child["ShardId"], set(child["ParentShards"]))
            if one not in waiting and child["ShardId"] not in done:
                waiting.append(one)
    return found


def test_nothing_is_lost_while_shards_change(live: House, name: str) -> None:
    sent: dict[str, list[bytes]] = {f"key-{number}": [] for number in range(3)}

    def produce(key: str) -> None:
        kinesis = live.client("kinesis")
        for number in range(20):
            data = [f"{number}.{part}".encode() for part in range(3)]
            records = [{"PartitionKey": key, "Data": one} for one in data]
            assert kinesis.put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0
            sent[key] += data

    threads = [threading.Thread(target=produce, args=(key,)) for key in sent]
    for thread in threads:
        thread.start()
    kinesis = live.client("kinesis")
    for target in (4, 3):
        kinesis.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        active(kinesis, name)
    for thread in threads:
        thread.join()
    found = consume(kinesis, name)
    assert len(found) == 180
    for key, expected in sent.items():
        assert [data for whose, data in found if whose == key] == expected


def test_cbor_over_http(live: House, name: str) -> None:
    body = cbor.encode({"StreamName": name, "PartitionKey": "k", "Data": b"\xff\x00"})
    headers = {"Content-Type": "application/x-amz-cbor-1.1", "X-Amz-Target": "Kinesis_20131202.PutRecord"}
    request = AWSRequest("POST", f"{live.url}/", data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), "kinesis", "us-east-1").add_auth(request)
    with urlopen(Request(f"{live.url}/", body, dict(request.headers)), timeout=30) as answer:
        assert answer.headers["Content-Type"] == "application/x-amz-cbor-1.1"
        assert set(cbor.decode(answer.read())) == {"ShardId", "SequenceNumber"}
    assert consume(live.client("kinesis"), name) == [("k", b"\xff\x00")]
