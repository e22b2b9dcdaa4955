"""The flow of one trace: functions, deliveries and messages, in the order in which one caused the other."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from invocations import clock
from invocations.decisions.object_records import Change
from invocations.engines import sqs
from invocations.engines.sqs import queues
from invocations.flows import object_events
from invocations.flows.lineage import Lineage
from invocations.flows.object_events import Origin
from invocations.models import Attempt, Bucket, Delivery, Invocation, Message
from invocations.values import Outcome
from tests.admin.conftest import SCOPE, record

pytestmark = pytest.mark.django_db

TRACE = "1-67419000-0123456789abcdef01234567"
OTHER = "1-67419000-ffffffffffffffffffffffff"
ASYNC = Invocation.Type.ASYNC


def steps(console: Client, trace: str = TRACE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = console.get(f"/admin/flow/{trace}/?format=json").json()["steps"]
    return found


def event(function: str, cause: Invocation | None = None, **more: Any) -> Invocation:
    row = record(function, **more)
    row.invocation_type = ASYNC
    row.caused_by = "" if cause is None else cause.request_id
    row.save()
    return row


def send(row: Invocation, destination: str, state: Delivery.State) -> Delivery:
    return Delivery.objects.create(
        key=f"{row.request_id}/{destination}",
        invocation=row,
        kind="on-success",
        account=SCOPE.account,
        region=SCOPE.region,
        destination=destination,
        state=state,
        tries=1,
        created_at=clock.now(),
        due_at=clock.now(),
        give_up_at=clock.now() + timedelta(hours=6),
        ended_at=clock.now() + timedelta(minutes=1) if state != Delivery.State.PENDING else None,
        trace_id=TRACE,
        last_error="The specified queue does not exist." if state == Delivery.State.FAILED else "",
    )


def test_each_step_stands_below_what_caused_it(console: Client) -> None:
    queue = queues.create(SCOPE, "done", {}, {})
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": f"Root={TRACE}"}}
    earlier = sqs.send(queue.arn, "by hand", system_attributes=header, sender="somebody")
    Message.objects.update(sent_ms=F("sent_ms") - 60_000)
    order = event("order", at=clock.now() - timedelta(minutes=2))
    send(order, "arn:aws:lambda:us-east-1:000000000000:function:ship", Delivery.State.SENT)
    ship = event("ship", order, door="destination", at=clock.now() - timedelta(minutes=1))
    send(ship, queue.arn, Delivery.State.SENT)
    sqs.send(queue.arn, "{}", system_attributes=header, sender="ship")
    event("stranger", trace_id=OTHER)

    found = [(step["depth"], step["kind"], step["place"], step["from"], step["state"]) for step in steps(console)]
    assert found == [
        (0, "invocation", "order", "client", "Success"),
        (1, "delivery", "ship", "order", "sent"),
        (1, "invocation", "ship", None, "Success"),
        (2, "delivery", "queue done", "ship", "sent"),
        (3, "message", "queue done", None, "visible"),
        (1, "message", "queue done", None, "visible"),
    ]
    assert steps(console)[-1]["message_id"] == earlier


def test_a_call_from_within_a_function_stands_below_it(console: Client) -> None:
    begun = clock.now()
    outer = event("outer", at=begun, duration_us=900_000)
    record("inner", at=begun + timedelta(milliseconds=100), caller="ASIAABCDEFGHIJKLMNOP")
    record("beside", at=begun + timedelta(milliseconds=100))
    found = {step["place"]: (step["depth"], step["from"]) for step in steps(console)}
    assert found == {"outer": (0, "client"), "inner": (1, outer.function), "beside": (0, "client")}


def test_what_failed_is_counted_and_drawn(console: Client) -> None:
    row = event("charge", outcome=Outcome.FUNCTION_ERROR)
    send(row, "arn:aws:sqs:us-east-1:000000000000:gone", Delivery.State.FAILED)
    page = console.get(f"/admin/flow/{TRACE}/").content.decode()
    assert "<b>2</b> failed or undeliverable" in page
    assert "The specified queue does not exist." in page
    assert '<svg class="c-tl c-ev c-flow"' in page
    assert "queue gone" in page


def test_a_flow_of_many_is_cut_and_says_so(console: Client) -> None:
    for _ in range(101):
        event("many")
    answer = console.get(f"/admin/flow/{TRACE}/")
    assert "more invocations than are shown" in answer.content.decode()
    assert len(answer.content) < 200_000
    assert len(steps(console)) == 100


@pytest.mark.parametrize("trace", [OTHER, "nonsense", "1-67419000-x"])
def test_a_trace_that_nothing_carries_is_404(console: Client, trace: str) -> None:
    assert console.get(f"/admin/flow/{trace}/").status_code == 404


def test_a_flow_is_for_those_who_may_see_invocations(client: Client, django_user_model: Any) -> None:
    event("secret")
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get(f"/admin/flow/{TRACE}/").status_code == 403


def test_an_upload_begins_its_flow_and_a_written_object_continues_one(console: Client) -> None:
    bucket = Bucket.objects.create(
        account=SCOPE.account, region=SCOPE.region, name="uploads", event_bridge=True, configured_at=clock.now()
    )
    given = Origin("AWS:000000000000", "127.0.0.1", "R", "H", f"Root={TRACE}")
    object_events.tell(bucket, [Change("ObjectCreated:Put", "in/a b.txt", 1, "e")], given)
    resize = event("resize", trace_id=TRACE, door="notification")
    inside = replace(given, lineage=Lineage(1, resize.request_id))
    object_events.tell(bucket, [Change("ObjectCreated:Copy", "out/a", 1, "e")], inside)
    found = [(step["kind"], step["place"], step["from"], step["depth"]) for step in steps(console)]
    assert found == [
        ("object", "bucket uploads", "client", 0),
        ("delivery", "bus default", "bucket uploads", 1),
        ("invocation", "resize", None, 0),
        ("object", "bucket uploads", "resize", 1),
        ("delivery", "bus default", "bucket uploads", 1),
    ]
    page = console.get(f"/admin/flow/{TRACE}/").content.decode()
    assert "ObjectCreated:Put in/a b.txt" in page


def test_an_end_stands_behind_its_block_also_when_the_row_ended_before_the_attempt(console: Client) -> None:
    event("order")
    Attempt.objects.update(ended_at=F("ended_at") + timedelta(seconds=5))
    page = console.get(f"/admin/flow/{TRACE}/").content.decode()
    [(left, width)] = re.findall(r'<rect class="c-tl-run ok" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', page)
    [end] = re.findall(r'<text class="c-ev-shape" x="([\d.]+)"', page)
    assert float(end) > float(left) + float(width)
