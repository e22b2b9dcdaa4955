"""Deliveries in the console: seen, filtered, downloaded, replayed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from invocations import clock
from invocations.flows import parcels
from invocations.models import Delivery, DeliveryBody
from invocations.values import Parcel, Scope
from tests.flows.outbox import pending

pytestmark = pytest.mark.django_db

LIST = "/admin/invocations/delivery/"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


def failed(**more: Any) -> Delivery:
    values = {"state": "FAILED", "tries": 80, "last_error": "it was refused", "ended_at": clock.now(), **more}
    return pending(QUEUE, **values)


def listed(console: Client, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = console.get(f"{LIST}?format=json&{query}").json()["deliveries"]
    return found


def test_an_undeliverable_one_shows_why_and_can_be_replayed(console: Client) -> None:
    row = failed()
    page = console.get(LIST).content.decode()
    for text in ("undeliverable", QUEUE, "it was refused", row.caused_by, "Replay"):
        assert text in page
    answer = console.post(f"{LIST}{row.pk}/replay/", follow=True)
    assert "is tried again now" in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, row.tries) == ("PENDING", 80)
    assert row.give_up_at - clock.now() > timedelta(hours=5)


def test_what_was_sent_cannot_be_replayed(console: Client) -> None:
    row = pending(QUEUE, state="SENT", tries=1)
    assert "Replay" not in console.get(LIST).content.decode()
    assert "nothing to send again" in console.post(f"{LIST}{row.pk}/replay/", follow=True).content.decode()
    row.refresh_from_db()
    assert row.state == "SENT"


def test_a_repeated_send_is_marked(console: Client) -> None:
    pending(QUEUE, state="SENT", tries=1)
    assert "repeated" not in console.get(LIST).content.decode()
    pending(QUEUE, state="SENT", tries=2)
    assert "repeated" in console.get(LIST).content.decode()


def test_the_list_is_filtered(console: Client) -> None:
    waiting, dead = pending(QUEUE), failed()
    other = pending("arn:aws:sqs:us-east-1:000000000000:other", kind="dead-letter")
    assert [row["id"] for row in listed(console)] == [other.pk, dead.pk, waiting.pk]
    assert [row["id"] for row in listed(console, "state=undeliverable")] == [dead.pk]
    assert [row["id"] for row in listed(console, "destination=other")] == [other.pk]
    assert [row["id"] for row in listed(console, f"request_id={dead.caused_by[:8]}")] == [dead.pk]
    assert listed(console, "state=sent") == []
    assert "No delivery fits" in console.get(f"{LIST}?state=sent").content.decode()
    assert console.get(f"{LIST}?state=nonsense").status_code == 200


def test_the_list_comes_in_pages(console: Client) -> None:
    rows = [pending(QUEUE) for _ in range(26)]
    first = console.get(f"{LIST}?format=json").json()
    assert len(first["deliveries"]) == 25
    second = console.get(f"{LIST}?format=json&before={first['older']}").json()
    assert ([row["id"] for row in second["deliveries"]], second["older"]) == ([rows[0].pk], None)


def test_the_body_is_a_download(console: Client) -> None:
    row = pending(QUEUE, body=b'{"html":"<script>"}')
    answer = console.get(f"{LIST}{row.pk}/body/")
    assert (answer.content, answer["Content-Type"]) == (b'{"html":"<script>"}', "application/octet-stream")
    assert answer["Content-Disposition"].startswith("attachment")


def test_who_may_only_look_cannot_replay(client: Client) -> None:
    row = failed()
    user = User.objects.create_user("guest", is_staff=True)
    client.force_login(user)
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{row.pk}/body/").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    assert "Replay" not in client.get(LIST).content.decode()
    assert client.post(f"{LIST}{row.pk}/replay/").status_code == 403
    row.refresh_from_db()
    assert row.state == "FAILED"


def test_a_replay_is_a_post(console: Client) -> None:
    row = failed()
    assert console.get(f"{LIST}{row.pk}/replay/").status_code == 405
    row.refresh_from_db()
    assert row.state == "FAILED"


def test_the_json_says_when_the_next_try_is(console: Client) -> None:
    row = pending(QUEUE, tries=2, last_error="busy")
    found = listed(console)[0]
    assert found == json.loads(json.dumps(found))
    assert (found["state"], found["tries"], found["last_error"]) == ("pending", 2, "busy")
    assert found["due_at"] == row.due_at.isoformat()


def test_what_a_topic_sends_is_listed_by_its_source(console: Client) -> None:
    told = pending(QUEUE)
    source = "arn:aws:sns:us-east-1:000000000000:topic:6d6e7f0a"
    caused_by = told.caused_by
    given = Parcel("k/1", "subscription", source, QUEUE, b"hello", Scope("0" * 12, "us-east-1"), caused_by=caused_by)
    [pk] = parcels.write([given])
    page = console.get(LIST).content.decode()
    assert source in page and "caused by" in page
    assert [(row["id"], row["source"], row["request_id"]) for row in listed(console, "source=topic")] == [
        (pk, source, None)
    ]
    assert [row["id"] for row in listed(console, "kind=subscription")] == [pk]
    assert {row["id"] for row in listed(console, f"request_id={caused_by[:8]}")} == {pk, told.pk}
    answer = console.get(f"{LIST}{pk}/body/")
    assert (answer.content, answer["Content-Disposition"]) == (b"hello", 'attachment; filename="k-1.json"')


def test_a_body_that_was_forgotten_is_not_found(console: Client) -> None:
    row = pending(QUEUE, state="SENT")
    DeliveryBody.objects.all().delete()
    assert console.get(f"{LIST}{row.pk}/body/").status_code == 404


def test_all_undeliverable_ones_that_fit_are_replayed_together(console: Client) -> None:
    wanted = [pending(QUEUE, state="FAILED") for _ in range(2)]
    other = pending("arn:aws:sqs:us-east-1:000000000000:other", state="FAILED")
    sent = pending(QUEUE, state="SENT")
    assert "Replay all that fit" in console.get(f"{LIST}?state=undeliverable").content.decode()
    assert "Replay all that fit" not in console.get(LIST).content.decode()
    answer = console.post(f"{LIST}replay/", {"state": "undeliverable", "destination": QUEUE}, follow=True)
    assert "2 deliveries are tried again now." in answer.content.decode()
    states = dict(Delivery.objects.values_list("pk", "state"))
    assert [states[row.pk] for row in wanted] == ["PENDING", "PENDING"]
    assert (states[other.pk], states[sent.pk]) == ("FAILED", "SENT")
