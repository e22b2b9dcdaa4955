"""Standard queues: visibility, handles, delay, retention, dead letters."""

from __future__ import annotations

import json

import pytest

from invocations.engines import sqs
from invocations.engines.sqs import queues, settling
from invocations.engines.sqs.errors import (
    MessageNotInflight,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
    QueueRefusal,
    ReceiptHandleIsInvalid,
)
from invocations.models import Message, MessageBody, Queue
from tests.engines.sqs.conftest import SCOPE, HandClock, MakeQueue


def bodies(queue: Queue, most: int = 10) -> list[str]:
    return [one.row.content.body for one in sqs.receive(queue.arn, most)]


def test_a_received_message_is_hidden_until_its_visibility_timeout_ends(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue(VisibilityTimeout="10")
    sqs.send(queue.arn, "one")
    assert bodies(queue) == ["one"]
    hand.advance(9.9)
    assert bodies(queue) == []
    hand.advance(0.1)
    again = sqs.receive(queue.arn)
    assert again[0].row.receive_count == 2


def test_deleting_takes_message_and_body_and_may_be_repeated(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue()
    sqs.send(queue.arn, "one")
    handle = sqs.receive(queue.arn)[0].handle
    assert sqs.delete(queue.arn, [handle]) == [None]
    assert sqs.delete(queue.arn, [handle]) == [None]
    assert (Message.objects.count(), MessageBody.objects.count()) == (0, 0)


def test_an_older_handle_deletes_nothing(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue(VisibilityTimeout="1")
    sqs.send(queue.arn, "one")
    old = sqs.receive(queue.arn)[0].handle
    hand.advance(1)
    new = sqs.receive(queue.arn)[0].handle
    sqs.delete(queue.arn, [old])
    assert Message.objects.count() == 1
    sqs.delete(queue.arn, [new])
    assert Message.objects.count() == 0


def test_what_was_never_a_handle_is_refused(make_queue: MakeQueue) -> None:
    queue = make_queue()
    refusal = sqs.delete(queue.arn, ["garbage"])[0]
    assert isinstance(refusal, ReceiptHandleIsInvalid)
    assert refusal.message == 'The input receipt handle "garbage" is not a valid receipt handle.'


def test_visibility_can_be_ended_and_prolonged_but_not_past_twelve_hours(
    make_queue: MakeQueue, hand: HandClock
) -> None:
    queue = make_queue(VisibilityTimeout="10")
    sqs.send(queue.arn, "one")
    handle = sqs.receive(queue.arn)[0].handle
    settling.change_visibility(queue, handle, 100)
    hand.advance(99)
    assert bodies(queue) == []
    with pytest.raises(QueueRefusal, match="beyond the limit"):
        settling.change_visibility(queue, handle, 43_200)
    settling.change_visibility(queue, handle, 0)
    with pytest.raises(MessageNotInflight):
        settling.change_visibility(queue, handle, 5)
    assert bodies(queue) == ["one"]
    with pytest.raises(QueueRefusal, match="Message does not exist or is not available"):
        settling.change_visibility(queue, handle, 5)


def test_a_delay_is_the_messages_own_or_the_queues(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue(DelaySeconds="5")
    sqs.send(queue.arn, "late")
    sqs.send(queue.arn, "at once", delay=0)
    assert queues.counts(queue) == queues.Counts(visible=1, in_flight=0, delayed=1)
    assert bodies(queue) == ["at once"]
    hand.advance(5)
    assert bodies(queue) == ["late"]


def test_messages_past_their_retention_are_gone(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue(MessageRetentionPeriod="60")
    sqs.send(queue.arn, "old")
    hand.advance(60)
    sqs.send(queue.arn, "new")
    assert bodies(queue) == ["new"]
    assert MessageBody.objects.count() == 1


def with_dead_letters(make_queue: MakeQueue, receives: int, suffix: str = "") -> tuple[Queue, Queue]:
    dead = make_queue(f"dead{suffix}")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": receives})
    return make_queue(f"orders{suffix}", RedrivePolicy=policy, VisibilityTimeout="1"), dead


def test_a_message_dies_at_the_receive_after_the_last_allowed_one(make_queue: MakeQueue, hand: HandClock) -> None:
    queue, dead = with_dead_letters(make_queue, 2)
    sent = sqs.send(queue.arn, "poison", {"a": {"DataType": "String", "StringValue": "b"}})
    for _ in range(2):
        assert bodies(queue) == ["poison"]
        assert bodies(dead) == []
        hand.advance(1)
    assert bodies(queue) == []
    moved = sqs.receive(dead.arn)[0].row
    assert (moved.message_id, moved.content.body, moved.dead_letter_source) == (sent, "poison", queue.arn)
    assert moved.content.attributes == {"a": {"DataType": "String", "StringValue": "b"}}


def test_a_receive_that_buries_still_fills_up_with_living_messages(make_queue: MakeQueue, hand: HandClock) -> None:
    queue, _ = with_dead_letters(make_queue, 1)
    for number in range(3):
        sqs.send(queue.arn, f"old {number}")
    assert len(bodies(queue, 3)) == 3
    hand.advance(1)
    for number in range(2):
        sqs.send(queue.arn, f"new {number}")
    assert bodies(queue, 2) == ["new 0", "new 1"]


def test_a_dead_letter_queue_that_denies_keeps_nobodys_messages(make_queue: MakeQueue, hand: HandClock) -> None:
    dead = make_queue("dead", RedriveAllowPolicy='{"redrivePermission":"denyAll"}')
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    with pytest.raises(QueueRefusal, match="does not have permission"):
        make_queue(RedrivePolicy=policy)


def test_names_of_deleted_queues_and_purges_wait_a_minute(make_queue: MakeQueue, hand: HandClock) -> None:
    queue = make_queue()
    sqs.send(queue.arn, "one")
    assert queues.purge(queue) == 1
    with pytest.raises(PurgeQueueInProgress, match="Only one PurgeQueue operation on orders"):
        queues.purge(queue)
    queues.delete(queue)
    with pytest.raises(QueueDoesNotExist):
        sqs.send(queue.arn, "two")
    with pytest.raises(QueueDeletedRecently):
        make_queue()
    hand.advance(60)
    assert make_queue().pk is not None


def test_creating_again_gives_the_same_queue_unless_an_attribute_differs(make_queue: MakeQueue) -> None:
    assert make_queue(DelaySeconds="5").pk == make_queue(DelaySeconds="5").pk == make_queue().pk
    with pytest.raises(QueueNameExists, match="a different value for attribute DelaySeconds"):
        make_queue(DelaySeconds="6")


def test_listeners_hear_of_a_send(make_queue: MakeQueue) -> None:
    queue = make_queue()
    heard: list[str] = []
    sqs.on_send.append(heard.append)
    try:
        sqs.send(queue.arn, "one")
    finally:
        sqs.on_send.remove(heard.append)
    assert heard == [queue.arn]


def test_another_region_is_another_world(make_queue: MakeQueue) -> None:
    make_queue()
    with pytest.raises(QueueDoesNotExist):
        sqs.find(f"arn:aws:sqs:eu-west-1:{SCOPE.account}:orders")


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"VisibilityTimeout": "43201"}, "Invalid value for the parameter VisibilityTimeout."),
        ({"FifoQueue": "x"}, "Unknown Attribute FifoQueue."),
        ({"Nonsense": "1"}, "Unknown Attribute Nonsense."),
        ({"KmsMasterKeyId": "alias/k"}, "lambdaplay does not offer the attribute KmsMasterKeyId"),
        ({"RedrivePolicy": "nope"}, "Redrive policy is not a valid JSON map."),
        ({"RedrivePolicy": '{"deadLetterTargetArn":"dummy"}'}, "Invalid value for deadLetterTargetArn."),
        ({"RedrivePolicy": '{"maxReceiveCount":1}'}, "mandatory attribute: deadLetterTargetArn."),
    ],
)
def test_bad_attributes_are_refused_and_nothing_is_made(
    make_queue: MakeQueue, attributes: dict[str, str], text: str
) -> None:
    with pytest.raises(QueueRefusal) as refused:
        make_queue(**attributes)
    assert text in refused.value.message
    assert Queue.objects.count() == 0
