"""FIFO queues: order within groups, groups that wait, duplicates."""

from __future__ import annotations

import json

import pytest

from invocations.engines import sqs
from invocations.engines.sqs import receiving, settling
from invocations.engines.sqs.errors import MissingParameter, QueueRefusal
from invocations.models import Message, Queue
from tests.engines.sqs.conftest import HandClock, MakeQueue


def send(queue: Queue, body: str, group: str = "a", dedup: str | None = None) -> str:
    return sqs.send(queue.arn, body, group=group, dedup=dedup or body)


def bodies(queue: Queue, most: int = 10) -> list[str]:
    return [one.row.content.body for one in sqs.receive(queue.arn, most)]


def test_a_group_waits_while_one_of_its_messages_is_in_flight(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue("q.fifo")
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        send(queue, body, group)
    first = sqs.receive(queue.arn, 1)[0]
    assert first.row.content.body == "a1"
    assert bodies(queue) == ["b1"]
    sqs.delete(queue.arn, [first.handle])
    assert bodies(queue) == ["a2"]


def test_a_failed_message_comes_again_before_its_followers(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue("q.fifo", VisibilityTimeout="10")
    for body in ("1", "2", "3"):
        send(queue, body)
    assert bodies(queue, 2) == ["1", "2"]
    hand.advance(10)
    assert bodies(queue) == ["1", "2", "3"]


def test_ending_the_visibility_of_one_does_not_overtake_the_others(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue("q.fifo")
    for body in ("1", "2", "3"):
        send(queue, body)
    held = sqs.receive(queue.arn, 2)
    settling.change_visibility(queue, held[0].handle, 0)
    assert bodies(queue) == []


def test_a_duplicate_is_accepted_and_not_delivered_for_five_minutes(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue("q.fifo", ContentBasedDeduplication="true")
    first = sqs.send(queue.arn, "same", group="a")
    assert sqs.send(queue.arn, "same", group="b") == first
    got = sqs.receive(queue.arn)
    sqs.delete(queue.arn, [one.handle for one in got])
    hand.advance(299)
    assert sqs.send(queue.arn, "same", group="a") == first
    assert bodies(queue) == []
    hand.advance(1)
    assert sqs.send(queue.arn, "same", group="a") != first
    assert bodies(queue) == ["same"]


def test_duplicates_may_be_told_apart_by_group(make_queue: MakeQueue) -> None:
    queue = make_queue("q.fifo", DeduplicationScope="messageGroup")
    assert send(queue, "x", "a", "1") != send(queue, "x", "b", "1")
    assert send(queue, "x", "a", "1") == send(queue, "y", "a", "1")


def test_a_handle_whose_time_is_over_is_refused(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue("q.fifo", VisibilityTimeout="1")
    send(queue, "1")
    handle = sqs.receive(queue.arn)[0].handle
    hand.advance(1)
    refusal = sqs.delete(queue.arn, [handle])[0]
    assert refusal is not None
    assert refusal.message == (
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    )


def test_the_same_attempt_gets_the_same_messages(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue("q.fifo")
    send(queue, "1")
    first = receiving.receive(queue, 10, attempt="try")
    again = receiving.receive(queue, 10, attempt="try")
    assert [one.handle for one in first] == [one.handle for one in again]
    assert receiving.receive(queue, 10, attempt="other") == []


def test_dead_letters_let_the_group_go_on(make_queue: MakeQueue, hand: HandClock) -> None:
    dead = make_queue("dead.fifo")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "1"})
    queue = make_queue("q.fifo", RedrivePolicy=policy, VisibilityTimeout="1")
    for body in ("1", "2"):
        send(queue, body)
    assert bodies(queue, 1) == ["1"]
    hand.advance(1)
    assert bodies(queue) == ["2"]
    assert bodies(dead) == ["1"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "The request must contain the parameter MessageGroupId."),
        ({"group": "a"}, "The queue should either have ContentBasedDeduplication enabled or"),
        (
            {"group": "a", "dedup": "d", "delay": 2},
            "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid "
            "for this queue type.",
        ),
        ({"group": "a b", "dedup": "d"}, "MessageGroupId can only include alphanumeric and punctuation"),
    ],
)
def test_what_a_fifo_queue_wants_is_asked_for(make_queue: MakeQueue, given: dict[str, object], text: str) -> None:
    queue = make_queue("q.fifo")
    with pytest.raises(QueueRefusal) as refused:
        sqs.send(queue.arn, "x", **given)  # type: ignore[arg-type]
    assert text in refused.value.message
    assert isinstance(refused.value, MissingParameter) == (given == {})
    assert Message.objects.count() == 0
