"""A queue's mapping from message to outcome: what is called, what is deleted, what comes back and when."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invocations import clock
from invocations.decisions.mapping_options import Options
from invocations.engines import sqs
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.sending import send
from invocations.errors import ResourceNotFound, TooManyRequests
from invocations.flows import mappings, poll, scaling
from invocations.models import Batch, Mapping, Message, Poller
from tests.flows.conftest import SCOPE
from tests.mappings.conftest import Script, World, die, settle


def fates(batch: Batch) -> list[str]:
    return [one["fate"] for one in batch.content.records]


def test_an_event_is_aws_s_to_the_member(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue)
    attributes = {
        "Title": {"DataType": "String", "StringValue": "x"},
        "Raw": {"DataType": "Binary", "BinaryValue": "AQI="},
    }
    send(queue, [Outgoing("hello ☃", attributes, sender="AIDAX")])
    assert world.poll(mapping) == 1
    [[record]] = [event["Records"] for event in script.events]
    sent = str(int(world.hand.moment.timestamp() * 1000))
    assert record.pop("messageId") and record.pop("receiptHandle").startswith("AQEB")
    assert record == {
        "body": "hello ☃",
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": "AIDAX",
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": {
            "Title": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
            "Raw": {"binaryValue": "AQI=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "md5OfMessageAttributes": record["md5OfMessageAttributes"],
        "md5OfBody": hashlib.md5("hello ☃".encode()).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": "us-east-1",
    }
    request = script.requests[0]
    assert (request.caller.door, request.caller.name, request.caller.arn) == ("mapping", mapping.uuid, mapping.arn)


def test_success_deletes_and_is_one_row(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue)
    world.send(queue, "a", "b", "c")
    world.poll(mapping)
    assert script.bodies == [["a", "b", "c"]]
    assert world.left(queue) == []
    [batch] = world.batches(mapping)
    assert (batch.state, batch.outcome, batch.records, batch.failed, batch.attempt) == ("ENDED", "succeeded", 3, 0, 1)
    assert batch.request_id == script.requests[0].request_id
    assert mappings.get(SCOPE, mapping.uuid).last_result == "OK"


def test_a_failed_batch_returns_by_visibility_timeout_and_dies_by_the_queue_s_own_redrive(
    world: World, script: Script
) -> None:
    """The reference's example: maxReceiveCount 2, visibility 30 s, a function that always fails."""
    dead = world.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "2"})
    queue = world.queue(RedrivePolicy=redrive)
    mapping = world.map(queue)
    script.answer = script.fail
    world.send(queue, "poison")
    for count in ("1", "2"):
        assert world.poll(mapping) == 1
        assert script.events[-1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == count
        world.hand.advance(29.9)
        assert world.poll(mapping) == 0
        world.hand.advance(0.1)
    world.poll(mapping)
    assert len(script.events) == 2
    assert (world.left(queue), world.left(dead)) == ([], ["poison"])
    assert [batch.outcome for batch in world.batches(mapping)] == ["failed", "failed"]
    assert mappings.get(SCOPE, mapping.uuid).last_result == "PROBLEM: Function call failed"


@pytest.mark.parametrize(
    ("answer", "left", "outcome"),
    [
        (None, [], "succeeded"),
        ("", [], "succeeded"),
        ({"batchItemFailures": []}, [], "succeeded"),
        ({"batchItemFailures": [{"itemIdentifier": 1}]}, ["b"], "partial"),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ["a", "b", "c"], "failed"),
        ({"batchItemFailures": [{"foo": 1}]}, ["a", "b", "c"], "failed"),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, ["a", "b", "c"], "failed"),
        ("text", ["a", "b", "c"], "failed"),
    ],
)
def test_partial_answers(world: World, script: Script, answer: Any, left: list[str], outcome: str) -> None:
    queue = world.queue()
    mapping = world.map(queue, report_failures=True)

    def reply(event: dict[str, Any]) -> Any:
        text = json.dumps(answer).replace(
            '"itemIdentifier": 1', f'"itemIdentifier": "{event["Records"][1]["messageId"]}"'
        )
        return json.loads(text)

    script.answer = reply
    world.send(queue, "a", "b", "c")
    world.poll(mapping)
    assert world.left(queue) == left
    [batch] = world.batches(mapping)
    assert (batch.outcome, batch.failed) == (outcome, len(left))


def test_without_reporting_an_answer_says_nothing(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue)
    script.answer = lambda event: {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
    world.send(queue, "a")
    world.poll(mapping)
    assert world.left(queue) == []


def test_filtered_messages_are_deleted_and_shown(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue, filters=(json.dumps({"body": {"kind": ["order"]}}),))
    bodies = [json.dumps({"kind": "order"}), json.dumps({"kind": "visit"}), "plain"]
    world.send(queue, *bodies)
    world.poll(mapping)
    assert script.bodies == [[bodies[0]]]
    assert world.left(queue) == []
    [batch] = world.batches(mapping)
    assert sorted(fates(batch)) == ["", "filtered", "filtered"]
    world.send(queue, "plain")
    world.poll(mapping)
    last = world.batches(mapping)[-1]
    assert (len(script.events), last.outcome, last.filtered) == (1, "filtered", 1)
    assert last.content.records[0]["why"] == "body is not a JSON object; the pattern wants one."


def test_a_window_waits_for_more_in_product_time(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue, batch_size=100, window_seconds=20)
    world.send(queue, "a")
    world.poll(mapping)
    world.hand.advance(19)
    world.send(queue, "b")
    world.poll(mapping)
    assert script.events == []
    assert poll.next_due() == world.hand.moment + timedelta(seconds=1)
    assert Message.objects.filter(receive_count=1).count() == 2
    world.hand.advance(1)
    world.poll(mapping)
    assert script.bodies == [["a", "b"]]
    assert world.left(queue) == []


def test_a_full_batch_does_not_wait_for_its_window(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue, batch_size=3, window_seconds=300)
    world.send(queue, *"abcdefg")
    world.poll(mapping)
    assert script.bodies == [["a", "b", "c"], ["d", "e", "f"]]
    world.hand.advance(300)
    world.poll(mapping)
    assert script.bodies[2:] == [["g"]]


def test_six_megabytes_end_a_batch(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue)
    for letter in "abcdefgh":
        world.send(queue, letter * 1_000_000)
    world.poll(mapping)
    assert [len(event["Records"]) for event in script.events] == [6, 2]
    assert world.left(queue) == []


def test_a_held_message_stays_hidden_until_the_call_has_ended(world: World, script: Script) -> None:
    """However far product time is moved meanwhile; its visibility timeout is over then, and it is there at once."""
    queue = world.queue()
    mapping = world.map(queue)
    seen = []

    def slow(event: dict[str, Any]) -> Any:
        world.hand.advance(3600)
        seen.append(len(sqs.receive(queue.arn)))
        return script.fail(event) if len(script.events) == 1 else None

    script.answer = slow
    world.send(queue, "a")
    world.poll(mapping)
    assert seen == [0, 0]
    counts = [event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in script.events]
    assert counts == ["1", "2"]


def test_a_throttled_batch_is_tried_again_within_its_visibility_timeout(
    world: World, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = world.queue()
    mapping = world.map(queue)
    times: list[float] = []
    begin = world.hand.moment

    def refuse(event: dict[str, Any]) -> Any:
        times.append((world.hand.moment - begin).total_seconds())
        raise TooManyRequests("ConcurrentInvocationLimitExceeded")

    script.answer = refuse
    world.send(queue, "a")
    for _ in range(30):
        world.poll(mapping)
        world.hand.advance(1)
    assert times == [0, 1, 3, 8, 18]
    [batch] = world.batches(mapping)
    assert (batch.outcome, batch.attempt) == ("throttled", 5)
    script.answer = lambda event: None
    world.hand.advance(30)
    world.poll(mapping)
    assert script.events[-1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"
    assert world.left(queue) == []


def test_a_deleted_function_is_a_problem_that_heals(
    world: World, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = world.queue()
    mapping = world.map(queue)

    def gone(event: dict[str, Any]) -> Any:
        raise ResourceNotFound("Function not found")

    script.answer = gone
    world.send(queue, "a")
    world.poll(mapping)
    problem = mappings.get(SCOPE, mapping.uuid).last_result
    assert problem == "PROBLEM: The function, version or alias does not exist."
    assert world.left(queue) == ["a"]
    script.answer = lambda event: None
    world.hand.advance(30)
    Poller.objects.update(idle_until=None)
    world.poll(mapping)
    assert (world.left(queue), mappings.get(SCOPE, mapping.uuid).last_result) == ([], "OK")


def test_a_queue_that_vanishes_is_a_problem(world: World) -> None:
    queue = world.queue()
    mapping = world.map(queue)
    poller = mapping.pollers.first()
    assert poller is not None
    Message.objects.all().delete()
    queue.delete()
    poll.run(poller.pk, "test")
    assert "The specified queue does not exist" in poll_problem(mapping)


def poll_problem(mapping: Mapping) -> str:
    return str(Mapping.objects.get(pk=mapping.pk).last_result)


def test_a_fifo_group_keeps_its_order_and_blocks_nobody_else(world: World, script: Script) -> None:
    queue = world.queue("orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    mapping = world.map(queue, batch_size=1)
    for group, body in (("x", "x1"), ("x", "x2"), ("y", "y1"), ("x", "x3"), ("y", "y2")):
        world.send(queue, body, group=group)
    script.answer = lambda event: script.fail(event) if event["Records"][0]["body"] == "x1" else None
    world.poll(mapping)
    assert script.bodies == [["x1"], ["y1"], ["y2"]]
    script.answer = lambda event: None
    world.hand.advance(30)
    world.poll(mapping)
    assert script.bodies[3:] == [["x1"], ["x2"], ["x3"]]


def test_nobody_looks_for_messages_whose_group_is_in_hand(world: World, script: Script) -> None:
    """They are visible, but not to be had: pollers would wake each other for as long as the function runs."""
    queue = world.queue("orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    mapping = world.map(queue, batch_size=1)
    world.send(queue, "a1", "a2", group="a")
    due: list[int] = []
    script.answer = lambda event: due.append(poll.due(clock.real()).filter(mapping=mapping).count())
    world.poll(mapping)
    assert (script.bodies, due) == ([["a1"], ["a2"]], [0, 0])
    world.send(queue, "a3", group="a")
    world.send(queue, "b1", group="b")
    world.poll(mapping)
    assert (script.bodies[2:], due[2:]) == ([["a3"], ["b1"]], [4, 0])


def test_a_dead_worker_s_batch_is_shown_as_lost_and_its_messages_come_back(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue)

    class Killed(BaseException):
        pass

    def killed(event: dict[str, Any]) -> Any:
        raise Killed

    script.answer = killed
    world.send(queue, "a")
    poller = Poller.objects.get(mapping=mapping, slot=0)
    with pytest.raises(Killed):
        poll.run(poller.pk, "test")
    # What a process does while it dies does not count: it is put back as a kill would have left it.
    Poller.objects.filter(pk=poller.pk).update(
        lease_until=world.hand.moment - timedelta(days=400), idle_until=None, troubles=0
    )
    script.answer = lambda event: None
    world.poll(mapping)
    [lost] = world.batches(mapping)
    assert (lost.outcome, fates(lost)) == ("lost", ["failed"])
    world.hand.advance(30)
    world.poll(mapping)
    assert [batch.outcome for batch in world.batches(mapping)] == ["lost", "succeeded"]
    assert world.left(queue) == []


def test_who_was_taken_for_dead_settles_nothing(world: World, script: Script) -> None:
    """The lease runs out in the middle of a call; another worker takes over; the first one's outcome is refused."""
    queue = world.queue()
    mapping = world.map(queue)
    poller = Poller.objects.get(mapping=mapping, slot=0)

    def overtaken(event: dict[str, Any]) -> Any:
        if len(script.events) == 1:
            die(mapping)
            poll.run(poller.pk, "other")
        return None

    script.answer = overtaken
    world.send(queue, "a")
    poll.run(poller.pk, "test")
    assert [batch.outcome for batch in world.batches(mapping)] == ["lost"]
    assert world.left(queue) == ["a"]


def test_disabling_gives_back_what_was_collected(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue, batch_size=100, window_seconds=300)
    world.send(queue, "a")
    world.poll(mapping)
    mappings.update(SCOPE, mapping.uuid, Options(enabled=False))
    settle()
    assert mappings.get(SCOPE, mapping.uuid).state == "Disabled"
    [batch] = world.batches(mapping)
    assert batch.outcome == "returned"
    world.hand.advance(30)
    assert [one.row.content.body for one in sqs.receive(queue.arn)] == ["a"]


def test_a_batch_costs_few_statements(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "TURN_SECONDS", 3600)
    monkeypatch.setattr(poll, "LOOK_SECONDS", 3600)
    monkeypatch.setattr(scaling, "SHARE_SECONDS", 3600)
    queue = world.queue()
    mapping = world.map(queue, batch_size=1)
    poller = Poller.objects.get(mapping=mapping, slot=0)
    counts = []
    for messages in (1, 1, 11):  # the first one warms up
        world.send(queue, *("x" * messages))
        with CaptureQueriesContext(connection) as queries:
            poll.run(poller.pk, "test")
        counts.append(sum("SAVEPOINT" not in query["sql"] for query in queries))
    most = 9 if connection.vendor == "sqlite" else 11  # PostgreSQL looks again with the rows locked
    assert (counts[2] - counts[1]) / 10 <= most
