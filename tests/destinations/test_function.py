"""A function as destination: the record is accepted as an event, once, one hop further along the chain."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from invocations import clock
from invocations.arns import parse_arn
from invocations.destinations import function
from invocations.destinations.base import Context, Undeliverable
from invocations.models import Invocation
from invocations.values import Scope
from tests.flows.conftest import ARN, Make, home, make  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db

TRACE = "1-67419000-0123456789abcdef01234567"
RECORD = b'{"version":"1.0","requestPayload":{"big": 1.0}}'


def context(**more: Any) -> Context:
    values: dict[str, Any] = {
        "key": f"{uuid.uuid4()}:on-success",
        "scope": Scope("000000000000", "us-east-1"),
        "function": "fn",
        "function_arn": f"{ARN}fn:$LATEST",
        "kind": "on-success",
        "succeeded": True,
        "request_id": (request_id := str(uuid.uuid4())),
        "caused_by": request_id,
        "trace_id": TRACE,
        "hops": 5,
        "at": clock.now(),
        **more,
    }
    return Context(**values)


def send(target: str, given: Context, body: bytes = RECORD) -> None:
    arn = parse_arn(target)
    assert arn is not None
    function.send(arn, body, {}, given)


def test_the_record_is_an_event_of_the_target_with_its_lineage(make: Make) -> None:  # noqa: F811
    make("next")
    given = context()
    send(f"{ARN}next", given)
    row = Invocation.objects.get()
    assert (row.function, row.invocation_type, row.state) == ("next", "Event", "QUEUED")
    assert bytes(row.payload.request) == RECORD
    assert (row.hops, row.caused_by, row.trace_id) == (5, given.request_id, TRACE)
    assert (row.door, row.caller) == ("destination", "fn")
    assert row.request_id == function.request_id_of(given)
    assert clock.now() - row.accepted_at < timedelta(minutes=1)


def test_a_repeat_is_the_same_event(make: Make) -> None:  # noqa: F811
    make("next", publish=True)
    given = context()
    send(f"{ARN}next:1", given)
    send(f"{ARN}next:1", given)
    assert Invocation.objects.get().qualifier == "1"
    send(f"{ARN}next:1", context())
    assert Invocation.objects.count() == 2


def test_a_function_that_is_gone_may_come_back(home: Any) -> None:  # noqa: F811
    with pytest.raises(Undeliverable) as caught:
        send(f"{ARN}gone", context())
    assert (caught.value.permanent, str(caught.value)) == (False, f"Function not found: {ARN}gone:$LATEST")


def test_a_record_too_large_for_an_event_is_never_taken(make: Make) -> None:  # noqa: F811
    make("next")
    with pytest.raises(Undeliverable) as caught:
        send(f"{ARN}next", context(), b'"' + b"x" * (1024 * 1024) + b'"')
    assert caught.value.permanent
    assert Invocation.objects.count() == 0
