"""Topics: names, attributes, tags, policies; what AWS refuses, in its words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.engines.sns import naming, policies, topics
from invocations.engines.sns.errors import TopicRefusal
from invocations.models import Topic
from invocations.values import Scope
from tests.engines.sns.conftest import SCOPE, MakeTopic, Subscribe

FIFO_NAME = (
    "Invalid parameter: Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII "
    "letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
)


@pytest.mark.parametrize("name", ["", "a" * 257, "a.b", "a:b", "a b", "ü", "a/b", "orders.fifo"])
def test_names_that_no_topic_has(name: str) -> None:
    with pytest.raises(TopicRefusal) as refused:
        topics.create(SCOPE, name, {})
    assert (refused.value.code, refused.value.message) == ("InvalidParameter", "Invalid parameter: Topic Name")


@pytest.mark.parametrize("name", ["orders", ".fifo", "a" * 252 + ".fifo", "a b.fifo"])
def test_names_that_no_fifo_topic_has(name: str) -> None:
    with pytest.raises(TopicRefusal) as refused:
        topics.create(SCOPE, name, {"FifoTopic": "true"})
    assert refused.value.message == FIFO_NAME


def test_the_longest_names() -> None:
    assert topics.create(SCOPE, "a" * 256, {}).arn.endswith(":" + "a" * 256)
    assert topics.create(SCOPE, "a" * 251 + ".fifo", {"FifoTopic": "true"}).fifo


def test_attributes_of_a_new_topic(make_topic: MakeTopic) -> None:
    found = topics.read(make_topic())
    policy = json.loads(found.pop("Policy"))
    effective = json.loads(found.pop("EffectiveDeliveryPolicy"))
    assert found == {
        "TopicArn": "arn:aws:sns:us-east-1:000000000000:orders",
        "Owner": "000000000000",
        "DisplayName": "",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsPending": "0",
        "SubscriptionsDeleted": "0",
    }
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"AWS:SourceOwner": "000000000000"}}
    # As recorded.
    assert effective == {
        "http": {
            "defaultHealthyRetryPolicy": {
                "minDelayTarget": 20,
                "maxDelayTarget": 20,
                "numRetries": 3,
                "numMaxDelayRetries": 0,
                "numNoDelayRetries": 0,
                "numMinDelayRetries": 0,
                "backoffFunction": "linear",
            },
            "disableSubscriptionOverrides": False,
            "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
        }
    }


def test_attributes_that_were_set_are_answered(make_topic: MakeTopic) -> None:
    policy = {"http": {"defaultRequestPolicy": {"headerContentType": "application/json"}}}
    topic = make_topic(
        "orders.fifo",
        DisplayName="Orders",
        SignatureVersion="2",
        DeliveryPolicy=json.dumps(policy),
        ContentBasedDeduplication="true",
        FifoThroughputScope="MessageGroup",
        MaximumMessageSize="1048576",
        TracingConfig="PassThrough",
        KmsMasterKeyId="",
    )
    found = topics.read(topic)
    assert found["DisplayName"] == "Orders"
    assert (found["FifoTopic"], found["ContentBasedDeduplication"], found["FifoThroughputScope"]) == (
        "true",
        "true",
        "MessageGroup",
    )
    assert (found["SignatureVersion"], found["MaximumMessageSize"]) == ("2", "1048576")
    assert json.loads(found["DeliveryPolicy"])["http"]["disableSubscriptionOverrides"] is False
    effective = json.loads(found["EffectiveDeliveryPolicy"])["http"]
    assert effective["defaultRequestPolicy"] == {"headerContentType": "application/json"}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Fancy", "1", "AttributeName"),
        ("FifoTopic", "false", "AttributeName"),
        ("ContentBasedDeduplication", "true", "AttributeName"),
        ("DisplayName", "a\nb", "DisplayName"),
        ("DisplayName", "a" * 101, "DisplayName"),
        ("SignatureVersion", "3", "SignatureVersion"),
        ("MaximumMessageSize", "1023", "MaximumMessageSize"),
        ("MaximumMessageSize", "1048577", "MaximumMessageSize"),
        ("MaximumMessageSize", "many", "MaximumMessageSize"),
        ("Policy", "no policy", "Policy Error: null"),
        ("Policy", '{"Statement": []}', "Policy Error: null"),
        ("DeliveryPolicy", "{", "DeliveryPolicy: failed to parse JSON."),
        (
            "DeliveryPolicy",
            '{"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}}',
            "DeliveryPolicy: http.defaultHealthyRetryPolicy.numRetries must be a whole number from 0 to 100",
        ),
        (
            "DeliveryPolicy",
            '{"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":1}}}',
            "DeliveryPolicy: lambdaplay does not offer http.defaultThrottlePolicy",
        ),
        (
            "KmsMasterKeyId",
            "alias/aws/sns",
            "KmsMasterKeyId Reason: lambdaplay does not offer KmsMasterKeyId: messages are not encrypted with KMS "
            "keys.",
        ),
        (
            "HTTPSuccessFeedbackRoleArn",
            "arn:aws:iam::000000000000:role/r",
            "HTTPSuccessFeedbackRoleArn Reason: lambdaplay does not offer HTTPSuccessFeedbackRoleArn: the state of "
            "every delivery is on the topic's page.",
        ),
        (
            "TracingConfig",
            "Active",
            "TracingConfig Active Reason: lambdaplay does not offer TracingConfig Active: trace headers are passed "
            "through, and no segments are written.",
        ),
    ],
)
def test_attributes_that_are_refused_change_nothing(make_topic: MakeTopic, name: str, value: str, text: str) -> None:
    topic = make_topic()
    before = topics.read(topic)
    with pytest.raises(TopicRefusal) as refused:
        topics.change(topic, name, value)
    assert (refused.value.code, refused.value.message) == ("InvalidParameter", f"Invalid parameter: {text}")
    topic.refresh_from_db()
    assert topics.read(topic) == before


def test_an_unknown_attribute_at_creation_makes_no_topic() -> None:
    with pytest.raises(TopicRefusal, match="Attributes Reason: Unknown attribute among Fancy"):
        topics.create(SCOPE, "orders", {"Fancy": "1"})
    assert not Topic.objects.exists()


def test_creating_twice_is_one_topic(make_topic: MakeTopic) -> None:
    first = topics.create(SCOPE, "orders", {"DisplayName": "Orders"}, [("a", "1")])
    for given, tags in [({}, []), ({"DisplayName": "Orders"}, []), ({}, [("a", "1")])]:
        assert topics.create(SCOPE, "orders", given, tags).pk == first.pk
    with pytest.raises(TopicRefusal) as refused:
        topics.create(SCOPE, "orders", {}, [("a", "1"), ("b", "2")])
    assert refused.value.message == "Invalid parameter: Tags Reason: Topic already exists with different tags"
    with pytest.raises(TopicRefusal) as refused:
        topics.create(SCOPE, "orders", {"DisplayName": "Others"})
    assert (
        refused.value.message == "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    )


def test_topics_of_other_scopes_are_others(make_topic: MakeTopic) -> None:
    here = make_topic()
    there = topics.create(Scope("000000000000", "eu-west-1"), "orders", {})
    theirs = topics.create(Scope("111111111111", "us-east-1"), "orders", {})
    assert len({here.pk, there.pk, theirs.pk}) == 3
    assert [topic.pk for topic in topics.listed(SCOPE)] == [here.pk]


def test_lists_go_on_behind_a_name(make_topic: MakeTopic) -> None:
    for name in ("a", "b", "c"):
        make_topic(name)
    assert [topic.name for topic in topics.listed(SCOPE, most=2)] == ["a", "b", "c"]
    assert [topic.name for topic in topics.listed(SCOPE, after="b", most=2)] == ["c"]


def test_tags(make_topic: MakeTopic) -> None:
    topic = make_topic()
    topics.tag(topic, [("k1", "v1"), ("k2", "v2")])
    topics.tag(topic, [("k2", "v2b")])
    topics.untag(topic, ["k1", "absent"])
    topic.refresh_from_db()
    assert topic.tags == {"k2": "v2b"}
    with pytest.raises(TopicRefusal) as refused:
        topics.tag(topic, [("k", "1"), ("k", "2")])
    assert refused.value.message == "Invalid parameter: Duplicated keys are not allowed."
    with pytest.raises(TopicRefusal) as refused:
        topics.tag(topic, [(f"k{n}", "") for n in range(51)])
    assert refused.value.code == "TagLimitExceeded"
    topic.refresh_from_db()
    assert topic.tags == {"k2": "v2b"}


@pytest.mark.parametrize(
    ("arn", "text"),
    [
        ("", "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("orders", "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("arn:aws:sns:us-east-1:orders", "TopicArn Reason: An ARN must have at least 6 elements, not 5"),
        ("arn:aws:sns:eu-west-1:000000000000:orders", "TopicArn"),
        ("arn:aws:sqs:us-east-1:000000000000:orders", "TopicArn"),
    ],
)
def test_arns_that_no_topic_has(arn: str, text: str) -> None:
    with pytest.raises(TopicRefusal) as refused:
        naming.read_topic(arn, "us-east-1")
    assert (refused.value.code, refused.value.message) == ("InvalidParameter", f"Invalid parameter: {text}")


def test_more_than_256_kib_is_for_queues_and_functions(make_topic: MakeTopic, subscribe: Subscribe) -> None:
    topic = make_topic()
    subscribe(topic, "http", "http://127.0.0.1:1/")
    with pytest.raises(TopicRefusal, match="at most 100 subscriptions, of the protocols sqs and lambda only"):
        topics.change(topic, "MaximumMessageSize", "262145")
    large = make_topic("large", MaximumMessageSize="262145")
    subscribe(large)
    with pytest.raises(TopicRefusal, match="protocols sqs and lambda only"):
        subscribe(large, "http", "http://127.0.0.1:1/")


def statement(**more: Any) -> str:
    base = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**base, **more}]})


@pytest.mark.parametrize(
    ("policy", "principal", "facts", "allowed"),
    [
        ("", "111111111111", {}, False),
        ("", "events.amazonaws.com", {}, False),
        (statement(), "111111111111", {}, True),
        (statement(Principal={"AWS": "*"}), "events.amazonaws.com", {}, True),
        (statement(Principal={"AWS": "111111111111"}), "111111111111", {}, True),
        (statement(Principal={"AWS": "arn:aws:iam::111111111111:root"}), "222222222222", {}, False),
        (statement(Principal={"Service": "events.amazonaws.com"}), "events.amazonaws.com", {}, True),
        (statement(Principal={"Service": "events.amazonaws.com"}), "s3.amazonaws.com", {}, False),
        (statement(Action="sns:Subscribe"), "111111111111", {}, False),
        (statement(Action=["sns:*"]), "111111111111", {}, True),
        (statement(Resource="arn:aws:sns:us-east-1:000000000000:other"), "111111111111", {}, False),
        (statement(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:b"}}), "s3.amazonaws.com", {}, False),
        (
            statement(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:b"}}),
            "s3.amazonaws.com",
            {"aws:SourceArn": "arn:aws:s3:::b"},
            True,
        ),
        (statement(Effect="Deny"), "111111111111", {}, False),
    ],
)
def test_who_may_publish(
    make_topic: MakeTopic, policy: str, principal: str, facts: dict[str, str], allowed: bool
) -> None:
    topic = make_topic()
    topic.policy = policy
    assert policies.allows(topic, principal, "Publish", facts) is allowed


@pytest.mark.parametrize(
    "odd", [{"NotPrincipal": "*"}, {"NotAction": "x"}, {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]
)
def test_what_a_policy_says_and_nobody_evaluates_is_refused(make_topic: MakeTopic, odd: dict[str, Any]) -> None:
    with pytest.raises(TopicRefusal, match="lambdaplay does not offer"):
        topics.change(make_topic(), "Policy", statement(**odd))


def test_permissions_by_label(make_topic: MakeTopic) -> None:
    topic = make_topic()
    topics.change(topic, "Policy", policies.with_permission(topic, "friends", ["111111111111"], ["Publish"]))
    topic.refresh_from_db()
    assert policies.allows(topic, "111111111111", "Publish")
    assert not policies.allows(topic, "111111111111", "Subscribe")
    with pytest.raises(TopicRefusal, match="Statement already exists"):
        policies.with_permission(topic, "friends", ["222222222222"], ["Publish"])
    topics.change(topic, "Policy", policies.without_permission(topic, "friends"))
    topic.refresh_from_db()
    assert not policies.allows(topic, "111111111111", "Publish")


@pytest.mark.parametrize(
    ("label", "accounts", "actions", "text"),
    [
        ("a b", ["111111111111"], ["Publish"], "Label"),
        ("l", ["1"], ["Publish"], "AWSAccountId"),
        ("l", [], ["Publish"], "AWSAccountId"),
        ("l", ["111111111111"], ["ListTopics"], "Policy statement action out of service scope!"),
    ],
)
def test_permissions_that_cannot_be(
    make_topic: MakeTopic, label: str, accounts: list[str], actions: list[str], text: str
) -> None:
    with pytest.raises(TopicRefusal) as refused:
        policies.with_permission(make_topic(), label, accounts, actions)
    assert refused.value.message == f"Invalid parameter: {text}"
