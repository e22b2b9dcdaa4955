"""Finished events and what they left in the outbox, made quickly."""

from __future__ import annotations

import uuid
from typing import Any

from invocations import clock
from invocations.decisions.backoff import GIVE_UP
from invocations.models import Delivery, DeliveryBody, Invocation
from tests.flows.conftest import SCOPE


def finished_event(**more: Any) -> Invocation:
    now = clock.now()
    values = {
        "request_id": str(uuid.uuid4()),
        "account": SCOPE.account,
        "region": SCOPE.region,
        "function": "fn",
        "executed_version": "$LATEST",
        "invocation_type": Invocation.Type.ASYNC,
        "state": Invocation.State.FAILED,
        "condition": "RetriesExhausted",
        "door": "api",
        "caller": "test",
        "trace_id": "1-67419000-0123456789abcdef01234567",
        "accepted_at": now,
        "ended_at": now,
        **{"claim_no": 3, "failures": 3, "deferrals": 0, "lost": 0, "hops": 2, "caused_by": ""},
        **more,
    }
    return Invocation.objects.create(**values)


def pending(destination: str, *, kind: str = "on-failure", body: bytes = b'{"version":"1.0"}', **more: Any) -> Delivery:
    now = clock.now()
    values = {"created_at": now, "due_at": now, "give_up_at": now + GIVE_UP, **more}
    attributes = values.pop("attributes", {})
    event = values.pop("invocation", None) or finished_event()
    row = Delivery.objects.create(
        key=f"{event.request_id}:{kind}",
        invocation=event,
        kind=kind,
        account=event.account,
        region=event.region,
        destination=destination,
        trace_id=event.trace_id,
        hops=event.hops + 1,
        caused_by=event.request_id,
        **values,
    )
    DeliveryBody.objects.create(delivery=row, body=body, attributes=attributes)
    return row
