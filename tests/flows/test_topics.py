"""From a topic to queues, functions, dead letters: what happens after the commit."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction

from invocations import clock, event_queue, outlet
from invocations.destinations import Undeliverable
from invocations.engines.sns import publishing, subscriptions, topics
from invocations.engines.sns.content import Outgoing
from invocations.engines.sns.fanout import Origin
from invocations.engines.sns.subscriptions import Subscriber
from invocations.engines.sqs import queues
from invocations.flows import deliver, retention
from invocations.models import (
    Delivery,
    DeliveryBody,
    Invocation,
    Message,
    Publication,
    PublicationBody,
    Queue,
    Subscription,
    Topic,
)
from invocations.values import Parcel
from tests.flows.conftest import ARN, SCOPE, Make

pytestmark = pytest.mark.django_db(transaction=True)

OWNER = Subscriber(SCOPE.account, "arn:aws:iam::000000000000:root")
RULE = "arn:aws:events:us-east-1:000000000000:rule/r"
TRACE = "1-67419000-0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queue, "broken", lambda: True)


def make_queue(name: str, allowed: bool = True) -> Queue:
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
    attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})} if allowed else {}
    if name.endswith(".fifo"):
        attributes["FifoQueue"] = "true"
    return queues.create(SCOPE, name, attributes, {})


def make_topic(name: str = "t") -> Topic:
    return topics.create(SCOPE, name, {"FifoTopic": "true"} if name.endswith(".fifo") else {})


def subscribe(topic: Topic, endpoint: str, dead: str = "", **given: str) -> Subscription:
    if dead:
        given["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn_of(dead)})
    return subscriptions.subscribe(topic, endpoint.split(":")[2], endpoint, given, OWNER)


def arn_of(queue: str) -> str:
    return f"arn:aws:sqs:us-east-1:000000000000:{queue}"


def publish(topic: Topic, *messages: Outgoing | str, origin: Origin | None = None) -> None:
    whole = [Outgoing(one) if isinstance(one, str) else one for one in messages]
    publishing.publish(topic, whole, origin or Origin())


def in_queue(name: str) -> list[Message]:
    return list(Message.objects.filter(queue__name=name).order_by("id").select_related("content"))


def test_a_queue_has_the_message_when_publish_returns() -> None:
    make_queue("q")
    topic = make_topic()
    subscribe(topic, arn_of("q"), RawMessageDelivery="true")
    attributes = {
        "a": {"DataType": "Number.int", "StringValue": "1"},
        "b": {"DataType": "Binary", "BinaryValue": "AA=="},
    }
    publish(topic, Outgoing("hello", attributes=attributes, group="tenant"), origin=Origin(trace_id=TRACE))
    message = in_queue("q")[0]
    assert (message.content.body, message.content.attributes) == ("hello", attributes)
    assert (message.trace_header, message.group) == (f"Root={TRACE}", "tenant")


@pytest.mark.parametrize("raw", ["true", "false"])
def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(raw: str) -> None:
    make_queue("dead")
    topic = make_topic()
    subscribe(topic, arn_of("gone"), dead="dead", RawMessageDelivery=raw)
    publish(topic, Outgoing("hello", attributes={"a": {"DataType": "String", "StringValue": "v"}}))
    dead = in_queue("dead")[0].content
    assert Delivery.objects.get(kind="subscription").state == Delivery.State.FAILED
    if raw == "true":
        assert (dead.body, list(dead.attributes)) == ("hello", ["a"])
    else:
        assert json.loads(dead.body)["MessageAttributes"] == {"a": {"Type": "String", "Value": "v"}}
        assert dead.attributes == {}


def test_a_queue_must_let_the_topic_in() -> None:
    make_queue("q", allowed=False)
    topic = make_topic()
    subscribe(topic, arn_of("q"))
    publish(topic, "hello")
    row = Delivery.objects.get()
    assert (row.state, in_queue("q")) == (Delivery.State.FAILED, [])
    assert "does not allow sns.amazonaws.com to SendMessage" in row.last_error


def test_a_function_must_let_the_topic_in(make: Make) -> None:
    make("fn")
    make_queue("dead")
    topic = make_topic()
    subscribe(topic, f"{ARN}fn", dead="dead")
    publish(topic, "hello")
    assert "does not allow sns.amazonaws.com" in Delivery.objects.get(kind="subscription").last_error
    assert json.loads(in_queue("dead")[0].content.body)["Message"] == "hello"
    assert not Invocation.objects.exists()


def fifo(text: str, group: str = "g") -> Outgoing:
    return Outgoing(text, group=group, deduplication_id=text)


def test_a_fifo_queue_gets_groups_and_ids() -> None:
    make_queue("q.fifo")
    topic = make_topic("t.fifo")
    subscribe(topic, arn_of("q.fifo"), RawMessageDelivery="true")
    publish(topic, fifo("1", "a"), fifo("2", "b"), fifo("3", "a"))
    publish(topic, fifo("3", "a"))
    got = [(one.group, one.content.body, one.deduplication_id) for one in in_queue("q.fifo")]
    assert sorted(got, key=lambda one: one[0]) == [("a", "1", "1"), ("a", "3", "3"), ("b", "2", "2")]


@pytest.fixture
def nobody_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is posted waits for the test to send it."""
    monkeypatch.setattr("invocations.flows.deliver.at_hand", lambda target: False)


def test_of_a_group_the_oldest_goes_first_and_takes_the_others_along(nobody_sends: None) -> None:
    make_queue("q.fifo")
    topic = make_topic("t.fifo")
    subscribe(topic, arn_of("q.fifo"), RawMessageDelivery="true")
    publish(topic, fifo("1"), fifo("2"), fifo("other", "h"))
    publish(topic, fifo("3"))
    first, second, other, third = Delivery.objects.order_by("id").values_list("pk", flat=True)
    deliver.run(third, "test")
    deliver.run(second, "test")
    assert in_queue("q.fifo") == []
    assert deliver.due(10) == [first, other]
    deliver.run(other, "test")
    deliver.run(first, "test")
    assert [one.content.body for one in in_queue("q.fifo")] == ["other", "1", "2", "3"]


def test_a_group_waits_for_one_that_is_tried_again(nobody_sends: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make_queue("q.fifo")
    topic = make_topic("t.fifo")
    subscribe(topic, arn_of("q.fifo"), RawMessageDelivery="true")
    publish(topic, fifo("1"), fifo("2"))
    first, second = Delivery.objects.order_by("id").values_list("pk", flat=True)
    now, send, broken = clock.now(), deliver._send, [True]
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(deliver, "_send", lambda row, target: Undeliverable("not now") if broken else send(row, target))
    deliver.run(first, "test")
    deliver.run(second, "test")
    # Three more times at once; then a second is to pass.
    assert (Delivery.objects.get(pk=first).tries, Delivery.objects.get(pk=second).tries) == (4, 0)
    broken.clear()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=1))
    deliver.run(first, "test")
    assert [one.content.body for one in in_queue("q.fifo")] == ["1", "2"]


def test_dead_letters_of_a_group_keep_their_order() -> None:
    make_queue("dead.fifo")
    topic = make_topic("t.fifo")
    subscribe(topic, arn_of("gone.fifo"), dead="dead.fifo", RawMessageDelivery="true")
    publish(topic, fifo("1"), fifo("2"), fifo("3"))
    assert [one.content.body for one in in_queue("dead.fifo")] == ["1", "2", "3"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"SENT", "FAILED"}


def test_a_topic_as_destination_fans_out() -> None:
    make_queue("q")
    topic = make_topic()
    subscribe(topic, arn_of("q"))
    Delivery.objects.create(
        key="k",
        kind=Delivery.Kind.RULE,
        account=SCOPE.account,
        region=SCOPE.region,
        source_arn=RULE,
        destination=topic.arn,
        created_at=clock.now(),
        due_at=clock.now(),
        give_up_at=clock.now(),
        trace_id=TRACE,
        hops=2,
        caused_by="cause",
    )
    row = Delivery.objects.get()
    attributes = {"RequestID": {"type": "String", "value": "id"}}
    DeliveryBody.objects.create(delivery=row, body=b'{"raise": 1}', attributes=attributes)
    deliver.run(row.pk, "test")
    body = json.loads(in_queue("q")[0].content.body)
    assert (body["Message"], body["MessageAttributes"]) == (
        '{"raise": 1}',
        {"RequestID": {"Type": "String", "Value": "id"}},
    )
    sent = Delivery.objects.get(kind="subscription")
    assert (sent.trace_id, sent.hops, sent.caused_by) == (TRACE, 2, "cause")


def post(target: str, principal: str) -> Delivery:
    parcel = Parcel("k", "rule", RULE, target, b"m", SCOPE, principal=principal, policy_arn=RULE)
    with transaction.atomic():
        outlet.post([parcel])
    return Delivery.objects.get()


@pytest.mark.parametrize(("principal", "state"), [("", "PENDING"), ("events.amazonaws.com", "FAILED")])
def test_a_missing_topic_may_come_yet_but_not_for_a_service(principal: str, state: str) -> None:
    row = post("arn:aws:sns:us-east-1:000000000000:none", principal)
    assert (row.state, row.last_error) == (state, "Topic does not exist")


def test_a_service_needs_the_topics_permission() -> None:
    topic = make_topic()
    row = post(topic.arn, "events.amazonaws.com")
    assert row.state == Delivery.State.FAILED
    assert row.last_error == f"The policy of {topic.arn} does not allow events.amazonaws.com to Publish for {RULE}."


def test_texts_are_forgotten_before_rows() -> None:
    topic = make_topic()
    kept, ended = subscribe(topic, arn_of("a")), subscribe(topic, arn_of("b"))
    subscriptions.unsubscribe(ended.arn, SCOPE.account)
    for days in (100, 20, 0):
        publish(topic, f"{days} days old")
        newest = Publication.objects.latest("id")
        Publication.objects.filter(pk=newest.pk).update(written_at=clock.real() - timedelta(days=days))
    assert retention.prune().publications == 1
    assert list(PublicationBody.objects.values_list("message", flat=True)) == ["0 days old"]
    assert Publication.objects.count() == 2
    assert list(Subscription.objects.all()) == [kept]
