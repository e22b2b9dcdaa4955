"""The page of the idempotency proof. What the runs show is in tests/commands/test_prove_idempotent.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from invocations.flows import prove_idempotent
from invocations.models import Queue
from invocations.values import InvocationResult, InvokeRequest
from tests.admin.conftest import SCOPE, MakeFunction, record

pytestmark = pytest.mark.django_db


def place(console_row: Any) -> str:
    return f"/admin/invocations/invocation/{console_row.request_id}/prove/"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[InvokeRequest]:
    """A function that sends a message each time, without an environment host and a companion."""
    settings.LAMBDAPLAY_COMPANION = "none"
    asked: list[InvokeRequest] = []

    def invoke(request: InvokeRequest) -> InvocationResult:
        from invocations.engines import sqs

        asked.append(request)
        sqs.send(Queue.objects.get().arn, f"number {len(asked)}", sender="function")
        row = record()
        return InvocationResult(200, row.request_id, "$LATEST", b'{"ok": true}')

    monkeypatch.setattr(prove_idempotent, "invoke", invoke)
    return asked


def test_get_runs_nothing_and_post_runs_twice(
    console: Client, make_function: MakeFunction, ran: list[InvokeRequest]
) -> None:
    from invocations.engines.sqs import queues

    make_function("hello")
    queues.create(SCOPE, "out", {}, {})
    row = record()
    page = console.get(place(row)).content.decode()
    assert "Both runs are real" in page
    assert ran == []

    page = console.post(place(row)).content.decode()
    assert [(one.function, one.payload, one.invocation_type) for one in ran] == [
        ("hello", b'{"name": "Ada"}', "RequestResponse")
    ] * 2
    assert "Not idempotent" in page
    assert "number 2" in page
    assert "There are no tables and buckets while LAMBDAPLAY_COMPANION" in page


def test_what_cannot_be_run_is_a_sentence(console: Client) -> None:
    answer = console.post(place(record("gone")))
    assert answer.status_code == 404
    assert "Function not found" in answer.content.decode()


def test_running_it_needs_the_right_to_invoke(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.post(place(record())).status_code == 403
