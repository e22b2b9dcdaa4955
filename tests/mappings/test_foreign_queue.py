"""Queues at somebody else's endpoint: what is received, called, deleted, left, and told when it goes wrong."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest

from invocations import clock
from invocations.decisions import source_places
from invocations.errors import InvalidParameterValue, TooManyRequests
from invocations.flows import mappings, poll
from invocations.models import Batch, Mapping, Poller
from tests.flows.conftest import SCOPE
from tests.mappings.abroad import ACCOUNT, Abroad, Source
from tests.mappings.conftest import Script, World, die

pytestmark = pytest.mark.xdist_group("abroad")


class Theirs:
    """A queue there, as its owner sees it."""

    def __init__(self, abroad: Abroad, **attributes: str) -> None:
        self.sqs = abroad.client("sqs")
        self.name = f"q{uuid.uuid4().hex[:8]}" + (".fifo" if "FifoQueue" in attributes else "")
        self.url = self.sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        self.source = Source(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{self.name}")

    def send(self, *bodies: str, **more: Any) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def counts(self) -> tuple[int, int]:
        """Messages that lie there, and those that somebody holds."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def show_again(self, *events: dict[str, Any]) -> None:
        """End the visibility timeout of what these events had."""
        for record in [record for event in events for record in event["Records"]]:
            self.sqs.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
            )


@pytest.fixture
def theirs(abroad: Abroad) -> Theirs:
    return Theirs(abroad, VisibilityTimeout="120")


def map_it(world: World, queue: Theirs, **options: Any) -> Mapping:
    return world.map(queue.source, **options)  # type: ignore[arg-type]


def again(world: World, mapping: Mapping) -> None:
    """Poll as if every poller's rest were over."""
    Poller.objects.update(idle_until=None)
    world.poll(mapping)


def fates(world: World, mapping: Mapping) -> list[list[str]]:
    return [[one["fate"] for one in batch.content.records] for batch in world.batches(mapping)]


def test_an_event_is_aws_s_to_the_member_and_success_deletes(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs)
    attributes = {
        "Title": {"DataType": "String", "StringValue": "x"},
        "Raw": {"DataType": "Binary", "BinaryValue": b"\1\2"},
    }
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    theirs.send("hello ☃", MessageAttributes=attributes, MessageSystemAttributes=system)
    world.poll(mapping)
    [[record]] = [event["Records"] for event in script.events]
    given = record.pop("attributes")
    assert given.pop("SentTimestamp") and given.pop("ApproximateFirstReceiveTimestamp") and given.pop("SenderId")
    assert given == {"ApproximateReceiveCount": "1", "AWSTraceHeader": trace}
    assert record.pop("messageId") and record.pop("receiptHandle")
    assert record == {
        "body": "hello ☃",
        "messageAttributes": {
            "Title": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
            "Raw": {"binaryValue": "AQI=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "md5OfMessageAttributes": record["md5OfMessageAttributes"],
        "md5OfBody": hashlib.md5("hello ☃".encode()).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": theirs.source.arn,
        "awsRegion": "eu-west-1",
    }
    assert script.requests[0].trace_header == trace
    assert theirs.counts() == (0, 0)
    assert [batch.outcome for batch in world.batches(mapping)] == ["succeeded"]
    assert "message" not in world.batches(mapping)[0].content.records[0]
    assert mappings.get(SCOPE, mapping.uuid).last_result == "OK"


def test_more_than_one_receive_fills_a_batch_and_few_pollers_do_not_ask_for_ever(
    world: World, script: Script, theirs: Theirs
) -> None:
    mapping = map_it(world, theirs, batch_size=25, window_seconds=1)
    theirs.send(*map(str, range(25)))
    world.poll(mapping)
    assert [len(bodies) for bodies in script.bodies] == [25]
    real = clock.real()
    assert not poll.due(real).filter(mapping=mapping).exists()
    assert poll.due(real.replace(year=real.year + 1)).filter(mapping=mapping).exists()


def test_a_failed_batch_stays_until_its_visibility_timeout_ends(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs)
    theirs.send("a", "b")
    script.answer = script.fail
    world.poll(mapping)
    assert theirs.counts() == (0, 2)
    assert mappings.get(SCOPE, mapping.uuid).last_result == "PROBLEM: Function call failed"
    script.answer = lambda event: None
    theirs.show_again(*script.events)
    again(world, mapping)
    assert theirs.counts() == (0, 0)
    counts = [one["attributes"]["ApproximateReceiveCount"] for one in script.events[-1]["Records"]]
    assert set(counts) == {"2"}


def test_partial_failures_leave_their_messages_and_no_others(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs, report_failures=True)
    theirs.send("good", "bad", "good")

    def partly(event: dict[str, Any]) -> Any:
        bad = [one["messageId"] for one in event["Records"] if one["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in bad]}

    script.answer = partly
    world.poll(mapping)
    assert theirs.counts() == (0, 1)
    [batch] = world.batches(mapping)
    assert (batch.outcome, batch.failed, fates(world, mapping)) == ("partial", 1, [["done", "failed", "done"]])
    theirs.show_again(script.events[0] | {"Records": script.events[0]["Records"][1:2]})
    again(world, mapping)
    assert script.bodies[1] == ["bad"]


def test_filtered_messages_are_deleted_there(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs, filters=(json.dumps({"body": {"a": [1]}}),))
    theirs.send('{"a": 2}', '{"a": 1}', '{"a": 3}')
    world.poll(mapping)
    assert script.bodies == [['{"a": 1}']]
    assert theirs.counts() == (0, 0)


def test_a_window_collects_over_several_looks(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs, window_seconds=20, max_concurrency=2)
    Poller.objects.filter(mapping=mapping, slot=1).delete()  # else it might take a part for a batch of its own
    theirs.send("a")
    world.poll(mapping)
    theirs.send("b")
    again(world, mapping)
    assert script.bodies == []
    world.hand.advance(20)
    again(world, mapping)
    assert script.bodies == [["a", "b"]]
    assert theirs.counts() == (0, 0)


def test_who_waited_too_long_for_a_window_has_lost_its_messages(world: World, script: Script, theirs: Theirs) -> None:
    """They are visible again at their queue, so another receive has them; the old receipts delete nothing."""
    mapping = map_it(world, theirs, window_seconds=20, max_concurrency=2)
    theirs.send("a")
    world.poll(mapping)
    [batch] = world.batches(mapping)
    batch.content.records = [{**one, "until": one["until"] - 120_000} for one in batch.content.records]
    batch.content.save()
    world.hand.advance(20)
    again(world, mapping)
    assert script.bodies == []
    assert theirs.counts() == (0, 1)


def test_a_throttled_batch_is_called_again_with_what_it_holds(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs)
    theirs.send("a")
    refusals = [TooManyRequests("Rate Exceeded.")]

    def first_refused(event: dict[str, Any]) -> Any:
        if refusals:
            raise refusals.pop()

    script.answer = first_refused
    world.poll(mapping)
    assert [batch.state for batch in world.batches(mapping)] == ["WAITING"]
    world.hand.advance(60)
    again(world, mapping)
    assert script.bodies == [["a"], ["a"]]
    assert script.events[0]["Records"] == script.events[1]["Records"]
    assert theirs.counts() == (0, 0)


def test_what_came_back_while_its_batch_waited_is_not_deleted_with_the_rest(
    world: World, script: Script, theirs: Theirs
) -> None:
    mapping = map_it(world, theirs)
    theirs.send("kept", "gone")
    refusals = [TooManyRequests("Rate Exceeded.")]

    def first_refused(event: dict[str, Any]) -> Any:
        if refusals:
            raise refusals.pop()

    script.answer = first_refused
    world.poll(mapping)
    [batch] = world.batches(mapping)
    [kept, gone] = sorted(batch.content.records, key=lambda one: str(one["message"]["body"]), reverse=True)
    batch.content.records = [kept, {**gone, "until": 0}]
    batch.content.save()
    world.hand.advance(60)
    again(world, mapping)
    assert script.bodies[1] == ["kept"]
    assert theirs.counts() == (0, 1)


def test_a_fifo_queue_s_groups_keep_their_order(world: World, script: Script, abroad: Abroad) -> None:
    queue = Theirs(abroad, FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="120")
    mapping = map_it(world, queue, batch_size=2)
    for number in range(6):
        queue.send(f"{'ab'[number % 2]}{number}", MessageGroupId="ab"[number % 2])
    script.answer = lambda event: script.fail(event) if len(script.events) == 1 else None
    world.poll(mapping)
    held = script.events[0]["Records"]
    blocked = {one["attributes"]["MessageGroupId"] for one in held}
    called = [record["body"] for event in script.events[1:] for record in event["Records"]]
    assert not [body for body in called if body[0] in blocked], "a group went on past its failure"
    queue.show_again(script.events[0])
    again(world, mapping)
    bodies = [record["body"] for event in script.events[1:] for record in event["Records"]]
    assert [body for body in bodies if body[0] == "a"] == ["a0", "a2", "a4"]
    assert [body for body in bodies if body[0] == "b"] == ["b1", "b3", "b5"]
    assert queue.counts() == (0, 0)


def test_a_dead_worker_s_messages_come_back_by_themselves(world: World, script: Script, theirs: Theirs) -> None:
    mapping = map_it(world, theirs, max_concurrency=2)
    theirs.send("a")

    def killed(event: dict[str, Any]) -> Any:
        raise SystemExit

    script.answer = killed
    with pytest.raises(SystemExit):
        world.poll(mapping)
    Batch.objects.filter(mapping=mapping).update(state="RUNNING")
    die(mapping)
    assert theirs.counts() == (0, 1)
    script.answer = lambda event: None
    theirs.show_again(script.events[0])
    again(world, mapping)
    assert script.bodies == [["a"], ["a"]]
    assert sorted(batch.outcome for batch in world.batches(mapping)) == ["lost", "succeeded"]
    assert theirs.counts() == (0, 0)


def test_access_denied_is_a_problem_with_its_reason_and_heals(
    world: World, script: Script, theirs: Theirs, abroad: Abroad, settings: Any
) -> None:
    user, key = abroad.user()
    abroad.allow(user, "sqs:*")
    settings.LAMBDAPLAY_SOURCES = source_places.read(f"{theirs.source.arn}={abroad.place(key)}")
    mapping = map_it(world, theirs)
    theirs.send("a")
    abroad.allow(user, "sqs:Get*")
    abroad.strict(True)
    world.poll(mapping)
    told = mappings.get(SCOPE, mapping.uuid).last_result
    assert told.startswith("PROBLEM: Error occurred while ReceiveMessage. SQS Error Code: ")
    assert "AccessDenied" in told  # moto answers in XML here, so it is not the code that botocore finds
    assert "is not authorized to perform: sqs:ReceiveMessage" in told
    assert script.events == []
    abroad.strict(False)
    abroad.allow(user, "sqs:*")
    abroad.strict(True)
    again(world, mapping)
    assert script.bodies == [["a"]]
    assert mappings.get(SCOPE, mapping.uuid).last_result == "OK"


def test_a_queue_that_is_not_there(world: World, script: Script, theirs: Theirs, abroad: Abroad) -> None:
    with pytest.raises(InvalidParameterValue, match=r"NonExistentQueue"):
        world.map(Source(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:nobody"))  # type: ignore[arg-type]
    mapping = map_it(world, theirs)
    theirs.sqs.delete_queue(QueueUrl=theirs.url)
    world.poll(mapping)
    assert "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue." in mappings.get(SCOPE, mapping.uuid).last_result
    theirs.sqs.create_queue(QueueName=theirs.name)
    theirs.send("a")
    again(world, mapping)
    assert script.bodies == [["a"]]


def test_an_endpoint_that_does_not_answer_is_a_problem(world: World, theirs: Theirs, settings: Any) -> None:
    mapping = map_it(world, theirs)
    settings.LAMBDAPLAY_SOURCES = source_places.read("sqs=http://k:s@127.0.0.1:1")
    world.poll(mapping)
    assert "PROBLEM: sqs at http://127.0.0.1:1 did not answer" in mappings.get(SCOPE, mapping.uuid).last_result


def test_without_the_setting_the_embedded_queue_is_meant(
    world: World, script: Script, abroad: Abroad, settings: Any
) -> None:
    settings.LAMBDAPLAY_SOURCES = source_places.read(f"arn:aws:sqs:*:{ACCOUNT}:*={abroad.place()}")
    queue = world.queue()
    mapping = world.map(queue)
    world.send(queue, "here")
    world.poll(mapping)
    assert (script.bodies, world.left(queue)) == ([["here"]], [])
