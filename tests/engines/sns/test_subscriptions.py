"""Subscriptions: endpoints, attributes, the handshake of HTTP endpoints."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from invocations.engines.sns import subscription_attributes, subscriptions, topics
from invocations.engines.sns.errors import TopicRefusal
from invocations.engines.sns.subscriptions import Subscriber
from invocations.models import Subscription
from invocations.values import Parcel, Scope
from tests.engines.sns.conftest import FUNCTION, OWNER, QUEUE, SCOPE, URL, HandClock, MakeTopic, Subscribe, publish

FIFO_QUEUE = f"{QUEUE}.fifo"


@pytest.mark.parametrize(
    ("topic", "protocol", "endpoint", "text"),
    [
        ("t", "test-protocol", "x", "Amazon SNS does not support this protocol string: test-protocol"),
        ("t", "email", "a@b.c", "the protocol email Reason: lambdaplay does not offer the protocol email: subscribe "
         "sqs, lambda, http, https."),
        ("t", "sms", "+15551234567", "the protocol sms Reason: lambdaplay does not offer the protocol sms: subscribe "
         "sqs, lambda, http, https."),
        ("t", "sqs", "", "Endpoint"),
        ("t", "sqs", "http://127.0.0.1/000000000000/audit", "SQS endpoint ARN"),
        ("t", "sqs", "arn:aws:sqs:us-east-1:000000000000", "SQS endpoint ARN"),
        ("t", "sqs", FUNCTION, "SQS endpoint ARN"),
        ("t", "sqs", FIFO_QUEUE,
         "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"),
        ("t", "lambda", "worker", "Lambda endpoint ARN"),
        ("t", "lambda", QUEUE, "Lambda endpoint ARN"),
        ("t", "http", "https://a.example/", "Endpoint must match the specified protocol"),
        ("t", "https", "http://a.example/", "Endpoint must match the specified protocol"),
        ("t", "http", "http://", "Endpoint"),
        ("t", "http", "http://a.example:port/", "Endpoint"),
        ("t", "http", "http://a.example/a b", "Endpoint"),
        ("t", "http", "http://a.example/\u00fc", "Endpoint"),
        ("t.fifo", "lambda", FUNCTION,
         "Invalid parameter: Endpoint Reason: FIFO SNS topics deliver to SQS queues only, not to lambda"),
    ],
)  # fmt: skip
def test_endpoints_that_cannot_listen(
    make_topic: MakeTopic, subscribe: Subscribe, topic: str, protocol: str, endpoint: str, text: str
) -> None:
    with pytest.raises(TopicRefusal) as refused:
        subscribe(make_topic(topic), protocol, endpoint)
    assert (refused.value.code, refused.value.message) == ("InvalidParameter", f"Invalid parameter: {text}")
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "x.localhost", "10.1.2.3", "[::1]", "169.254.169.254"])
def test_a_function_may_not_have_us_knock_at_inner_doors(make_topic: MakeTopic, settings: Any, host: str) -> None:
    topic, function = make_topic(), Subscriber(SCOPE.account, "arn:of:a:role", by_function=True)
    with pytest.raises(TopicRefusal, match="a function's key made the subscription"):
        subscriptions.subscribe(topic, "http", f"http://{host}:8000/", {}, function)
    settings.LAMBDAPLAY_LOOPBACK = False
    with pytest.raises(TopicRefusal, match="not listed in LAMBDAPLAY_SUBSCRIBER_HOSTS"):
        subscriptions.subscribe(topic, "http", f"http://{host}:8000/", {}, OWNER)
    settings.LAMBDAPLAY_SUBSCRIBER_HOSTS = [host.strip("[]")]
    assert subscriptions.subscribe(topic, "http", f"http://{host}:8000/", {}, OWNER).pk


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Fancy", "1", "AttributeName"),
        ("RawMessageDelivery", "wrongvalue", "RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false."),
        ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
        ("FilterPolicyScope", "RandomValue",
         "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes"),
        ("FilterPolicy", '{"a": {"b": ["c"]}}',
         "Filter policy scope MessageAttributes does not support nested filter policy"),
        ("FilterPolicy", json.dumps({str(n): ["x"] for n in range(6)}),
         "FilterPolicy: Filter policy can not have more than 5 keys"),
        ("FilterPolicy", '{"key_a":"value_one"}', 'FilterPolicy: "key_a" must be an object or an array'),
        ("RedrivePolicy", '{"deadLetterTargetArn": "fake"}', "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        ("RedrivePolicy", '{"deadLetterTargetArn": 1}', "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        ("RedrivePolicy", json.dumps({"deadLetterTargetArn": FIFO_QUEUE}),
         "RedrivePolicy: must use a standard queue as DLQ for a Standard Subscription."),
        ("DeliveryPolicy", '{"healthyRetryPolicy": {"numRetries": 1}}',
         "DeliveryPolicy: Delivery protocol [sqs] does not support delivery policies."),
        ("ReplayPolicy", "{}",
         "ReplayPolicy Reason: lambdaplay does not offer ReplayPolicy: messages are not archived."),
    ],
)  # fmt: skip
def test_attributes_that_are_refused(
    make_topic: MakeTopic, subscribe: Subscribe, name: str, value: str, text: str
) -> None:
    topic = make_topic()
    with pytest.raises(TopicRefusal) as refused:
        subscribe(topic, **{name: value})
    assert refused.value.message == f"Invalid parameter: Attributes Reason: {text}"
    row = subscribe(topic)
    before = subscription_attributes.written(row, topic)
    with pytest.raises(TopicRefusal) as refused:
        subscriptions.change(row, name, value)
    assert refused.value.message == f"Invalid parameter: {text}"
    row.refresh_from_db()
    assert subscription_attributes.written(row, topic) == before


def test_a_fifo_subscription_wants_a_fifo_dead_letter_queue(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    with pytest.raises(TopicRefusal, match="must use a FIFO queue as DLQ for a FIFO Subscription"):
        subscribe(make_topic("t.fifo"), endpoint=FIFO_QUEUE, RedrivePolicy=json.dumps({"deadLetterTargetArn": QUEUE}))


def test_functions_take_no_raw_messages(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    with pytest.raises(TopicRefusal, match=r"Delivery protocol \[lambda\] does not support raw message delivery"):
        subscribe(make_topic(), "lambda", FUNCTION, RawMessageDelivery="true")


def test_attributes_of_a_subscription(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    topic = make_topic()
    redrive = json.dumps({"deadLetterTargetArn": f"{QUEUE}-dead"})
    row = subscribe(topic, RawMessageDelivery="true", FilterPolicy='{"a": ["b"]}', RedrivePolicy=redrive)
    assert re.fullmatch(re.escape(topic.arn) + r":[0-9a-f-]{36}", row.arn)
    assert subscription_attributes.written(row, topic) == {
        "SubscriptionArn": row.arn,
        "TopicArn": topic.arn,
        "Protocol": "sqs",
        "Endpoint": QUEUE,
        "Owner": "000000000000",
        "SubscriptionPrincipal": "arn:aws:iam::000000000000:root",
        "ConfirmationWasAuthenticated": "true",
        "PendingConfirmation": "false",
        "RawMessageDelivery": "true",
        "FilterPolicy": '{"a": ["b"]}',
        "FilterPolicyScope": "MessageAttributes",
        "RedrivePolicy": redrive,
    }
    for name in ("FilterPolicy", "RedrivePolicy"):
        subscriptions.change(row, name, "")
    row.refresh_from_db()
    assert not {"FilterPolicy", "FilterPolicyScope", "RedrivePolicy"} & set(subscription_attributes.written(row, topic))


def test_the_delivery_policy_of_an_http_endpoint(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    topic = make_topic()
    retry = {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 0}
    row = subscribe(topic, "http", URL, DeliveryPolicy=json.dumps({"healthyRetryPolicy": retry}))
    whole = {
        **retry,
        "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0,
        "numMinDelayRetries": 0,
        "backoffFunction": "linear",
    }
    found = subscription_attributes.written(row, topic)
    assert json.loads(found["DeliveryPolicy"]) == {  # as recorded
        "healthyRetryPolicy": whole,
        "sicklyRetryPolicy": None,
        "throttlePolicy": None,
        "requestPolicy": None,
        "guaranteed": False,
    }
    effective = json.loads(found["EffectiveDeliveryPolicy"])
    assert effective["healthyRetryPolicy"] == whole
    assert effective["requestPolicy"] == {"headerContentType": "text/plain; charset=UTF-8"}
    topics.change(topic, "DeliveryPolicy", '{"http": {"disableSubscriptionOverrides": true}}')
    topic.refresh_from_db()
    assert subscription_attributes.effective(row, topic)["healthyRetryPolicy"]["numRetries"] == 3


def test_subscribing_twice_is_one_subscription(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    topic = make_topic()
    first = subscribe(topic, RawMessageDelivery="true")
    for given in ({"RawMessageDelivery": "true"}, {}, {"RawMessageDelivery": "True"}):
        assert subscribe(topic, **given).arn == first.arn
    with pytest.raises(TopicRefusal) as refused:
        subscribe(topic, RawMessageDelivery="false")
    assert (
        refused.value.message
        == "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
    )


def token_of(parcel: Parcel) -> str:
    found: str = json.loads(parcel.body)["Token"]
    return found


def test_an_http_endpoint_is_asked_first(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel], hand: HandClock
) -> None:
    topic = make_topic()
    row = subscribe(topic, "http", URL)
    assert row.state == Subscription.State.PENDING
    asked = posted[0]
    body = json.loads(asked.body)
    assert (asked.target, asked.principal, asked.source_arn) == (URL, "", row.arn)
    assert list(body) == [
        "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", "SignatureVersion",
        "Signature", "SigningCertURL",
    ]  # fmt: skip
    assert body["Type"] == "SubscriptionConfirmation"
    assert body["Message"] == (
        f"You have chosen to subscribe to the topic {topic.arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    assert body["SubscribeURL"].endswith(f"/?Action=ConfirmSubscription&TopicArn={topic.arn}&Token={body['Token']}")
    assert dict(asked.options) == {
        "header:x-amz-sns-message-type": "SubscriptionConfirmation",
        "header:x-amz-sns-message-id": body["MessageId"],
        "header:x-amz-sns-topic-arn": topic.arn,
        "header:Content-Type": "text/plain; charset=UTF-8",
    }
    publish(topic, "nobody listens yet")
    assert len(posted) == 1
    assert subscriptions.confirm(topic.arn, body["Token"], signed=False).arn == row.arn
    assert subscriptions.confirm(topic.arn, body["Token"], signed=False).arn == row.arn  # a repeat is fine
    publish(topic, "now")
    assert [json.loads(parcel.body)["Type"] for parcel in posted[1:]] == ["Notification"]


def test_tokens_that_confirm_nothing(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel], hand: HandClock
) -> None:
    topic = make_topic()
    row = subscribe(topic, "http", URL)
    token = token_of(posted[0])
    west = topic.arn.replace("us-east-1", "us-west-2")
    for arn, given, text in [
        ("orders", token, "Invalid parameter: Topic"),
        (west, token, "Invalid parameter: Topic"),
        (topic.arn, "random", "Invalid token"),
        (topic.arn, "0" * 96, "Invalid parameter: Token"),
    ]:
        with pytest.raises(TopicRefusal) as refused:
            subscriptions.confirm(arn, given, signed=True)
        assert (refused.value.code, refused.value.message) == ("InvalidParameter", text)
    hand.advance(days=2)
    with pytest.raises(TopicRefusal, match="Invalid parameter: Token"):
        subscriptions.confirm(topic.arn, token, signed=True)
    subscribe(topic, "http", URL)  # asks again
    with pytest.raises(TopicRefusal, match="Invalid parameter: Token"):
        subscriptions.confirm(topic.arn, token, signed=True)
    assert subscriptions.confirm(topic.arn, token_of(posted[1]), signed=True).arn == row.arn


def test_the_link_in_a_message_unsubscribes_and_can_be_taken_back(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]
) -> None:
    topic = make_topic()
    row = subscribe(topic, "http", URL)
    subscriptions.confirm(topic.arn, token_of(posted[0]), signed=False)
    subscriptions.unsubscribe(row.arn, None)
    assert topics.read(topic)["SubscriptionsConfirmed"] == "0"
    good_bye = posted[-1]
    body = json.loads(good_bye.body)
    assert body["Type"] == "UnsubscribeConfirmation"
    assert body["Message"].startswith(f"You have chosen to deactivate subscription {row.arn}.\nTo cancel")
    assert good_bye.options["header:x-amz-sns-subscription-arn"] == row.arn
    publish(topic, "gone")
    assert posted[-1] is good_bye
    assert subscriptions.confirm(topic.arn, body["Token"], signed=False).arn == row.arn
    publish(topic, "back")
    assert json.loads(posted[-1].body)["Message"] == "back"


def test_only_signed_requests_end_a_subscription_that_was_confirmed_so(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]
) -> None:
    topic = make_topic()
    row = subscribe(topic, "http", URL)
    subscriptions.confirm(topic.arn, token_of(posted[0]), signed=True, keep_signed=True)
    with pytest.raises(TopicRefusal) as refused:
        subscriptions.unsubscribe(row.arn, None)
    assert refused.value.code == "AuthorizationError"
    subscriptions.unsubscribe(row.arn, SCOPE.account)
    assert len(posted) == 1  # whoever signs knows what they do
    with pytest.raises(TopicRefusal, match="Subscription does not exist"):
        subscriptions.find(row.arn, SCOPE)


def test_a_restored_subscription_yields_to_a_newer_one(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]
) -> None:
    topic = make_topic()
    old = subscribe(topic, "http", URL)
    subscriptions.confirm(topic.arn, token_of(posted[0]), signed=False)
    subscriptions.unsubscribe(old.arn, None)
    new = subscribe(topic, "http", URL)
    assert new.arn != old.arn
    assert subscriptions.confirm(topic.arn, token_of(posted[1]), signed=False).arn == new.arn


@pytest.mark.parametrize(
    ("arn", "text"),
    [
        ("", "SubscriptionArn Reason: no value for required parameter"),
        ("x", "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"),
        ("a:b:c:d:e", "SubscriptionArn Reason: An ARN must have at least 6 elements, not 5"),
        ("arn:aws:sns:us-east-1:000000000000:orders", "SubscriptionId"),
        ("arn:aws:sns:us-east-1:000000000000:orders:x", "SubscriptionId"),
    ],
)
def test_arns_that_no_subscription_has(arn: str, text: str) -> None:
    for ask in (lambda: subscriptions.unsubscribe(arn, SCOPE.account), lambda: subscriptions.find(arn, SCOPE)):
        with pytest.raises(TopicRefusal) as refused:
            ask()
        assert refused.value.message == f"Invalid parameter: {text}"


def test_unsubscribing_is_fine_twice_and_counted_once(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    topic = make_topic()
    row = subscribe(topic)
    for _ in range(2):
        subscriptions.unsubscribe(row.arn, SCOPE.account)
    topic.refresh_from_db()
    assert topics.read(topic)["SubscriptionsDeleted"] == "1"
    assert subscriptions.listed(SCOPE, topic) == []
    with pytest.raises(TopicRefusal) as refused:
        subscriptions.find(row.arn, SCOPE)
    assert (refused.value.code, refused.value.status) == ("NotFound", 404)


def test_strangers_see_and_end_nothing(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    row = subscribe(make_topic())
    stranger = Scope("999999999999", "us-east-1")
    for ask in (lambda: subscriptions.find(row.arn, stranger), lambda: subscriptions.unsubscribe(row.arn, "9" * 12)):
        with pytest.raises(TopicRefusal) as refused:
            ask()
        assert (refused.value.code, refused.value.status) == ("AuthorizationError", 403)


def test_a_deleted_topic_takes_its_subscriptions_along(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    topic = make_topic()
    subscribe(topic)
    topics.delete(topic)
    assert not Subscription.objects.exists()
