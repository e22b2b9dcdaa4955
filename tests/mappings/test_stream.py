"""A stream's mapping: order, retries, checkpoints, and what becomes of records that cannot be processed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.decisions.mapping_options import Options
from invocations.engines.kinesis import resharding
from invocations.errors import TooManyRequests
from invocations.flows import mappings, outbox, poll
from invocations.models import Poller, Shard, Stream
from invocations.values import Parcel
from tests.flows.conftest import SCOPE
from tests.mappings.conftest import Script, World, die, settle
from tests.mappings.streaming import Rides, calls, data, fails_on, keep_polling, poll_now, put, rides, stream

__all__ = ["rides", "stream"]


@pytest.fixture
def parcels(monkeypatch: pytest.MonkeyPatch) -> list[Parcel]:
    posted: list[Parcel] = []
    monkeypatch.setattr(outbox, "post", posted.extend)
    return posted


def test_an_event_is_aws_s_to_the_member(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides()
    [sequence] = put(stream, "hello", key="k")
    poll_now(world, mapping)
    [event] = script.events
    assert event == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "k",
                    "sequenceNumber": sequence,
                    "data": "aGVsbG8=",
                    "approximateArrivalTimestamp": world.hand.moment.timestamp(),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000000:{sequence}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::000000000000:role/any",
                "awsRegion": "us-east-1",
                "eventSourceARN": stream.arn,
            }
        ]
    }
    assert Poller.objects.get(mapping=mapping).checkpoint == sequence
    assert mappings.get(SCOPE, mapping.uuid).last_result == "OK"


def test_batches_come_in_order(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides(batch_size=3)
    put(stream, *"abcdefgh")
    poll_now(world, mapping)
    assert calls(script) == ["abc", "def", "gh"]


@pytest.mark.parametrize(("position", "seen"), [("TRIM_HORIZON", "ab"), ("LATEST", "b")])
def test_where_a_mapping_starts(
    world: World, script: Script, stream: Stream, rides: Rides, position: str, seen: str
) -> None:
    put(stream, "a")
    mapping = rides(starting_position=position)
    put(stream, "b")
    poll_now(world, mapping)
    assert "".join(calls(script)) == seen


def test_at_timestamp(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    put(stream, "a")
    world.hand.advance(10)
    put(stream, "b")
    mapping = rides(starting_position="AT_TIMESTAMP", starting_timestamp=world.hand.moment)
    poll_now(world, mapping)
    assert calls(script) == ["b"]


def test_bisect_as_in_the_reference(
    world: World, script: Script, stream: Stream, rides: Rides, parcels: list[Parcel]
) -> None:
    """Records 1 to 8, of which 6 always fails; one retry."""
    dead = world.queue("dead")
    mapping = rides(bisect=True, max_retries=1, on_failure=dead.arn)
    script.answer = fails_on(script, "6")
    sequences = put(stream, *"12345678")
    keep_polling(world, mapping, 3)
    assert calls(script) == ["12345678", "1234", "5678", "56", "5", "6", "6", "78"]
    poller = Poller.objects.get(mapping=mapping)
    assert (poller.checkpoint, poller.spans) == (sequences[-1], [])
    [parcel] = parcels
    told = json.loads(parcel.body)
    assert (parcel.kind, parcel.target, parcel.source_arn) == ("mapping", dead.arn, mapping.arn)
    assert told["requestContext"] == {
        "requestId": script.requests[6].request_id,
        "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:fn",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 2,
    }
    assert told["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    info = told["KinesisBatchInfo"]
    assert (info["batchSize"], info["startSequenceNumber"], info["endSequenceNumber"]) == (
        1,
        sequences[5],
        sequences[5],
    )
    assert info["approximateArrivalOfFirstRecord"] == "2026-01-31T12:00:00.000Z"
    assert info["streamArn"] == stream.arn


def test_partial_failure_as_in_the_reference(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    """Records 1 to 6, the function lists 5 and 3: the lowest one is the checkpoint."""
    mapping = rides(report_failures=True)
    answers = iter([["5", "3"], []])

    def answer(event: dict[str, Any]) -> Any:
        ids = dict(zip(data(event), (r["kinesis"]["sequenceNumber"] for r in event["Records"]), strict=True))
        return {"batchItemFailures": [{"itemIdentifier": ids[name]} for name in next(answers)]}

    script.answer = answer
    put(stream, *"123456")
    poll_now(world, mapping)
    assert calls(script) == ["123456", "3456"]
    first, second = world.batches(mapping)
    assert (first.outcome, first.failed, second.outcome) == ("partial", 4, "succeeded")
    assert [one["fate"] for one in first.content.records] == ["done", "done", *["failed"] * 4]


def test_retries_count_anew_behind_a_checkpoint(
    world: World, script: Script, stream: Stream, rides: Rides, parcels: list[Parcel]
) -> None:
    """Recorded: with MaximumRetryAttempts 3 the failing record is sent once with its batch and four times alone."""
    mapping = rides(report_failures=True, max_retries=3, on_failure=world.queue("dead").arn)
    last = put(stream, *"abc")[-1]
    script.answer = lambda event: {"batchItemFailures": [{"itemIdentifier": last}]}
    keep_polling(world, mapping, 8)
    assert calls(script) == ["abc", "c", "c", "c", "c"]
    told = json.loads(parcels[0].body)
    assert told["requestContext"]["approximateInvokeCount"] == 4
    assert told["responseContext"]["functionError"] is None


def test_a_failing_batch_blocks_its_shard_with_growing_waits(
    world: World, script: Script, stream: Stream, rides: Rides
) -> None:
    mapping = rides()
    begin, times = world.hand.moment, []

    def fail(event: dict[str, Any]) -> Any:
        times.append((world.hand.moment - begin).total_seconds())
        return script.fail(event)

    script.answer = fail
    put(stream, "a")
    keep_polling(world, mapping, 8.5)
    put(stream, "b")
    keep_polling(world, mapping, 9)
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 15]
    assert set(calls(script)) == {"a"}
    poller = Poller.objects.get(mapping=mapping)
    assert poller.trouble.startswith("Called 6 times in vain")
    script.answer = lambda event: None
    keep_polling(world, mapping, 16)
    assert calls(script)[-2:] == ["a", "b"]


def test_a_sixty_second_age_limit_allows_eight_calls(
    world: World, script: Script, stream: Stream, rides: Rides, parcels: list[Parcel]
) -> None:
    """Recorded of a function that fails at once."""
    mapping = rides(max_record_age_seconds=60, on_failure=world.queue("dead").arn)
    script.answer = script.fail
    put(stream, "a")
    keep_polling(world, mapping, 62)
    assert len(script.events) == 8
    told = json.loads(parcels[0].body)
    assert told["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in told


def test_old_records_are_cut_off_before_the_call(
    world: World, script: Script, stream: Stream, rides: Rides, parcels: list[Parcel]
) -> None:
    mapping = rides(max_record_age_seconds=60, on_failure=world.queue("dead").arn)
    put(stream, "old")
    world.hand.advance(60)
    put(stream, "young")
    world.hand.advance(10)
    poll_now(world, mapping)
    assert calls(script) == ["young"]
    told = json.loads(parcels[0].body)
    assert told["requestContext"]["approximateInvokeCount"] == 1
    assert told["KinesisBatchInfo"]["batchSize"] == 1


def test_filters_let_the_checkpoint_move_on(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides(filters=(json.dumps({"data": {"kind": ["order"]}}),))
    good = json.dumps({"kind": "order"})
    sequences = put(stream, "plain", good, json.dumps({"kind": "visit"}), key="k")
    poll_now(world, mapping)
    assert calls(script) == [good]
    assert Poller.objects.get(mapping=mapping).checkpoint == sequences[-1]
    [batch] = world.batches(mapping)
    assert (batch.records, batch.filtered) == (1, 2)


def test_parallelization_keeps_each_key_in_one_slot(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides(parallelization_factor=4, batch_size=10)
    script.answer = fails_on(script, "a0")
    for number in range(3):
        put(stream, *(f"{key}{number}" for key in "a"), key="a")
        for key in "bcdefgh":
            put(stream, f"{key}{number}", key=key)
    poll_now(world, mapping)
    seen = [one for event in script.events if "a0" not in data(event) for one in data(event)]
    for key in "bcdefgh":
        mine = [one for one in seen if one.startswith(key)]
        assert mine in ([f"{key}{n}" for n in range(3)], [])
    assert len(seen) >= 3, "other slots go on"
    script.answer = lambda event: None
    world.hand.advance(60)
    poll_now(world, mapping)
    assert {one for event in script.events for one in data(event)} == {f"{k}{n}" for k in "abcdefgh" for n in range(3)}


def test_children_wait_for_their_parents(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides(batch_size=1)
    put(stream, "a", "b")
    script.answer = fails_on(script, "b")
    poll_now(world, mapping)
    split(stream)
    put(stream, *"cdefgh")
    keep_polling(world, mapping, 2)
    assert set(calls(script)) == {"a", "b"}
    script.answer = lambda event: None
    keep_polling(world, mapping, 10)
    assert sorted(calls(script)[-7:]) == list("bcdefgh")
    closed = dict(Poller.objects.filter(mapping=mapping).values_list("shard", "closed"))
    assert closed == {"shardId-000000000000": True, "shardId-000000000001": False, "shardId-000000000002": False}


def split(stream: Stream) -> None:
    fresh = Stream.objects.get(pk=stream.pk)
    shard = Shard.objects.get(stream=fresh, number=0)
    resharding.split(fresh, shard.shard_id, 2**127)


def test_a_throttle_uses_up_no_retry(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides(max_retries=0)
    answers = iter([TooManyRequests("ConcurrentInvocationLimitExceeded")] * 3)

    def answer(event: dict[str, Any]) -> Any:
        refusal = next(answers, None)
        if refusal is not None:
            raise refusal
        return None

    script.answer = answer
    put(stream, "a")
    keep_polling(world, mapping, 8)
    assert [batch.outcome for batch in world.batches(mapping)] == ["throttled"] * 3 + ["succeeded"]


def test_who_was_taken_for_dead_moves_no_checkpoint(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides(batch_size=1)
    poller = Poller.objects.get(mapping=mapping)

    def overtaken(event: dict[str, Any]) -> Any:
        if len(script.events) == 1:
            die(mapping)
            poll.run(poller.pk, "other")
        return None

    script.answer = overtaken
    put(stream, "a", "b")
    poll.run(poller.pk, "test")
    assert calls(script) == ["a", "a", "b"]
    assert [batch.outcome for batch in world.batches(mapping)] == ["lost", "succeeded", "succeeded"]


def test_disabled_and_enabled_again_it_goes_on_at_its_checkpoint(
    world: World, script: Script, stream: Stream, rides: Rides
) -> None:
    mapping = rides(starting_position="LATEST")
    put(stream, "a")
    poll_now(world, mapping)
    for enabled in (False, True):
        mappings.update(SCOPE, mapping.uuid, Options(enabled=enabled))
        settle()
        put(stream, "b" if not enabled else "c")
        mappings.get(SCOPE, mapping.uuid)
    poll_now(world, mapping)
    assert calls(script) == ["a", "bc"]


def test_a_change_of_the_factor_leaves_nothing_out(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides()
    put(stream, *"abc")
    poll_now(world, mapping)
    mappings.update(SCOPE, mapping.uuid, Options(parallelization_factor=3))
    put(stream, *"defghi")
    settle()
    poll_now(world, mappings.get(SCOPE, mapping.uuid))
    assert Poller.objects.filter(mapping=mapping, slots=3).count() == 3
    assert sorted("".join(calls(script))) == list("abcdefghi")
