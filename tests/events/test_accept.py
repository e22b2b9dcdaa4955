from __future__ import annotations

import pytest

from invocations import event_queue, limits
from invocations.errors import InvalidRequestContent, RequestEntityTooLarge, ResourceNotFound
from invocations.flows.accept import accept
from invocations.flows.concurrency import put_concurrency
from invocations.models import Function, Invocation, Payload
from invocations.values import InvokeRequest
from tests.events.conftest import CALLER, SCOPE, Send


def test_what_is_accepted_is_committed_with_its_bytes(send: Send) -> None:
    row = send({"a": 1})
    assert (row.state, row.invocation_type, row.hops, row.caused_by) == ("QUEUED", "Event", 0, "")
    assert row.due_at == row.accepted_at
    assert bytes(row.payload.request) == b'{"a": 1}'


def test_it_is_accepted_without_a_broker_and_without_waiting_for_one(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_queue, "_broken_until", 0.0)
    waits: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", waits.append)
    row = send()
    assert event_queue.broken(), "it was tried"
    assert waits == []
    row.refresh_from_db()
    assert row.sent_at is None, "nobody was told, and the row says so"


def test_concurrency_is_not_looked_at(send: Send) -> None:
    put_concurrency(SCOPE, "fn", 0)
    assert send().state == "QUEUED"


@pytest.mark.parametrize(
    ("name", "payload", "error"),
    [
        ("missing", b"{}", ResourceNotFound),
        ("fn:7", b"{}", ResourceNotFound),
        ("fn", b"{", InvalidRequestContent),
        ("fn", b"NaN", InvalidRequestContent),
        ("fn", b'"' + b"x" * (limits.ASYNC_REQUEST_BYTES - 1) + b'"', RequestEntityTooLarge),
    ],
)
def test_what_is_refused_leaves_nothing(send: Send, name: str, payload: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        accept(InvokeRequest(CALLER, name, payload, invocation_type="Event"))
    assert not Invocation.objects.exists()
    assert not Payload.objects.exists()


def test_a_megabyte_is_accepted(send: Send) -> None:
    row = send({"x": "y" * (limits.ASYNC_REQUEST_BYTES - 100)})
    assert row.state == "QUEUED"


def test_a_runtime_that_cannot_run_here_is_refused_by_name(send: Send) -> None:
    function = Function.objects.get(name="fn")
    function.versions.update(runtime="java21")
    function.changed()
    with pytest.raises(Exception, match="java21"):
        accept(InvokeRequest(CALLER, "fn", b"{}", invocation_type="Event"))
    assert not Invocation.objects.exists()
