"""Buckets in the console: who is told, what was told and to whom, and the rules' forms."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from invocations.decisions.object_records import Change
from invocations.decisions.object_rules import Rule
from invocations.engines.sqs import queues
from invocations.flows import bucket_rules, buckets, object_events
from invocations.flows.object_events import Origin
from invocations.models import Bucket, Delivery, Queue
from tests.admin.conftest import SCOPE

LIST = "/admin/invocations/bucket/"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
ORIGIN = Origin("AWS:000000000000", "127.0.0.1", "R", "H")


@pytest.fixture(autouse=True)
def _no_s3(settings: Any) -> None:
    settings.LAMBDAPLAY_COMPANION = "none"


@pytest.fixture
def queue(db: None) -> Queue:
    return queues.create(SCOPE, "q", {}, {})


@pytest.fixture
def bucket(queue: Queue) -> Bucket:
    service, arn = bucket_rules.target_of(QUEUE, SCOPE)
    rule = Rule("mine", service, arn, ("s3:ObjectCreated:*",), None, ".txt")
    bucket_rules.add(SCOPE, "uploads", rule)
    return Bucket.objects.get()


def page_of(console: Client, bucket: Bucket) -> str:
    return console.get(reverse("admin:invocations_bucket_change", args=[bucket.pk])).content.decode()


def test_the_first_rule_is_added_with_its_permission(console: Client, queue: Queue) -> None:
    assert "No bucket tells anybody yet" in console.get(LIST).content.decode()
    given = {"bucket": "uploads", "target": QUEUE, "events": ["s3:ObjectRemoved:*"], "begins": " in/", "ends": ""}
    answer = console.post(f"{LIST}make/", given, follow=True)
    assert "it lets s3.amazonaws.com in for arn:aws:s3:::uploads" in answer.content.decode()
    rule = buckets.get(SCOPE.account, "uploads").rules[0]
    assert (rule.target, rule.events, rule.prefix, rule.suffix) == (QUEUE, ("s3:ObjectRemoved:*",), " in/", None)
    assert console.get(f"{LIST}?format=json").json()["buckets"][0]["rules"][0]["id"] == rule.rule_id


def test_what_is_refused_is_said_and_nothing_is_stored(console: Client, queue: Queue) -> None:
    given = {"bucket": "uploads", "target": f"{QUEUE}x", "events": ["s3:ObjectRemoved:*"]}
    answer = console.post(f"{LIST}make/", given)
    assert (answer.status_code, Bucket.objects.count()) == (400, 0)
    assert "does not exist" in answer.content.decode()


def test_the_page_tells_what_went_where(console: Client, bucket: Bucket) -> None:
    object_events.tell(
        bucket, [Change("ObjectCreated:Put", "<a>.txt", 1, "e"), Change("ObjectCreated:Put", "b")], ORIGIN
    )
    Delivery.objects.exclude(key__startswith="s3:test").update(state=Delivery.State.FAILED, last_error="It is gone.")
    text = page_of(console, bucket)
    assert "&lt;a&gt;.txt" in text
    assert "nobody: no rule is for it" in text
    assert "q, undeliverable" in text
    told = console.get(f"{LIST}{bucket.pk}/change/?format=json").json()["events"]
    assert [(one["key"], [sent["state"] for sent in one["sent"]]) for one in told] == [
        ("b", []),
        ("<a>.txt", ["undeliverable"]),
    ]


def test_a_target_that_shut_its_door_is_marked(console: Client, bucket: Bucket) -> None:
    assert "Permissions on the destination queue" not in page_of(console, bucket)
    queues.change(Queue.objects.get(), {"Policy": ""})
    assert "Permissions on the destination queue do not allow S3" in page_of(console, bucket)


@pytest.mark.parametrize(
    ("there", "sentence"),
    [(True, ""), (False, "make this one again, and its rules are in force"), (None, "cannot be asked")],
)
def test_a_bucket_that_the_companion_forgot_is_told(
    console: Client, bucket: Bucket, there: bool | None, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "is_there", lambda scope, name: there)
    text = page_of(console, bucket)
    assert (sentence in text, "c-verdict bad" in text) == (True, there is not True)


def test_rules_come_and_go_one_by_one(console: Client, bucket: Bucket) -> None:
    place = f"{LIST}{bucket.pk}/"
    given = {"target": QUEUE, "events": ["s3:ObjectCreated:Put"]}
    answer = console.post(f"{place}add-rule/", given)
    assert (answer.status_code, "Configurations overlap" in answer.content.decode()) == (400, True)
    console.post(f"{place}add-rule/", {**given, "events": ["s3:ObjectTagging:*"]})
    console.post(f"{place}remove-rule/", {"rule": "mine"})
    console.post(f"{place}event-bridge/", {"enabled": "1"})
    found = buckets.get(SCOPE.account, "uploads")
    assert ([rule.events for rule in found.rules], found.event_bridge) == ([("s3:ObjectTagging:*",)], True)
    assert "not there any more" in console.post(f"{place}remove-rule/", {"rule": "mine"}, follow=True).content.decode()


def test_who_may_not_change_sees_no_forms(client: Client, bucket: Bucket, django_user_model: Any) -> None:
    from django.contrib.auth.models import Permission

    reader = django_user_model.objects.create_user("reader", is_staff=True)
    client.force_login(reader)
    assert client.get(LIST).status_code == 403
    reader.user_permissions.add(Permission.objects.get(codename="view_bucket"))
    assert "Add a rule" not in page_of(client, bucket)
    assert client.post(f"{LIST}{bucket.pk}/remove-rule/", {"rule": "mine"}).status_code == 403
    assert client.post(f"{LIST}make/", {}).status_code == 403
