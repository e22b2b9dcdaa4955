"""Another lambdaplay as the foreign endpoint: it closes shards as AWS does, which other emulators do not."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from invocations import limits
from invocations.decisions import source_places
from invocations.sources.sqs import foreign
from tests.house import House
from tests.mappings.abroad import Source
from tests.mappings.conftest import Script, World
from tests.mappings.streaming import calls, poll_now


@pytest.fixture
def there(live: House, settings: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(foreign, "WAIT_SECONDS", 0)
    place = live.url.replace("http://", "http://test:test@")
    settings.LAMBDAPLAY_SOURCES = source_places.read(f"sqs={place};kinesis={place}")
    return live


def test_children_of_a_split_come_after_their_parent(world: World, script: Script, there: House) -> None:
    kinesis, name = there.client("kinesis"), f"s{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    waiter = kinesis.get_waiter("stream_exists")
    waiter.config.delay = 0.1
    waiter.wait(StreamName=name)

    def put(*bodies: str) -> None:
        for body in bodies:
            kinesis.put_record(StreamName=name, Data=body.encode(), PartitionKey="k")

    source = Source(f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}")
    mapping = world.map(source, starting_position="TRIM_HORIZON", batch_size=1)  # type: ignore[arg-type]
    put("a", "b")
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    waiter.wait(StreamName=name)
    put("c")
    poll_now(world, mapping)
    poll_now(world, mapping)
    assert calls(script) == ["a", "b", "c"]
    assert sorted(mapping.pollers.values_list("shard", "closed")) == [
        ("shardId-000000000000", True),
        ("shardId-000000000001", False),
        ("shardId-000000000002", False),
    ]


def test_messages_come_and_go(world: World, script: Script, there: House) -> None:
    sqs, name = there.client("sqs"), f"q{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    source = Source(f"arn:aws:sqs:us-east-1:000000000000:{name}")
    mapping = world.map(source)  # type: ignore[arg-type]
    sqs.send_message(QueueUrl=url, MessageBody="a")
    world.poll(mapping)
    assert script.bodies == [["a"]]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    assert set(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()) == {"0"}
