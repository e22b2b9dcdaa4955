"""Parcels: written once with what caused them, sent after the commit, given up into a dead-letter queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from invocations import clock, event_queue, outlet
from invocations.arns import Arn
from invocations.destinations import base, registry
from invocations.destinations.base import Attributes, Context, Destination, Undeliverable
from invocations.engines.sqs import queues
from invocations.flows import deliver, outbox, parcels
from invocations.models import Delivery, DeliveryBody, FunctionPolicy, Invocation, Message, Queue
from invocations.values import Parcel
from tests.flows.conftest import ARN, SCOPE, Make

pytestmark = pytest.mark.django_db

QUEUE = "arn:aws:sqs:us-east-1:000000000000:in"
DEAD = "arn:aws:sqs:us-east-1:000000000000:dead"
TOPIC = "arn:aws:sns:us-east-1:000000000000:topic"
TARGET = "arn:aws:tester:us-east-1:000000000000:target"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
        }
    ],
}
Commit = Callable[..., Any]


class Target:
    """A slow destination of the tests' own: takes, refuses as it is told."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.got: list[tuple[Arn, bytes, Context]] = []
        self.then: Callable[[], object] = lambda: None

    def send(self, arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
        self.got.append((arn, body, context))
        self.then()
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    made = Target()
    kinds = frozenset({base.ON_FAILURE})
    known = {
        **registry(),
        "tester": Destination("tester", kinds, made.send),
        "http": Destination("http", kinds, made.send),
        "near": Destination("near", kinds, made.send, local=True),
    }
    monkeypatch.setattr("invocations.destinations.registry", lambda: known)
    return made


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The ids that workers were told of."""
    ids: list[int] = []
    monkeypatch.setattr(event_queue, "broken", lambda: False)
    monkeypatch.setattr(event_queue, "send_delivery", lambda pk: not ids.append(pk))  # type: ignore[func-returns-value]
    yield ids


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    at = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: at[0])

    def move(seconds: float) -> None:
        at[0] += timedelta(seconds=seconds)

    return move


def parcel(target: str = QUEUE, **more: Any) -> Parcel:
    values: dict[str, Any] = {
        "key": f"message:{target}",
        "kind": "subscription",
        "source_arn": f"{TOPIC}:6d6e7f0a-0000-4000-8000-000000000000",
        "body": b"hello",
        "scope": SCOPE,
        **more,
    }
    return Parcel(target=target, **values)


def messages(name: str) -> list[Message]:
    return list(Message.objects.filter(queue__name=name).order_by("id"))


def row_of(key: str) -> Delivery:
    return Delivery.objects.get(key=key)


@pytest.fixture
def post(django_capture_on_commit_callbacks: Commit) -> Callable[..., None]:
    def committed(*given: Parcel) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            outlet.post(given)

    return committed


Post = Callable[..., None]


def test_a_parcel_for_a_queue_is_there_after_the_commit(post: Post, told: list[int]) -> None:
    queues.create(SCOPE, "in", {}, {})
    attributes = {"colour": {"type": "String", "value": "red"}, "raw": {"type": "Binary", "value": "AAE="}}
    post(parcel(attributes=attributes, trace_id="1-67419000-0123456789abcdef01234567"))
    message = messages("in")[0]
    assert (message.content.body, message.trace_header) == ("hello", "Root=1-67419000-0123456789abcdef01234567")
    assert message.content.attributes == {
        "colour": {"DataType": "String", "StringValue": "red"},
        "raw": {"DataType": "Binary", "BinaryValue": "AAE="},
    }
    row = Delivery.objects.get()
    assert (row.state, row.tries, row.invocation, row.kind) == ("SENT", 1, None, "subscription")
    assert (row.account, row.region) == (SCOPE.account, SCOPE.region)
    assert told == []  # no worker was needed


def test_nothing_is_sent_when_what_caused_it_is_undone(
    told: list[int], django_capture_on_commit_callbacks: Commit
) -> None:
    queues.create(SCOPE, "in", {}, {})
    hooks = django_capture_on_commit_callbacks(execute=True)
    with hooks as left, pytest.raises(ZeroDivisionError), transaction.atomic():
        outlet.post([parcel()])
        raise ZeroDivisionError
    assert (left, Delivery.objects.count(), messages("in")) == ([], 0, [])


def test_the_same_key_is_written_and_sent_once(post: Post, told: list[int]) -> None:
    queues.create(SCOPE, "in", {}, {})
    post(parcel(), parcel(), parcel(key="other"))
    post(parcel(body=b"later"), parcel(key="third"))
    assert [message.content.body for message in messages("in")] == ["hello"] * 3
    assert Delivery.objects.count() == DeliveryBody.objects.count() == 3


def test_long_keys_are_told_apart(post: Post, told: list[int]) -> None:
    post(*(parcel(key="k" * 600 + end) for end in "ab"))
    assert Delivery.objects.count() == 2


def test_many_parcels_are_written_at_once(post: Post, told: list[int], target: Target) -> None:
    post(*(parcel(TARGET, key=str(number)) for number in range(450)))
    assert Delivery.objects.count() == DeliveryBody.objects.count() == 450
    assert len(told) == outbox.TOLD  # a sweep tells of the others
    assert Delivery.objects.filter(sent_at=None).count() == 450 - outbox.TOLD
    assert target.got == []


def test_a_slow_target_is_left_to_a_worker(post: Post, told: list[int], target: Target) -> None:
    url = "https://example.com/hook?x=1"
    post(parcel(url, options={"header:X-Test": "1"}, hops=3, caused_by="r"))
    row = Delivery.objects.get()
    assert (told, target.got, row.sent_at is None) == ([row.pk], [], False)
    deliver.run(row.pk, "worker")
    arn, body, context = target.got[0]
    assert (arn.service, arn.text, body) == ("http", url, b"hello")
    assert (context.options, context.hops, context.caused_by) == ({"header:X-Test": "1"}, 3, "r")
    assert (context.key, context.function, context.kind) == (row.key, "topic", "subscription")


def test_without_a_broker_the_sweep_finds_it(post: Post, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queue, "broken", lambda: True)
    post(parcel(TARGET))
    assert deliver.drain_deliveries("worker") == 1
    assert len(target.got) == 1


def test_an_error_while_sending_leaves_it_to_a_sweep(
    post: Post, told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(deliver, "run", fail)
    post(parcel())
    assert deliver.due(10) == [Delivery.objects.get().pk]


def test_what_is_posted_while_sending_in_place_goes_to_workers(post: Post, told: list[int], target: Target) -> None:
    near = "arn:aws:near:us-east-1:000000000000:topic"
    target.then = lambda: outbox._send_new(parcels.write([parcel(f"{near}-2", key="second")]))
    post(parcel(near, key="first"))
    assert [row_of(key).state for key in ("first", "second")] == ["SENT", "PENDING"]
    assert told == [row_of("second").pk]


def test_waits_and_tries_are_the_parcels_own(target: Target, later: Callable[[float], None]) -> None:
    target.trouble = Undeliverable("busy")
    [pk] = parcels.write([parcel(TARGET, back_off=(0, 2, 5), max_tries=6)])
    waits = []
    while True:
        deliver.run(pk, "test")
        row = Delivery.objects.get()
        if row.state == "FAILED":
            break
        waits.append((row.due_at - clock.now()).total_seconds())
        later(waits[-1])
    assert waits == [0, 2, 5, 5, 5]
    assert (row.tries, len(target.got)) == (6, 6)


def test_a_parcel_too_old_is_tried_a_last_time_at_its_end(target: Target, later: Callable[[float], None]) -> None:
    target.trouble = Undeliverable("busy")
    [pk] = parcels.write([parcel(TARGET, back_off=(50,), max_age_seconds=60)])
    for seconds in (0, 50, 10):
        later(seconds)
        deliver.run(pk, "test")
    assert Delivery.objects.values_list("state", "tries").get() == ("FAILED", 3)


def test_a_replay_gives_all_tries_and_all_time_again(target: Target, later: Callable[[float], None]) -> None:
    target.trouble = Undeliverable("busy")
    [pk] = parcels.write([parcel(TARGET, back_off=(1, 2), max_tries=2, max_age_seconds=60)])
    for seconds in (0, 1):
        later(seconds)
        deliver.run(pk, "test")
    later(1000)
    assert deliver.replay(pk)
    deliver.run(pk, "test")
    row = Delivery.objects.get()
    assert (row.state, row.tries, row.due_at - clock.now()) == ("PENDING", 3, timedelta(seconds=1))
    assert row.give_up_at == clock.now() + timedelta(seconds=60)
    later(1)
    deliver.run(pk, "test")
    assert Delivery.objects.values_list("state", "tries").get() == ("FAILED", 4)


@pytest.mark.parametrize("destination", [TARGET, "arn:aws:near:us-east-1:000000000000:x"])
def test_an_undeliverable_parcel_goes_to_its_dead_letter_queue(target: Target, destination: str) -> None:
    queues.create(SCOPE, "dead", {}, {})
    target.trouble = Undeliverable("not yours", permanent=True, code="NO_PERMISSIONS")
    dead_letter_attributes = {
        "RULE_ARN": {"type": "String", "value": "rule"},
        "ERROR_CODE": {"type": "String", "value": "{error_code}"},
        "ERROR_MESSAGE": {"type": "String", "value": "{error_message}"},
        "EXHAUSTED_RETRY_CONDITION": {"type": "String", "value": "{condition}"},
    }
    given = parcel(
        destination,
        key="p",
        attributes={"a": {"type": "String", "value": "1"}},
        dead_letter_arn=DEAD,
        dead_letter_attributes=dead_letter_attributes,
    )
    [pk] = parcels.write([given])
    deliver.run(pk, "test")
    message = messages("dead")[0]
    assert message.content.body == "hello"
    assert {name: one["StringValue"] for name, one in message.content.attributes.items()} == {
        "a": "1",
        "RULE_ARN": "rule",
        "ERROR_CODE": "NO_PERMISSIONS",
        "ERROR_MESSAGE": "not yours",
    }
    states = dict(Delivery.objects.values_list("key", "state"))
    assert states == {"p": "FAILED", "p:dead-letter:1": "SENT"}
    assert row_of("p:dead-letter:1").kind == "dead-letter"


def test_a_dead_letter_says_which_limit_ended_it(target: Target) -> None:
    queues.create(SCOPE, "dead", {}, {})
    target.trouble = Undeliverable("busy", code="THROTTLING")
    facts = {name: {"type": "String", "value": f"{{{name}}}"} for name in ("condition", "retries", "error_code")}
    given = parcel(TARGET, back_off=(0,), max_tries=3, dead_letter_arn=DEAD, dead_letter_attributes=facts)
    [pk] = parcels.write([given])
    for _ in range(3):
        deliver.run(pk, "test")
    attributes = messages("dead")[0].content.attributes
    assert {name: one["StringValue"] for name, one in attributes.items()} == {
        "condition": "MaximumRetryAttempts",
        "retries": "2",
        "error_code": "THROTTLING",
    }


def test_a_dead_letter_may_have_a_body_of_its_own(target: Target) -> None:
    queues.create(SCOPE, "dead", {}, {})
    target.trouble = Undeliverable("no", permanent=True)
    [pk] = parcels.write([parcel(TARGET, dead_letter_arn=DEAD, dead_letter_body=b"envelope")])
    deliver.run(pk, "test")
    assert messages("dead")[0].content.body == "envelope"


def test_giving_up_and_the_dead_letter_are_one(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    target.trouble = Undeliverable("no", permanent=True)
    [pk] = parcels.write([parcel(TARGET, dead_letter_arn=DEAD)])
    monkeypatch.setattr(parcels, "write", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        deliver.run(pk, "test")
    assert Delivery.objects.get().state == "PENDING"


def test_a_target_that_nobody_serves_is_dead_at_once(post: Post, told: list[int]) -> None:
    queues.create(SCOPE, "dead", {}, {})
    post(parcel("arn:aws:iam::000000000000:role/x", dead_letter_arn=DEAD))
    assert len(messages("dead")) == 1


def test_fifo_queues_get_group_and_deduplication_id() -> None:
    queues.create(SCOPE, "in.fifo", {"FifoQueue": "true"}, {})
    for number in range(2):
        given = parcel(f"{QUEUE}.fifo", key=str(number), options={"group": "g", "dedup": "d"})
        deliver.run(next(iter(parcels.write([given]))), "test")
    [message] = messages("in.fifo")
    assert (message.group, message.deduplication_id) == ("g", "d")


def test_a_standard_queue_takes_no_deduplication_id(post: Post, told: list[int]) -> None:
    queues.create(SCOPE, "in", {}, {})
    post(parcel(options={"group": "g", "dedup": "d"}))
    assert messages("in")[0].group == "g"


def test_a_service_needs_the_queues_policy(post: Post, told: list[int]) -> None:
    queues.create(SCOPE, "in", {}, {})
    service = {"principal": "sns.amazonaws.com", "policy_arn": TOPIC}
    post(parcel(key="without", **service))
    row = row_of("without")
    assert (row.state, row.tries) == ("FAILED", 1)
    assert row.last_error == f"The policy of {QUEUE} does not allow sns.amazonaws.com to SendMessage for {TOPIC}."
    Queue.objects.update(policy=json.dumps(POLICY))
    post(parcel(key="with", **service), parcel(key="other", principal="sns.amazonaws.com", policy_arn=f"{TOPIC}-2"))
    assert [row_of(key).state for key in ("with", "other")] == ["SENT", "FAILED"]
    assert messages("in")[0].sender == "sns.amazonaws.com"


def test_a_missing_queue_is_no_reason_to_wait_for_a_service(post: Post, told: list[int]) -> None:
    post(parcel(key="service", principal="sns.amazonaws.com", policy_arn=TOPIC), parcel(key="mapping"))
    assert [row_of(key).state for key in ("service", "mapping")] == ["FAILED", "PENDING"]


def test_a_queue_takes_text_only(post: Post, told: list[int]) -> None:
    queues.create(SCOPE, "in", {}, {})
    post(parcel(body=b"\xff\xfe"))
    assert Delivery.objects.values_list("state", "last_error").get() == (
        "FAILED",
        "A queue takes text only, and this is not UTF-8.",
    )


def statement(**more: Any) -> dict[str, Any]:
    return {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"{ARN}fn",
        "Condition": {"ArnLike": {"AWS:SourceArn": TOPIC}},
        **more,
    }


def test_a_function_is_invoked_when_its_policy_allows_the_service(post: Post, told: list[int], make: Make) -> None:
    version = make("fn")
    given = {"principal": "sns.amazonaws.com", "policy_arn": TOPIC, "body": b"{}", "hops": 2, "caused_by": "r"}
    post(parcel(f"{ARN}fn", key="without", **given))
    row = row_of("without")
    assert (row.state, Invocation.objects.count()) == ("FAILED", 0)
    assert row.last_error == f"The policy of {ARN}fn does not allow sns.amazonaws.com to invoke it for {TOPIC}."
    FunctionPolicy.objects.create(function=version.function, statements=[statement()])
    post(parcel(f"{ARN}fn", key="with", **given))
    event = Invocation.objects.get()
    assert (event.hops, event.caused_by, event.door, event.caller) == (2, "r", "subscription", "topic")
    assert row_of("with").state == "SENT"
