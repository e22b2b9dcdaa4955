"""Queues in the console: counts, looking without receiving, sending, and the verbs that ask first."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from invocations.engines import sqs
from invocations.engines.sqs import queues
from invocations.models import Message, Queue
from invocations.values import Scope

SCOPE = Scope("000000000000", "us-east-1")


@pytest.fixture
def queue(db: None) -> Queue:
    return queues.create(SCOPE, "orders", {}, {})


def test_the_list_counts_by_state(console: Client, queue: Queue) -> None:
    sqs.send(queue.arn, "one")
    sqs.send(queue.arn, "two")
    sqs.send(queue.arn, "late", delay=60)
    sqs.receive(queue.arn, 1)
    shown = console.get(reverse("admin:invocations_queue_changelist"), {"format": "json"}).json()["queues"][0]
    assert (shown["visible"], shown["in_flight"], shown["delayed"]) == (1, 1, 1)
    assert b"orders" in console.get(reverse("admin:invocations_queue_changelist")).content


def test_looking_receives_nothing(console: Client, queue: Queue) -> None:
    sqs.send(queue.arn, "<b>look</b>")
    answer = console.get(reverse("admin:invocations_queue_change", args=[queue.pk]))
    assert b"&lt;b&gt;look&lt;/b&gt;" in answer.content
    row = Message.objects.get()
    one = console.get(reverse("admin:invocations_queue_message", args=[queue.pk, row.pk]))
    assert b"&lt;b&gt;look" in one.content
    assert Message.objects.get().receive_count == 0


def test_the_form_sends_and_says_what_the_engine_refuses(console: Client, queue: Queue) -> None:
    place = reverse("admin:invocations_queue_send", args=[queue.pk])
    assert console.post(place, {"body": "hello", "attributes": "a=b"}).status_code == 302
    message = Message.objects.select_related("content").get()
    assert (message.content.body, message.sender) == ("hello", "root")
    refused = console.post(place, {"body": "x", "attributes": "AWS.x=y"})
    assert refused.status_code == 400
    assert b"reserved for internal use" in refused.content
    assert Message.objects.count() == 1


def test_purge_and_delete_take_what_is_there(console: Client, queue: Queue) -> None:
    sqs.send(queue.arn, "one")
    console.post(reverse("admin:invocations_queue_purge", args=[queue.pk]))
    assert Message.objects.count() == 0
    place = reverse("admin:invocations_queue_delete", args=[queue.pk])
    assert b"Delete orders?" in console.get(place).content
    console.post(place)
    assert Queue.objects.count() == 0


@pytest.mark.parametrize("verb", ["send", "purge", "redrive", "cancel_redrive"])
def test_verbs_are_posted_by_those_who_may_change(client: Client, console: Client, queue: Queue, verb: str) -> None:
    place = reverse(f"admin:invocations_queue_{verb}", args=[queue.pk])
    assert console.get(place).status_code == 405
    assert client.post(place).status_code == 302
    assert "login" in client.post(place)["Location"]
