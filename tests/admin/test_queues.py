"""Queues in the console: counts, looking without receiving, sending, and the verbs that ask first."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from invocations.engines import sqs
from invocations.engines.sqs import queues
from invocations.models import Message, MoveTask, Queue
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


def test_message_attributes_of_both_kinds_are_shown(console: Client, queue: Queue) -> None:
    text, data = {"DataType": "String", "StringValue": "red"}, {"DataType": "Binary", "BinaryValue": "AgME"}
    sqs.send(queue.arn, "m", {"colour": text, "bytes": data})
    shown = console.get(reverse("admin:invocations_queue_message", args=[queue.pk, Message.objects.get().pk]))
    assert b"red" in shown.content and b"AgME" in shown.content


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


MAKE = "/admin/invocations/queue/make/"


def test_a_queue_is_made_with_what_the_form_says(console: Client, queue: Queue) -> None:
    given = {
        "name": "in.fifo",
        "fifo": "on",
        "visibility": "0",
        "delay": "",
        "dead_letter_queue": "",
        "max_receives": "",
    }
    answer = console.post(MAKE, given)
    made = Queue.objects.get(name="in.fifo")
    assert (answer.status_code, made.fifo, made.visibility_seconds, made.delay_seconds) == (302, True, 0, 0)
    console.post(MAKE, {"name": "work", "dead_letter_queue": "orders", "max_receives": "3"})
    work = Queue.objects.get(name="work")
    assert (work.redrive_target, work.redrive_max_receives) == (queue.arn, 3)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "no spaces"}, "Can only include alphanumeric characters, hyphens, or underscores."),
        ({"name": "in", "fifo": "on"}, "The fifo queue name should end with"),
        ({"name": "in", "visibility": "43201"}, "less than or equal to 43200"),
        ({"name": "in", "dead_letter_queue": "orders"}, "after how many receives"),
        ({"name": "in", "max_receives": "3"}, "Name the queue"),
        ({"name": "in", "dead_letter_queue": "nope", "max_receives": "3"}, "dead"),
    ],
)
def test_a_bad_queue_is_refused_beside_the_field(
    console: Client, queue: Queue, given: dict[str, str], says: str
) -> None:
    answer = console.post(MAKE, given)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert says in page.split("Create a queue")[1]
    assert 'class="c-error"' in page
    assert Queue.objects.count() == 1


def dead_letter(work: Queue) -> None:
    sqs.send(work.arn, "poison")
    for _ in range(2):
        sqs.receive(work.arn, 1, visibility=0)


def test_dead_messages_are_shown_where_they_died_and_where_they_lie(console: Client, queue: Queue) -> None:
    policy = f'{{"deadLetterTargetArn": "{queue.arn}", "maxReceiveCount": 1}}'
    work = queues.create(SCOPE, "work", {"RedrivePolicy": policy}, {})
    dead_letter(work)
    sqs.send(queue.arn, "sent here by hand")
    place = reverse("admin:invocations_queue_change", args=[work.pk])
    page = console.get(place, {"state": "dead"}).content.decode()
    assert "poison" in page
    assert "sent here by hand" not in page
    assert f"/admin/invocations/queue/{queue.pk}/messages/" in page
    assert "dead, in orders <b>1</b>" in page
    assert "poison" in console.get(reverse("admin:invocations_queue_change", args=[queue.pk])).content.decode()


def test_redrive_goes_where_the_form_says_and_shows_how_far_it_is(console: Client, queue: Queue) -> None:
    policy = f'{{"deadLetterTargetArn": "{queue.arn}", "maxReceiveCount": 1}}'
    work = queues.create(SCOPE, "work", {"RedrivePolicy": policy}, {})
    queues.create(SCOPE, "elsewhere", {}, {})
    dead_letter(work)
    place = reverse("admin:invocations_queue_redrive", args=[queue.pk])
    assert b"less than or equal to 500" in console.post(place, {"rate": "501"}).content
    assert b"1 messages are on their way to elsewhere" in console.post(place, {"to": "elsewhere"}, follow=True).content
    task = MoveTask.objects.get()
    assert task.destination_arn.endswith(":elsewhere")
    page = console.get(reverse("admin:invocations_queue_change", args=[queue.pk])).content.decode()
    assert "<progress" in page
    assert 'hx-trigger="every 1s"' in page
