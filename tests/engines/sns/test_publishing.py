"""Publishing: what a topic takes, who gets it, and exactly what they get."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from invocations import outlet
from invocations.decisions.delivery_policy import MANAGED
from invocations.engines.sns import content, publishing, subscriptions, topics
from invocations.engines.sns.content import Outgoing
from invocations.engines.sns.errors import TopicDoesNotExist, TopicRefusal
from invocations.engines.sns.fanout import Origin
from invocations.models import Publication, Subscription
from invocations.values import Parcel
from tests.engines.sns.conftest import FUNCTION, QUEUE, URL, HandClock, MakeTopic, Subscribe, publish

KIB = 1024
TEXT = {"DataType": "String", "StringValue": "v"}


def attribute(value: str = "v", kind: str = "String", name: str = "a") -> dict[str, dict[str, str]]:
    return {name: {"DataType": kind, "StringValue": value}}


@pytest.mark.parametrize(
    ("outgoing", "text"),
    [
        (Outgoing(""), "Empty message"),
        (Outgoing("m", subject=""), "Subject"),
        (Outgoing("m", subject="a" * 101), "Subject"),
        (Outgoing("m", subject="a\nb"), "Subject"),
        (Outgoing("m" * (256 * KIB + 1)), "Message too long"),
        (Outgoing("m" * 256 * KIB, attributes=attribute()), "Message too long"),
        (Outgoing("\u00fc" * (128 * KIB) + "m"), "Message too long"),
        (Outgoing("{}", structure="json"), "Message Structure - No default entry in JSON message body"),
        (Outgoing('{"default": 1}', structure="json"), "Message Structure - No default entry in JSON message body"),
        (Outgoing("[]", structure="json"), "Message Structure - No default entry in JSON message body"),
        (Outgoing("{'default'", structure="json"), "Message Structure - JSON message body failed to parse"),
        (Outgoing("m", structure="xml"), "MessageStructure"),
        (
            Outgoing("m", deduplication_id="d"),
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid "
            "for this topic type",
        ),
    ],
)
def test_messages_that_a_topic_does_not_take(make_topic: MakeTopic, outgoing: Outgoing, text: str) -> None:
    with pytest.raises(TopicRefusal) as refused:
        content.check(make_topic(), outgoing)
    assert (refused.value.code, refused.value.message) == ("InvalidParameter", f"Invalid parameter: {text}")


def test_messages_at_the_limits(make_topic: MakeTopic) -> None:
    topic = make_topic()
    content.check(topic, Outgoing("m" * 256 * KIB, subject="a" * 100))
    content.check(topic, Outgoing("m" * (256 * KIB - 8), attributes=attribute()))
    content.check(make_topic("large", MaximumMessageSize="1048576"), Outgoing("m" * KIB * KIB))
    with pytest.raises(TopicRefusal, match="Message too long"):
        content.check(make_topic("small", MaximumMessageSize="1024"), Outgoing("m" * 1025))


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (
            attribute(""),
            "The message attribute 'a' must contain non-empty message attribute value for message attribute type "
            "'String'.",
        ),
        (
            {"a": {"DataType": "Binary"}},
            "The message attribute 'a' must contain non-empty message attribute value for message attribute type "
            "'Binary'.",
        ),
        (
            {"a": {"DataType": "Number", "BinaryValue": "AgME"}},
            "The message attribute 'a' with type 'Number' must use field 'String'.",
        ),
        (attribute(kind="Binary"), "The message attribute 'a' with type 'Binary' must use field 'Binary'."),
        (
            attribute(kind="Text"),
            "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is "
            "Binary, Number, and String.",
        ),
        (attribute(name="a" * 257), "Length of message attribute name must be less than 256 bytes."),
        (
            attribute(name="a^"),
            "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include "
            "alphanumeric characters, hyphens, underscores, or dots.",
        ),
        (attribute(name=".a"), "Invalid message attribute name starting with character '.' was found."),
        (attribute(name="a."), "Invalid message attribute name ending with character '.' was found."),
        (attribute(name="a..b"), "Message attribute name can not have successive '.' character."),
        (attribute("one", "Number"), "Could not cast message attribute 'a' value to number."),
        (
            attribute("one", "String.Array"),
            "The message attribute 'a' with type 'String.Array' must be a JSON array of strings, numbers, true, false "
            "and null.",
        ),
    ],
)
def test_attributes_that_a_topic_does_not_take(
    make_topic: MakeTopic, attributes: dict[str, dict[str, str]], text: str
) -> None:
    with pytest.raises(TopicRefusal) as refused:
        content.check(make_topic(), Outgoing("m", attributes=attributes))
    assert (refused.value.code, refused.value.message) == ("ParameterValueInvalid", text)


@pytest.mark.parametrize(
    ("outgoing", "text"),
    [
        (Outgoing("m", deduplication_id="d"), "The MessageGroupId parameter is required for FIFO topics"),
        (
            Outgoing("m", group="g"),
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly",
        ),
        (
            Outgoing("m", group="a b", deduplication_id="d"),
            "MessageGroupId Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 "
            "in length",
        ),
    ],
)
def test_what_fifo_topics_want(make_topic: MakeTopic, outgoing: Outgoing, text: str) -> None:
    with pytest.raises(TopicRefusal) as refused:
        content.check(make_topic("t.fifo"), outgoing)
    assert refused.value.message == f"Invalid parameter: {text}"


def test_the_envelope_for_a_queue(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel], hand: HandClock
) -> None:
    topic = make_topic()
    row = subscribe(topic)
    attributes = {
        "number": {"DataType": "Number", "StringValue": "1"},
        "bytes": {"DataType": "Binary", "BinaryValue": "AgME"},
    }
    sent = publish(topic, Outgoing('say "\u00f6"\n\uffff', "A subject", attributes=attributes))[0]
    lines = posted[0].body.decode().split("\n")
    signature, certificate, link = lines[8], lines[9], lines[10]
    assert lines[:8] == [
        "{",
        '  "Type" : "Notification",',
        f'  "MessageId" : "{sent.message_id}",',
        f'  "TopicArn" : "{topic.arn}",',
        '  "Subject" : "A subject",',
        '  "Message" : "say \\"\u00f6\\"\\n\\uffff",',
        '  "Timestamp" : "2026-01-31T12:34:56.789Z",',
        '  "SignatureVersion" : "1",',
    ]
    assert signature.startswith('  "Signature" : "')
    assert certificate.startswith('  "SigningCertURL" : "http://127.0.0.1:')
    assert link.endswith(f'/?Action=Unsubscribe&SubscriptionArn={row.arn}",')
    assert lines[11:] == [
        '  "MessageAttributes" : {',
        '    "number" : {"Type":"Number","Value":"1"},',
        '    "bytes" : {"Type":"Binary","Value":"AgME"}',
        "  }",
        "}",
    ]


def test_how_a_queue_is_sent_to(make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]) -> None:
    topic = make_topic()
    row = subscribe(topic, RedrivePolicy=json.dumps({"deadLetterTargetArn": f"{QUEUE}-dead"}))
    origin = Origin("who", "1-5759e988-bd862e3fe1be46a994272793", 3, "the-invocation")
    sent = publish(topic, Outgoing("m", group="tenant"), origin=origin)[0]
    parcel = posted[0]
    assert (parcel.kind, parcel.source_arn, parcel.target) == ("subscription", row.arn, QUEUE)
    assert (parcel.principal, parcel.policy_arn) == ("sns.amazonaws.com", topic.arn)
    assert (parcel.trace_id, parcel.hops, parcel.caused_by) == (origin.trace_id, 3, "the-invocation")
    assert (parcel.max_tries, parcel.back_off) == (MANAGED.tries, MANAGED.back_off)
    assert parcel.dead_letter_arn == f"{QUEUE}-dead"
    assert (parcel.options, parcel.attributes) == ({"group": "tenant"}, {})
    assert sent.message_id in parcel.key
    noted = Publication.objects.get()
    assert (noted.deliveries, noted.filtered, noted.trace_id, noted.caused_by) == (
        1,
        {},
        origin.trace_id,
        "the-invocation",
    )
    assert noted.content.message == "m"


def test_raw_messages_keep_their_attributes(make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]) -> None:
    topic = make_topic()
    subscribe(topic, RawMessageDelivery="true")
    attributes = {"a": TEXT, "b": {"DataType": "Binary", "BinaryValue": "AgME"}}
    publish(topic, Outgoing("as it is", "unseen", attributes=attributes))
    assert posted[0].body == b"as it is"
    assert posted[0].attributes == {
        "a": {"type": "String", "value": "v"},
        "b": {"type": "Binary", "value": "AgME"},
    }


def test_the_event_for_a_function(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel], hand: HandClock
) -> None:
    topic = make_topic(SignatureVersion="2")
    row = subscribe(topic, "lambda", FUNCTION, RedrivePolicy=json.dumps({"deadLetterTargetArn": QUEUE}))
    sent = publish(topic, Outgoing("text", attributes=attribute()))[0]
    record = json.loads(posted[0].body)["Records"][0]
    told = record.pop("Sns")
    assert record == {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": row.arn}
    assert told.pop("Signature") and told.pop("SigningCertUrl").endswith(".pem")
    assert told == {
        "Type": "Notification",
        "MessageId": sent.message_id,
        "TopicArn": topic.arn,
        "Subject": None,
        "Message": "text",
        "Timestamp": "2026-01-31T12:34:56.789Z",
        "SignatureVersion": "1",  # recorded: whatever the topic says
        "UnsubscribeUrl": told["UnsubscribeUrl"],
        "MessageAttributes": {"a": {"Type": "String", "Value": "v"}},
    }
    # A dead letter of a function is the envelope that a queue would have got.
    assert posted[0].dead_letter_body is not None
    assert json.loads(posted[0].dead_letter_body)["SignatureVersion"] == "2"


def test_how_an_http_endpoint_is_sent_to(make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]) -> None:
    policy = {"healthyRetryPolicy": {"numRetries": 2, "numNoDelayRetries": 1, "minDelayTarget": 5}}
    policy["requestPolicy"] = {"headerContentType": "text/csv"}  # type: ignore[dict-item]
    topic = make_topic()
    rows = [
        subscribe(topic, "http", URL, DeliveryPolicy=json.dumps(policy)),
        subscribe(topic, "http", f"{URL}/raw", DeliveryPolicy=json.dumps(policy), RawMessageDelivery="true"),
    ]
    Subscription.objects.update(state="CONFIRMED")
    del posted[:]
    sent = publish(topic, "m")[0]
    common = {
        "header:x-amz-sns-message-type": "Notification",
        "header:x-amz-sns-message-id": sent.message_id,
        "header:x-amz-sns-topic-arn": topic.arn,
    }
    assert [parcel.options for parcel in posted] == [
        {
            **common,
            "header:x-amz-sns-subscription-arn": rows[0].arn,
            "header:Content-Type": "text/plain; charset=UTF-8",  # an envelope is text or JSON
        },
        {
            **common,
            "header:x-amz-sns-subscription-arn": rows[1].arn,
            "header:Content-Type": "text/csv",
            "header:x-amz-sns-rawdelivery": "true",
        },
    ]
    assert (posted[0].max_tries, posted[0].back_off, posted[0].principal) == (3, (0, 20), "")
    assert posted[1].body == b"m"


def test_each_protocol_has_its_text(make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]) -> None:
    topic = make_topic()
    subscribe(topic)
    subscribe(topic, "lambda", FUNCTION)
    texts = {"default": "for all", "sqs": '{"field": "value"}', "lambda": 1, "email": "unheard"}
    publish(topic, Outgoing(json.dumps(texts), structure="json"))
    assert json.loads(posted[0].body)["Message"] == '{"field": "value"}'
    assert json.loads(posted[1].body)["Records"][0]["Sns"]["Message"] == "for all"


@pytest.mark.parametrize(
    ("policy", "scope", "message", "attributes", "gets"),
    [
        ('{"a": ["v"]}', "MessageAttributes", "m", attribute(), True),
        ('{"a": ["w"]}', "MessageAttributes", "m", attribute(), False),
        ('{"a": ["v"]}', "MessageAttributes", "m", {}, False),
        ('{"a": [{"exists": false}]}', "MessageAttributes", "m", {}, True),
        ('{"a": [{"numeric": [">", 0, "<=", 100]}]}', "MessageAttributes", "m", attribute("99.12", "Number"), True),
        ('{"a": [{"numeric": [">", 0, "<=", 100]}]}', "MessageAttributes", "m", attribute("101", "Number"), False),
        ('{"a": ["y"]}', "MessageAttributes", "m", attribute('["x", "y"]', "String.Array"), True),
        ('{"a": [{"prefix": "v"}]}', "MessageBody", '{"a": "value"}', {}, True),
        ('{"a": {"b": [1]}}', "MessageBody", '{"a": {"b": 1}}', {}, True),
        ('{"a": ["v"]}', "MessageBody", "no JSON", attribute(), False),
        ("{}", "MessageAttributes", "m", {}, True),
    ],
)
def test_filters(
    make_topic: MakeTopic,
    subscribe: Subscribe,
    posted: list[Parcel],
    policy: str,
    scope: str,
    message: str,
    attributes: dict[str, dict[str, str]],
    gets: bool,
) -> None:
    topic = make_topic()
    row = subscribe(topic, FilterPolicyScope=scope, FilterPolicy=policy)
    publish(topic, Outgoing(message, attributes=attributes))
    noted = Publication.objects.get()
    assert (len(posted), noted.deliveries) == (int(gets), int(gets))
    assert list(noted.filtered) == ([] if gets else [row.subscription_id])
    assert all(reason.startswith(f"FilterPolicy ({scope}): ") for reason in noted.filtered.values())


def fifo(text: str, group: str = "g", dedup: str | None = None) -> Outgoing:
    return Outgoing(text, group=group, deduplication_id=dedup)


def test_fifo_topics_number_and_deduplicate(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel], hand: HandClock
) -> None:
    topic = make_topic("t.fifo", ContentBasedDeduplication="true")
    subscribe(topic, endpoint=f"{QUEUE}.fifo")
    first, second = publish(topic, fifo("one"), fifo("two"))
    assert first.sequence < second.sequence and len(first.sequence) == 20
    assert publish(topic, fifo("one"), fifo("two", "other")) == [first, second]
    assert publish(topic, fifo("x", dedup="same"), fifo("y", dedup="same"))[0].sequence > second.sequence
    bodies = [json.loads(parcel.body) for parcel in posted]
    assert [body["Message"] for body in bodies] == ["one", "two", "x"]
    assert bodies[0]["SequenceNumber"] == first.sequence
    assert "Signature" not in bodies[0]  # recorded
    assert posted[0].options == {"group": "g", "dedup": hashlib.sha256(b"one").hexdigest(), "lane": "g"}
    assert posted[2].options["dedup"] == "same"
    hand.advance(minutes=5)
    assert publish(topic, fifo("one"))[0] != first


def test_deduplication_by_group(make_topic: MakeTopic) -> None:
    topic = make_topic("t.fifo", FifoThroughputScope="MessageGroup")
    first = publish(topic, fifo("m", "a", "d"))
    assert publish(topic, fifo("m", "b", "d")) != first
    assert publish(topic, fifo("m", "a", "d")) == first


def test_a_standard_queue_of_a_fifo_topic_knows_no_groups(
    make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]
) -> None:
    topic = make_topic("t.fifo")
    subscribe(topic)
    publish(topic, fifo("m", dedup="d"))
    assert posted[0].options == {}


@pytest.mark.parametrize("name", ["orders", "orders.fifo"])
def test_a_topic_that_has_just_been_deleted_takes_nothing(
    transactional_db: None, make_topic: MakeTopic, name: str
) -> None:
    topic = make_topic(name)
    topics.delete(make_topic(name))
    with pytest.raises(TopicDoesNotExist):
        publishing.publish(topic, [fifo("m", dedup="d")], Origin())


def test_nothing_is_stored_when_the_outbox_fails(
    make_topic: MakeTopic, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = make_topic("t.fifo")
    subscribe(topic, endpoint=f"{QUEUE}.fifo")

    def fail(parcels: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(outlet, "post", fail)
    with pytest.raises(RuntimeError):
        publish(topic, fifo("m", dedup="d"))
    topic.refresh_from_db()
    assert (Publication.objects.count(), topic.last_sequence) == (0, 0)


def test_deleted_subscriptions_get_nothing(make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]) -> None:
    topic = make_topic()
    subscriptions.unsubscribe(subscribe(topic).arn, "000000000000")
    publish(topic, "m")
    assert posted == []
