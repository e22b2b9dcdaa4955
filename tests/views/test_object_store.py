"""A real object store reports what happened to its objects."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client

from invocations import clock
from invocations.models import Bucket, Delivery, ObjectEvent
from tests.decisions.test_object_reports import record
from tests.views.test_invoke import basic

pytestmark = pytest.mark.django_db

PLACE = "/_lambdaplay/s3/events"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


@pytest.fixture
def bucket() -> Bucket:
    rule = {"id": "all", "service": "sqs", "target": QUEUE, "events": ["s3:ObjectCreated:*"]}
    return Bucket.objects.create(
        account="000000000000", region="us-east-1", name="photos", rules=[rule], configured_at=clock.now()
    )


def report(client: Client, *records: dict[str, Any], headers: Any = None) -> Any:
    body = {"EventName": "s3:ObjectCreated:Put", "Key": "photos/k", "Records": list(records)}
    return client.post(PLACE, json.dumps(body), "application/json", headers=headers or basic())


def test_a_change_is_told_by_the_bucket_s_rules(client: Client, bucket: Bucket) -> None:
    assert report(client, record()).json() == {"told": 1}
    row = Delivery.objects.get()
    told = json.loads(bytes(row.content.body))["Records"][0]
    assert (row.destination, row.kind) == (QUEUE, "notification")
    assert told["s3"]["object"] == {
        "key": "in/a+b%C3%BC.txt", "size": 5, "eTag": "e", "versionId": "v", "sequencer": "17F0",
    }  # fmt: skip
    assert told["requestParameters"] == {"sourceIPAddress": "10.0.0.9"}


def test_a_report_that_comes_twice_is_told_once(client: Client, bucket: Bucket) -> None:
    report(client, record())
    assert report(client, record(), record(sequencer="17F1")).json() == {"told": 1}
    assert (Delivery.objects.count(), ObjectEvent.objects.count()) == (2, 2)


def test_a_bucket_without_rules_here_is_nobody_s(client: Client) -> None:
    assert report(client, record()).json() == {"told": 0}


def test_another_account_s_key_tells_by_its_own_rules(client: Client, bucket: Bucket) -> None:
    assert report(client, record(), headers=basic("111122223333")).json() == {"told": 0}


def test_minio_s_token_opens_it(client: Client, bucket: Bucket) -> None:
    token = base64.b64encode(b"test:test").decode()
    assert report(client, record(), headers={"Authorization": f"Bearer {token}"}).json() == {"told": 1}


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic " + base64.b64encode(b"test:no").decode()}],
)
def test_nobody_else_reports(client: Client, bucket: Bucket, headers: dict[str, str]) -> None:
    answer = client.post(PLACE, "{}", "application/json", headers=headers)
    assert (answer.status_code, answer["WWW-Authenticate"][:5]) == (401, "Basic")


@pytest.mark.parametrize("body", ["", "no", "[]", '{"Records": 3}', "[" * 100_000])
def test_what_is_no_report_is_refused(client: Client, body: str) -> None:
    answer = client.post(PLACE, body, "application/json", headers=basic())
    assert (answer.status_code, answer.json()["error"]) == (400, "BadRequest")


def test_it_is_posted_only(client: Client) -> None:
    assert client.get(PLACE, headers=basic()).status_code == 405
