"""What a poller takes: the same messages a receiver would get, told in the same words."""

from __future__ import annotations

import json

import pytest
from django.db import transaction

from invocations.engines.sqs import holding, queues, receiving
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.facts import system_attributes, system_text
from invocations.engines.sqs.holding import Held, Taken
from invocations.engines.sqs.sending import send
from invocations.models import Message, MessageBody, Queue
from tests.engines.sqs.conftest import HandClock, hand
from tests.flows.conftest import SCOPE

__all__ = ["hand"]

pytestmark = pytest.mark.django_db

ODD = 'say "x" \\ \n\x01 é ☃ 𝄞'
TRACE = {"AWSTraceHeader": {"DataType": "String", "StringValue": 'Root=1-5759e988-bd862e3fe1be46a994272793;odd="'}}


def take(queue: Queue, most: int = 10) -> list[Taken]:
    with transaction.atomic():
        return holding.take(queue, most)


@pytest.mark.parametrize("fifo", [False, True])
def test_it_says_of_a_message_what_the_row_says(hand: HandClock, fifo: bool) -> None:
    queue = queues.create(SCOPE, "q.fifo", {"FifoQueue": "true"}, {}) if fifo else queues.create(SCOPE, "q", {}, {})
    send(queue, [Outgoing(ODD, {}, None, "g" if fifo else None, "d" if fifo else None, TRACE, sender=ODD)])
    [taken] = take(queue)
    row = Message.objects.select_related("content").get()
    assert json.loads(system_text(taken)) == system_attributes(row)
    assert (taken.body, taken.attributes, taken.receipt) == (row.content.body, "{}", row.receipt)
    assert (taken.receive_count, taken.received_ms, taken.first_received_ms) == (1, row.received_ms, row.received_ms)


def test_the_oldest_come_first_and_only_once(hand: HandClock) -> None:
    queue = queues.create(SCOPE, "q", {}, {})
    for body in "abc":
        send(queue, [Outgoing(body)])
        hand.advance(1)
    assert [one.body for one in take(queue, 2)] == ["a", "b"]
    assert [one.body for one in take(queue, 2)] == ["c"]
    assert take(queue) == []


def test_what_expired_is_gone_and_what_died_moves(hand: HandClock) -> None:
    dead = queues.create(SCOPE, "dead", {}, {})
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    queue = queues.create(
        SCOPE, "q", {"MessageRetentionPeriod": "60", "VisibilityTimeout": "1", "RedrivePolicy": policy}, {}
    )
    send(queue, [Outgoing("expires")])
    hand.advance(59)
    send(queue, [Outgoing("dies")])
    [_, received] = receiving.receive(queue, 10)
    assert received.row.content.body == "dies"
    hand.advance(2)
    send(queue, [Outgoing("lives")])
    assert [one.body for one in take(queue)] == ["lives"]
    assert [row.content.body for row in Message.objects.filter(queue=dead)] == ["dies"]
    assert set(MessageBody.objects.values_list("body", flat=True)) == {"dies", "lives"}


def test_only_what_is_still_ours_is_given_again_and_removed(hand: HandClock) -> None:
    queue = queues.create(SCOPE, "q", {}, {})
    send(queue, [Outgoing(body) for body in "abcd"])
    first, second = take(queue, 2), take(queue, 2)
    held = [Held(one.pk, one.receipt) for one in [*second, *first]]
    Message.objects.filter(pk=first[0].pk).update(receipt="somebody else's")
    assert [one.body for one in holding.again(queue, held)] == ["c", "d", "b"]
    holding.remove(queue, held)
    assert list(MessageBody.objects.values_list("body", flat=True)) == ["a"]
    assert [row.content.body for row in Message.objects.all()] == ["a"]
