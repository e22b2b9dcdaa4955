"""Streams at somebody else's endpoint: shards, positions, iterators, and what its refusals come to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from invocations import clock, elsewhere, limits
from invocations.decisions import source_places
from invocations.errors import InvalidParameterValue
from invocations.flows import mappings
from invocations.models import Mapping, Poller
from tests.flows.conftest import SCOPE
from tests.mappings.abroad import ACCOUNT, Abroad, Source
from tests.mappings.conftest import Script, World, die
from tests.mappings.streaming import calls, data, poll_now

pytestmark = pytest.mark.xdist_group("abroad")


class Theirs:
    """A stream there, as its owner sees it."""

    def __init__(self, abroad: Abroad, shards: int = 1) -> None:
        self.kinesis = abroad.client("kinesis")
        self.name = f"s{uuid.uuid4().hex[:8]}"
        self.kinesis.create_stream(StreamName=self.name, ShardCount=shards)
        self.source = Source(f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/{self.name}")

    def put(self, *bodies: str, key: str = "") -> list[str]:
        found = []
        for body in bodies:
            answer = self.kinesis.put_record(StreamName=self.name, Data=body.encode(), PartitionKey=key or body)
            found.append(answer["SequenceNumber"])
        return found


@pytest.fixture
def theirs(abroad: Abroad, monkeypatch: pytest.MonkeyPatch) -> Theirs:
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    return Theirs(abroad)


def map_it(world: World, stream: Theirs, **options: Any) -> Mapping:
    return world.map(stream.source, **{"starting_position": "TRIM_HORIZON", **options})  # type: ignore[arg-type]


def result(mapping: Mapping) -> str:
    return mappings.get(SCOPE, mapping.uuid).last_result


@contextmanager
def refusing(stream: Theirs, operation: str, code: str, times: int) -> Iterator[list[str]]:
    """The endpoint refuses an operation so often; it has no way to be asked for that, so its answers are replaced."""
    client = elsewhere.client("kinesis", stream.source.arn)
    refused: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if len(refused) >= times:
            return None
        refused.append(code)
        body = f'{{"__type": "{code}", "message": "as the test wants"}}'.encode()
        found = AWSResponse(request.url, 400, {"x-amzn-RequestId": "r"}, None)
        found._content = body
        return found

    name = f"before-send.kinesis.{operation}"
    client.meta.events.register(name, answer)
    try:
        yield refused
    finally:
        client.meta.events.unregister(name, answer)


def test_an_event_is_aws_s_to_the_member_and_the_checkpoint_is_the_sequence_number(
    world: World, script: Script, theirs: Theirs
) -> None:
    mapping = map_it(world, theirs)
    [sequence] = theirs.put("hello", key="k")
    poll_now(world, mapping)
    [[record]] = [event["Records"] for event in script.events]
    assert abs(record["kinesis"].pop("approximateArrivalTimestamp") - clock.real().timestamp()) < 600
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "k",
            "sequenceNumber": sequence,
            "data": "aGVsbG8=",
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/any",
        "awsRegion": "eu-west-1",
        "eventSourceARN": theirs.source.arn,
    }
    assert Poller.objects.get(mapping=mapping).checkpoint == sequence
    assert result(mapping) == "OK"


def test_the_checkpoint_moves_with_the_outcome_only(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs, batch_size=2)
    sequences = theirs.put(*"abcde")
    script.answer = lambda event: script.fail(event) if data(event) == ["c", "d"] else None
    poll_now(world, mapping)
    assert Poller.objects.get(mapping=mapping).checkpoint == sequences[1]
    script.answer = lambda event: None
    world.hand.advance(60)
    poll_now(world, mapping)
    assert calls(script) == ["ab", "cd", "cd", "e"]
    assert Poller.objects.get(mapping=mapping).checkpoint == sequences[4]


def test_all_shards_are_read_and_none_forgotten(
    world: World, script: Script, abroad: Abroad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    stream = Theirs(abroad, shards=4)
    mapping = map_it(world, stream)
    bodies = [f"{number:03}" for number in range(60)]
    stream.put(*bodies)
    poll_now(world, mapping)
    assert mapping.pollers.count() == 4
    assert sorted(body for event in script.events for body in data(event)) == bodies


def test_latest_begins_where_the_mapping_was_made(world: World, script: Script, theirs: Theirs) -> None:
    theirs.put("old")
    moment = theirs.kinesis.get_records(
        ShardIterator=theirs.kinesis.get_shard_iterator(
            StreamName=theirs.name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
    )["Records"][0]["ApproximateArrivalTimestamp"]
    while clock.real().timestamp() <= moment.timestamp() + 0.001:
        pass  # the endpoint dates to the millisecond
    mapping = map_it(world, theirs, starting_position="LATEST")
    poll_now(world, mapping)
    theirs.put("new")
    poll_now(world, mapping)
    assert calls(script) == ["new"]


def test_an_expired_iterator_is_renewed_from_the_checkpoint(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs)
    theirs.put("a")
    poll_now(world, mapping)
    theirs.put("b")
    with refusing(theirs, "GetRecords", "ExpiredIteratorException", 1) as refused:
        poll_now(world, mapping)
    assert refused == ["ExpiredIteratorException"]
    assert calls(script) == ["a", "b"]
    assert result(mapping) == "OK"


def test_throttling_is_waited_for_and_is_no_problem(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs)
    theirs.put("a")
    with refusing(theirs, "GetRecords", "ProvisionedThroughputExceededException", 1000) as refused:
        poll_now(world, mapping)
        poller = Poller.objects.get(mapping=mapping)
        assert refused and poller.troubles == 1
        assert poller.trouble.startswith("GetRecords was throttled (ProvisionedThroughputExceededException)")
        assert poller.idle_until is not None and poller.lease_until is None
        assert (result(mapping), script.events) == ("No records processed", [])
        poll_now(world, mapping)
        assert Poller.objects.get(mapping=mapping).troubles == 2
    poll_now(world, mapping)
    assert calls(script) == ["a"]
    assert Poller.objects.get(mapping=mapping).troubles == 0


def test_access_denied_is_a_problem_with_its_reason_and_heals(
    world: World, script: Script, theirs: Theirs, abroad: Abroad, settings: Any
) -> None:
    user, key = abroad.user()
    settings.LAMBDAPLAY_SOURCES = source_places.read(f"{theirs.source.arn}={abroad.place(key)}")
    mapping = map_it(world, theirs)
    theirs.put("a")
    abroad.strict(True)
    poll_now(world, mapping)
    assert result(mapping).startswith("PROBLEM: GetShardIterator was answered ")
    assert "is not authorized to perform: kinesis:GetShardIterator" in result(mapping)
    abroad.strict(False)
    abroad.allow(user, "kinesis:*")
    abroad.strict(True)
    poll_now(world, mapping)
    assert calls(script) == ["a"]
    assert result(mapping) == "OK"


def test_a_stream_that_is_not_there(world: World, script: Script, theirs: Theirs) -> None:
    nobody = Source(f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/nobody")
    with pytest.raises(InvalidParameterValue, match=r"ResourceNotFoundException.*nobody"):
        world.map(nobody, starting_position="LATEST")  # type: ignore[arg-type]
    mapping = map_it(world, theirs)
    theirs.put("a")
    poll_now(world, mapping)
    theirs.kinesis.delete_stream(StreamName=theirs.name)
    poll_now(world, mapping)
    assert "ResourceNotFoundException" in result(mapping)


def test_a_dead_worker_s_records_are_called_again(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs)
    theirs.put("a", "b")

    def killed(event: dict[str, Any]) -> Any:
        raise SystemExit

    script.answer = killed
    with pytest.raises(SystemExit):
        poll_now(world, mapping)
    die(mapping)
    script.answer = lambda event: None
    poll_now(world, mapping)
    assert calls(script) == ["ab", "ab"]


def test_parallel_slots_share_a_shard_by_key(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs, parallelization_factor=3)
    for number in range(30):
        theirs.put(f"{number:02}", key=f"k{number % 5}")
    poll_now(world, mapping)
    seen: dict[str, list[str]] = {}
    for event in script.events:
        for record, body in zip(event["Records"], data(event), strict=True):
            seen.setdefault(record["kinesis"]["partitionKey"], []).append(body)
    assert seen == {f"k{key}": [f"{number:02}" for number in range(key, 30, 5)] for key in range(5)}
