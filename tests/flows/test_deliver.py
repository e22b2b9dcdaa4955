"""Deliveries: claimed, sent to real queues, tried again, given up and replayed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import F

from invocations import clock
from invocations.arns import Arn
from invocations.decisions.backoff import GIVE_UP
from invocations.destinations import base, registry
from invocations.destinations.base import Attributes, Context, Destination, Undeliverable
from invocations.engines.sqs import queues
from invocations.flows import deliver
from invocations.models import Delivery, Message, Queue, delivery_states
from tests.flows.conftest import ARN, SCOPE
from tests.flows.outbox import finished_event, pending

pytestmark = pytest.mark.django_db

QUEUE = "arn:aws:sqs:us-east-1:000000000000:outcomes"
TARGET = "arn:aws:tester:us-east-1:000000000000:target"

Fixed = Callable[[timedelta], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Fixed:
    """Product time stands still until it is moved; jitter is none."""
    at = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    monkeypatch.setattr(deliver, "_draw", lambda: 0.0)

    def move(by: timedelta) -> None:
        at[0] += by

    return move


@pytest.fixture
def queue() -> Queue:
    return queues.create(SCOPE, "outcomes", {}, {})


class Target:
    """A destination of the tests' own, beside the real ones: takes, refuses, breaks as it is told."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.got: list[tuple[bytes, Context]] = []
        self.during: Callable[[], object] = lambda: None

    def send(self, arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
        self.got.append((body, context))
        self.during()
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    made = Target()
    known = {**registry(), "tester": Destination("tester", frozenset({base.ON_FAILURE}), made.send)}
    monkeypatch.setattr("invocations.destinations.registry", lambda: known)
    return made


def state(row: Delivery) -> tuple[str, int, str]:
    row.refresh_from_db()
    return row.state, row.tries, row.last_error


def test_a_record_becomes_a_message_without_attributes(queue: Queue) -> None:
    row = pending(QUEUE, body=b'{"version":"1.0"}')
    deliver.run(row.pk, "test")
    assert state(row) == ("SENT", 1, "")
    assert row.ended_at is not None and row.lease_until is None
    message = Message.objects.get()
    assert (message.content.body, message.content.attributes) == ('{"version":"1.0"}', {})
    assert message.trace_header == "Root=1-67419000-0123456789abcdef01234567"


def test_a_dead_letter_carries_its_three_attributes(queue: Queue) -> None:
    attributes = {
        "RequestID": {"type": "String", "value": "r"},
        "ErrorCode": {"type": "Number", "value": "200"},
        "ErrorMessage": {"type": "String", "value": "boom"},
    }
    deliver.run(pending(QUEUE, kind="dead-letter", body=b"{}", attributes=attributes).pk, "test")
    assert Message.objects.get().content.attributes == {
        "RequestID": {"DataType": "String", "StringValue": "r"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "boom"},
    }


def test_what_was_sent_is_not_sent_again(queue: Queue) -> None:
    row = pending(QUEUE)
    deliver.run(row.pk, "test")
    deliver.run(row.pk, "test")
    assert Message.objects.count() == 1
    assert deliver.replay(row.pk) is False


def test_a_queue_that_comes_late_gets_the_record_then(later: Fixed) -> None:
    row = pending(QUEUE)
    deliver.run(row.pk, "test")
    assert state(row) == ("PENDING", 1, "The specified queue does not exist.")
    assert row.due_at == clock.now() + timedelta(seconds=1)
    queues.create(SCOPE, "outcomes", {}, {})
    deliver.run(row.pk, "test")
    assert state(row)[:2] == ("PENDING", 1)
    later(timedelta(seconds=1))
    deliver.run(row.pk, "test")
    assert state(row) == ("SENT", 2, "")


def test_what_a_queue_can_never_take_is_undeliverable_at_once(queue: Queue) -> None:
    row = pending(QUEUE, body=b'"' + b"x" * 1_048_576 + b'"')
    deliver.run(row.pk, "test")
    assert state(row) == (
        "FAILED",
        1,
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    )
    assert Message.objects.count() == 0


def test_waits_double_to_five_minutes_and_end_after_six_hours(target: Target, later: Fixed) -> None:
    target.trouble = Undeliverable("refused")
    row = pending(TARGET)
    begun, waits = clock.now(), []
    while state(row)[0] == "PENDING":
        deliver.run(row.pk, "test")
        row.refresh_from_db()
        waits.append((row.due_at - clock.now()).total_seconds())
        later(row.due_at - clock.now())
    assert waits[:11] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert clock.now() - begun == GIVE_UP
    assert state(row) == ("FAILED", len(waits), "refused")
    assert row.ended_at == clock.now()
    assert deliver.due(10) == []


def test_a_replay_tries_again_with_all_its_time(target: Target, later: Fixed) -> None:
    target.trouble = Undeliverable("gone", permanent=True)
    row = pending(TARGET)
    deliver.run(row.pk, "test")
    assert state(row)[0] == "FAILED"
    later(timedelta(days=3))
    assert deliver.replay(row.pk) is True
    target.trouble = Undeliverable("busy")
    deliver.run(row.pk, "test")
    assert state(row) == ("PENDING", 2, "busy")
    target.trouble = None
    later(timedelta(minutes=5))
    deliver.run(row.pk, "test")
    assert state(row) == ("SENT", 3, "")
    assert len({context.key for _, context in target.got}) == 1


def test_a_replay_of_a_waiting_delivery_hurries_it(target: Target, later: Fixed) -> None:
    row = pending(TARGET, due_at=clock.now() + timedelta(minutes=5))
    deliver.run(row.pk, "test")
    assert state(row)[0] == "PENDING"
    assert deliver.replay(row.pk) is True
    deliver.run(row.pk, "test")
    assert state(row)[0] == "SENT"


def test_a_sender_that_died_is_noticed_when_its_lease_ends(target: Target) -> None:
    row = pending(TARGET)
    assert delivery_states.claim(row.pk, clock.now())
    deliver.run(row.pk, "test")
    assert target.got == []
    assert deliver.due(10) == []
    Delivery.objects.update(lease_until=F("lease_until") - timedelta(seconds=61))
    assert deliver.due(10) == [row.pk]
    deliver.run(row.pk, "test")
    assert state(row) == ("SENT", 2, "")


def test_a_slow_sender_moves_nothing_but_what_it_sent_was_sent(target: Target) -> None:
    row = pending(TARGET)
    target.trouble = Undeliverable("no", permanent=True)
    target.during = lambda: Delivery.objects.update(tries=F("tries") + 1)  # another has claimed it meanwhile
    deliver.run(row.pk, "slow")
    assert state(row) == ("PENDING", 2, "")
    Delivery.objects.update(lease_until=None)
    target.trouble = None
    deliver.run(row.pk, "slow")
    assert state(row) == ("SENT", 4, "")


def test_a_fault_of_ours_on_the_way_is_tried_again(target: Target) -> None:
    target.trouble = ZeroDivisionError("oops")
    row = pending(TARGET)
    deliver.run(row.pk, "test")
    assert state(row) == ("PENDING", 1, "ZeroDivisionError: oops")


def test_a_database_that_fails_leaves_the_delivery_to_the_next_sender(queue: Queue, monkeypatch: Any) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("gone")

    row = pending(QUEUE)
    monkeypatch.setattr(delivery_states, "sent", fail)
    with pytest.raises(OperationalError):
        deliver.run(row.pk, "test")
    # Neither sent nor marked: a local target takes part in the transaction.
    assert Message.objects.count() == 0
    assert state(row) == ("PENDING", 0, "")
    monkeypatch.undo()
    deliver.run(row.pk, "test")
    assert (Message.objects.count(), state(row)[0]) == (1, "SENT")


def test_a_sender_killed_after_sending_shows_in_the_tries(target: Target) -> None:
    class Killed(BaseException):
        pass

    row = pending(TARGET)
    target.trouble = Killed()  # type: ignore[assignment]
    with pytest.raises(Killed):
        deliver.run(row.pk, "test")
    target.trouble = None
    Delivery.objects.update(lease_until=F("lease_until") - timedelta(seconds=61))
    deliver.run(row.pk, "test")
    assert state(row) == ("SENT", 2, "")
    first, second = target.got
    assert first == second


@pytest.mark.parametrize("destination", ["arn:aws:iam::000000000000:role/x", "nonsense"])
def test_a_destination_that_nobody_serves_is_undeliverable(destination: str) -> None:
    row = pending(destination)
    deliver.run(row.pk, "test")
    assert state(row) == ("FAILED", 1, f"lambdaplay does not deliver to {destination}.")


def test_all_of_an_invocation_are_sent(queue: Queue) -> None:
    event = finished_event()
    pending(QUEUE, invocation=event)
    pending(QUEUE, invocation=event, kind="dead-letter")
    other = pending(QUEUE)
    deliver.run_all_of(event.request_id, "test")
    assert Message.objects.count() == 2
    assert state(other)[0] == "PENDING"


def test_the_target_learns_where_a_delivery_comes_from(target: Target) -> None:
    row = pending(TARGET, invocation=finished_event(qualifier="live"))
    deliver.run(row.pk, "test")
    _, context = target.got[0]
    assert context.function_arn == f"{ARN}fn:live"
    assert (context.kind, context.succeeded, context.hops) == ("on-failure", False, 3)
    assert context.key == f"{row.caused_by}:on-failure"
