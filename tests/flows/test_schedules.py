"""From a slot to its target: what queues, topics, buses and functions get, tries, and dead letters."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from invocations import clock
from invocations.engines.scheduler import firing, schedules
from invocations.engines.scheduler.checking import ScheduleSpec
from invocations.engines.sns import topics
from invocations.engines.sqs import queues
from invocations.flows import deliver
from invocations.models import BusEvent, Delivery, Invocation, Message, Publication, Schedule
from tests.admin.conftest import MakeFunction, home, make_function
from tests.engines.hands import Hands, hands
from tests.flows.conftest import SCOPE

__all__ = ["hands", "home", "make_function"]  # fixtures

pytestmark = pytest.mark.django_db

BASE = f"{SCOPE.region}:{SCOPE.account}"
QUEUE = f"arn:aws:sqs:{BASE}:ticks"
DEAD = f"arn:aws:sqs:{BASE}:dead"
ROLE = "arn:aws:iam::000000000000:role/any"
FACTS = json.dumps({"at": "<aws.scheduler.scheduled-time>", "try": "<aws.scheduler.attempt-number>"})


def schedule(arn: str, text: str | None = FACTS, **more: Any) -> Schedule:
    target = {"Arn": arn, "RoleArn": ROLE, **({} if text is None else {"Input": text}), **more}
    return schedules.create(SCOPE, "default", ScheduleSpec("tick", "rate(5 minutes)", target))


def sent() -> Delivery:
    """Fire what is due, and try the one delivery that came of it."""
    firing.fire_due()
    row = Delivery.objects.exclude(kind="dead-letter").latest("pk")
    deliver.run(row.pk, "test")
    row.refresh_from_db()
    return row


def test_a_queue_gets_the_input_with_its_keywords(hands: Hands) -> None:
    queues.create(SCOPE, "ticks", {}, {})
    schedule(QUEUE)
    assert sent().state == Delivery.State.SENT
    message = Message.objects.get()
    assert json.loads(message.content.body) == {"at": "2026-01-31T12:00:30Z", "try": "1"}
    assert message.trace_header.startswith("Root=1-")


def test_a_function_is_invoked_asynchronously_without_a_permission(hands: Hands, make_function: MakeFunction) -> None:
    make_function("ship")
    row = schedule(f"arn:aws:lambda:{BASE}:function:ship", None)
    assert sent().state == Delivery.State.SENT
    event = Invocation.objects.get()
    assert (event.invocation_type, event.door) == (Invocation.Type.ASYNC, "schedule")
    assert json.loads(bytes(event.payload.request))["resources"] == [row.arn]


def test_a_topic_gets_a_message(hands: Hands) -> None:
    made = topics.create(SCOPE, "ticks", {})
    schedule(made.arn, "text")
    assert sent().state == Delivery.State.SENT
    assert Publication.objects.count() == 1


def test_a_bus_gets_an_event_of_the_schedule_s_source_and_detail_type(hands: Hands) -> None:
    parameters = {"DetailType": "tick", "Source": "my.clock"}
    schedule(f"arn:aws:events:{BASE}:event-bus/default", EventBridgeParameters=parameters)
    delivery = sent()
    assert delivery.state == Delivery.State.SENT, delivery.last_error
    event = BusEvent.objects.get()
    assert (event.source, event.detail_type, event.event_at) == ("my.clock", "tick", hands.product)
    assert json.loads(bytes(event.content.body))["detail"] == {"at": "2026-01-31T12:00:30Z", "try": "1"}
    assert event.trace_id == delivery.trace_id


def test_a_missing_queue_is_tried_as_often_as_the_policy_says_and_then_the_dead_letter_is_told_all(
    hands: Hands,
) -> None:
    queues.create(SCOPE, "dead", {}, {})
    policy = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}
    row = schedule(QUEUE, RetryPolicy=policy, DeadLetterConfig={"Arn": DEAD})
    delivery = sent()
    assert (delivery.state, delivery.tries) == (Delivery.State.PENDING, 1)
    hands.advance(seconds=10)
    deliver.run(delivery.pk, "test")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == (Delivery.State.FAILED, 2)
    message = Message.objects.get()
    assert json.loads(message.content.body) == {"at": "2026-01-31T12:00:30Z", "try": "2"}
    told = {name: one["StringValue"] for name, one in message.content.attributes.items()}
    assert len(told.pop("EXECUTION_ID")) == 16
    assert told.pop("ERROR_CODE") == "NO_RESOURCE"
    assert "does not exist" in told.pop("ERROR_MESSAGE")
    assert told == {
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "1",
        "SCHEDULED_TIME": "2026-01-31T12:00:30Z",
        "SCHEDULE_ARN": row.arn,
        "TARGET_ARN": QUEUE,
    }


def test_an_event_s_age_ends_its_tries(hands: Hands) -> None:
    queues.create(SCOPE, "dead", {}, {})
    schedule(QUEUE, RetryPolicy={"MaximumEventAgeInSeconds": 60}, DeadLetterConfig={"Arn": DEAD})
    delivery = sent()
    assert delivery.give_up_at == clock.now() + timedelta(seconds=60)
    hands.advance(seconds=61)
    deliver.run(delivery.pk, "test")
    told = Message.objects.get().content.attributes
    assert told["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == "MaximumEventAgeInSeconds"


def test_each_firing_begins_a_flow_of_its_own(hands: Hands) -> None:
    queues.create(SCOPE, "ticks", {}, {})
    schedule(QUEUE)
    first = sent()
    hands.advance(minutes=5)
    second = sent()
    assert first.pk != second.pk
    assert first.trace_id != second.trace_id
    assert isinstance(first.created_at, datetime)
