from __future__ import annotations

import pytest
from django.test import Client

from invocations.values import Outcome
from tests.admin.conftest import record
from tests.views.test_invoke import basic

pytestmark = pytest.mark.django_db


def test_a_record_has_the_members_that_were_promised(client: Client) -> None:
    row = record(outcome=Outcome.TIMEOUT, qualifier="live")
    document = client.get(f"/_lambdaplay/invocations/{row.request_id}", headers=basic()).json()
    assert document == {
        "request_id": row.request_id,
        "function": "hello",
        "qualifier": "live",
        "type": "RequestResponse",
        "state": "FAILED",
        "condition": "Timeout",
        "attempts": [
            {
                "attempt_no": 1,
                "started_at": row.accepted_at.isoformat(),
                "ended_at": row.attempts.get().ended_at.isoformat(),  # type: ignore[union-attr]
                "outcome": "Timeout",
            }
        ],
        "deliveries": [],
        "celery": None,
    }


def test_an_account_sees_its_own_records_only(client: Client) -> None:
    row = record(account="111122223333")
    place = f"/_lambdaplay/invocations/{row.request_id}"
    assert client.get(place, headers=basic()).status_code == 404
    assert client.get(place, headers=basic("111122223333")).status_code == 200


def test_nobody_reads_a_record_without_a_key(client: Client) -> None:
    place = f"/_lambdaplay/invocations/{record().request_id}"
    for headers in ({}, basic("test", "wrong")):
        answer = client.get(place, headers=headers)
        assert answer.status_code == 401
        assert "HTTP Basic" in answer.json()["message"]


@pytest.mark.parametrize("name", ["nope", "%00", "x" * 500])
def test_an_unknown_record_is_404(client: Client, name: str) -> None:
    assert client.get(f"/_lambdaplay/invocations/{name}", headers=basic()).status_code == 404
