"""Topics in the console: who listens and how it goes, publishing, subscribing, and the verbs that ask first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from invocations.engines.sns import publishing, subscriptions, topics
from invocations.engines.sns.content import Outgoing
from invocations.engines.sns.fanout import Origin
from invocations.engines.sns.subscriptions import Subscriber
from invocations.engines.sqs import queues
from invocations.models import Delivery, Publication, PublicationBody, Subscription, Topic
from invocations.values import Scope

SCOPE = Scope("000000000000", "us-east-1")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:audit"


@pytest.fixture
def topic(db: None) -> Topic:
    return topics.create(SCOPE, "orders", {})


def listen(topic: Topic, endpoint: str = QUEUE, **given: str) -> Subscription:
    who = Subscriber(SCOPE.account, "arn:aws:iam::000000000000:root")
    return subscriptions.subscribe(
        topic, endpoint.split(":")[2] if ":aws:" in endpoint else "http", endpoint, given, who
    )


ATTRIBUTES = {
    "a text": {"DataType": "String", "StringValue": "<i>"},
    "bytes": {"DataType": "Binary", "BinaryValue": "AgME"},
}


def publish(topic: Topic, text: str) -> Publication:
    done = publishing.publish(topic, [Outgoing(text, attributes=ATTRIBUTES)], Origin("tester"))[0]
    return Publication.objects.get(message_id=done.message_id)


def look(console: Client, place: str, *args: Any, **query: str) -> str:
    answer = console.get(reverse(f"admin:invocations_topic_{place}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_counts_subscriptions(console: Client, topic: Topic) -> None:
    listen(topic)
    listen(topic, "http://127.0.0.1:1/")
    shown = json.loads(look(console, "changelist", format="json"))["topics"]
    assert [(one["name"], one["subscriptions"], one["pending"]) for one in shown] == [("orders", 1, 1)]
    assert "orders" in look(console, "changelist")
    assert "No topic" in look(console, "changelist", name="absent")


def test_the_page_shows_who_listens_and_how_it_goes(console: Client, topic: Topic) -> None:
    gone, filtered = listen(topic), listen(topic, f"{QUEUE}2", FilterPolicy='{"a": ["<b>"]}')
    listen(topic, "http://127.0.0.1:1/")
    row = publish(topic, "<b>hello</b>")
    Delivery.objects.filter(source_arn=gone.arn).update(state="FAILED", tries=1, last_error="The queue is gone.")
    page = look(console, "change", topic.pk)
    assert "&lt;b&gt;hello&lt;/b&gt;" in page
    assert "not confirmed, gets nothing" in page
    assert "undeliverable, 1 try: The queue is gone." in page
    assert "{&quot;a&quot;: [&quot;&lt;b&gt;&quot;]}" in page
    one = look(console, "message", topic.pk, row.pk)
    assert "The queue is gone." in one
    assert "&lt;i&gt;" in one and "AgME" in one
    assert "FilterPolicy (MessageAttributes): a is not in the event" in one
    told = json.loads(look(console, "message", topic.pk, row.pk, format="json"))
    assert (told["sent"], list(told["filtered"])) == (
        [{"destination": QUEUE, "state": "undeliverable"}],
        [filtered.subscription_id],
    )


def test_a_message_whose_text_is_gone_is_still_told(console: Client, topic: Topic) -> None:
    row = publish(topic, "short-lived")
    PublicationBody.objects.all().delete()
    assert "It is not kept any more" in look(console, "message", topic.pk, row.pk)
    assert "short-lived" not in look(console, "change", topic.pk)


def test_the_forms_publish_and_say_what_the_engine_refuses(console: Client, topic: Topic) -> None:
    place = reverse("admin:invocations_topic_publish", args=[topic.pk])
    given = {"message": "hello", "subject": "s", "attributes": "a=b", "group": "g"}
    assert console.post(place, given).status_code == 302
    row = Publication.objects.select_related("content").get()
    assert (row.content.message, row.content.subject, row.publisher, row.group) == ("hello", "s", "root", "g")
    refused = console.post(place, {"message": "{}", "each": "on"})
    assert refused.status_code == 400
    assert b"No default entry in JSON message body" in refused.content
    assert Publication.objects.count() == 1


def test_the_forms_make_topics_and_subscribe(console: Client, topic: Topic) -> None:
    queues.create(SCOPE, "audit", {}, {})
    made = console.post(reverse("admin:invocations_topic_make"), {"name": "t.fifo", "fifo": "on"})
    assert made.status_code == 302 and Topic.objects.get(name="t.fifo").fifo
    refused = console.post(reverse("admin:invocations_topic_make"), {"name": "a b"})
    assert refused.status_code == 400 and b"Invalid parameter: Topic Name" in refused.content
    place = reverse("admin:invocations_topic_subscribe", args=[topic.pk])
    given = {"protocol": "sqs", "endpoint": QUEUE, "raw": "on", "filter_policy": '{"a": [1]}', "filter_body": "on"}
    assert console.post(place, {**given, "dead_letter_queue": f"{QUEUE}-dead"}).status_code == 302
    row = Subscription.objects.get()
    assert (row.raw, row.filter_scope, row.redrive_target) == (True, "MessageBody", f"{QUEUE}-dead")
    assert reverse("admin:invocations_queue_changelist") in look(console, "change", topic.pk)
    refused = console.post(place, {"protocol": "sqs", "endpoint": "audit"})
    assert refused.status_code == 400 and b"Invalid parameter: SQS endpoint ARN" in refused.content


def test_unsubscribe_and_delete(console: Client, topic: Topic) -> None:
    row = listen(topic)
    for _ in range(2):
        place = reverse("admin:invocations_topic_unsubscribe", args=[topic.pk])
        assert console.post(place, {"subscription": row.subscription_id}).status_code == 302
    row.refresh_from_db()
    assert row.state == Subscription.State.DELETED
    assert "Delete orders?" in look(console, "delete", topic.pk)
    console.post(reverse("admin:invocations_topic_delete", args=[topic.pk]))
    assert not Topic.objects.exists()


@pytest.mark.parametrize("verb", ["publish", "subscribe", "unsubscribe"])
def test_verbs_are_posted_by_those_who_may_change(client: Client, console: Client, topic: Topic, verb: str) -> None:
    place = reverse(f"admin:invocations_topic_{verb}", args=[topic.pk])
    assert console.get(place).status_code == 405
    assert "login" in client.post(place)["Location"]


def test_pages_of_what_was_published(console: Client, topic: Topic) -> None:
    for number in range(30):
        publish(topic, f"number-{number}.")
    page = look(console, "change", topic.pk)
    assert "number-29." in page and "number-5." in page and "number-4." not in page
    older = Publication.objects.order_by("-id")[24].pk
    page = look(console, "change", topic.pk, before=str(older))
    assert "number-4." in page and "number-5." not in page
