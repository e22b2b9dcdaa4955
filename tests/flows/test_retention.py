"""What is forgotten, and what never is."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from invocations import clock
from invocations.flows import retention
from invocations.models import Attempt, BusEvent, BusEventBody, Invocation, Payload
from invocations.tasks import prune

pytestmark = pytest.mark.django_db

State = Invocation.State


def written(days_ago: float, state: str = State.SUCCEEDED) -> Invocation:
    """An invocation with its payload and one attempt, written that long ago."""
    at = clock.real() - timedelta(days=days_ago)
    invocation = Invocation.objects.create(
        request_id=str(uuid4()),
        account="000000000000",
        region="us-east-1",
        function="fn",
        executed_version="$LATEST",
        invocation_type=Invocation.Type.SYNC,
        state=state,
        condition="Success",
        door="api",
        caller="test",
        # Product time may be anywhere; it must not matter.
        accepted_at=clock.now() + timedelta(days=1000),
        written_at=at,
    )
    Payload.objects.create(invocation=invocation, request=b"{}", response=b"{}", log=b"START\n")
    Attempt.objects.create(
        invocation=invocation,
        outcome="Success",
        started_at=at,
        environment_id="e",
        log_stream="s",
        cold=False,
        duration_us=1,
        billed_ms=1,
        memory_mb=128,
        max_memory_mb=20,
    )
    return invocation


def kept(invocation: Invocation) -> tuple[bool, bool]:
    """(row, payload): which of the two are still there."""
    return (
        Invocation.objects.filter(pk=invocation.pk).exists(),
        Payload.objects.filter(pk=invocation.pk).exists(),
    )


def test_payloads_go_after_two_weeks_and_rows_after_three_months() -> None:
    ages = {days: written(days) for days in (91, 89, 15, 13, 0)}
    pruned = retention.prune()
    assert (pruned.payloads, pruned.invocations) == (3, 1)
    assert {days: kept(one) for days, one in ages.items()} == {
        91: (False, False),
        89: (True, False),
        15: (True, False),
        13: (True, True),
        0: (True, True),
    }
    assert Attempt.objects.count() == 4


def test_the_periods_are_settings(settings: Any) -> None:
    settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS = 1
    settings.LAMBDAPLAY_KEEP_ROWS_DAYS = 2
    two, three = written(1.5), written(2.5)
    retention.prune()
    assert kept(two) == (True, False)
    assert kept(three) == (False, False)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_what_is_not_finished_is_never_forgotten(state: str) -> None:
    unfinished = written(1000, state)
    finished = written(1000)
    retention.prune()
    assert kept(unfinished) == (True, True)
    assert kept(finished) == (False, False)


def test_it_walks_in_batches_and_stops_at_the_first_young_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    old = [written(100) for _ in range(5)]
    young = [written(0) for _ in range(3)]
    pruned = retention.prune()
    assert (pruned.payloads, pruned.invocations) == (5, 5)
    assert [kept(one) for one in old] == [(False, False)] * 5
    assert [kept(one) for one in young] == [(True, True)] * 3


def test_a_row_is_dated_by_the_database_when_it_is_written() -> None:
    before = clock.real()
    invocation = written(0)
    fresh = Invocation.objects.create(
        request_id=str(uuid4()),
        account=invocation.account,
        region=invocation.region,
        function="fn",
        executed_version="1",
        invocation_type=Invocation.Type.SYNC,
        state=State.SUCCEEDED,
        condition="Success",
        door="api",
        caller="test",
        accepted_at=clock.now(),
    )
    fresh.refresh_from_db()
    assert abs(fresh.written_at - before) < timedelta(minutes=1)


def test_command_and_task_do_the_same() -> None:
    by_command = written(100)
    out = StringIO()
    call_command("prune", stdout=out)
    assert kept(by_command) == (False, False)
    assert out.getvalue().startswith("Deleted 1 payloads with their logs, 1 invocations, 0 deliveries ")
    by_task = written(100)
    prune()
    assert kept(by_task) == (False, False)


def test_events_of_buses_are_forgotten_like_payloads() -> None:
    for days in (13, 15):
        row = BusEvent.objects.create(
            bus_arn="arn:aws:events:us-east-1:000000000000:event-bus/default",
            arrival=str(uuid4()),
            event_id=str(days),
            source="shop",
            detail_type="order",
            event_at=clock.now(),
            received_at=clock.now() + timedelta(days=1000),
            written_at=clock.real() - timedelta(days=days),
        )
        BusEventBody.objects.create(event=row, body=b"{}")
    assert retention.prune().bus_events == 1
    assert [row.event_id for row in BusEvent.objects.all()] == ["13"]
    assert BusEventBody.objects.count() == 1
