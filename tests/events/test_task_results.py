"""The rows of django-celery-results tell what the events' own rows tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from celery.result import AsyncResult
from django_celery_results.models import TaskResult

from invocations import clock
from invocations.errors import TooManyRequests
from invocations.flows import recover, retention, run_event, waiting
from invocations.models import Invocation, async_states
from invocations.runtime import client
from invocations.task_results import retries_of
from invocations.values import Condition
from lambdaplay.celery import app
from tests.events.conftest import Send
from tests.events.test_run_event import configure, die_while_running, run


def told(row: Invocation) -> tuple[str, int, dict[str, Any]]:
    """Celery's state of the event, the attempts before it, and what `meta` says."""
    stored = TaskResult.objects.get(task_id=row.request_id)
    return stored.status, retries_of(stored), json.loads(stored.meta or "{}")


def test_a_success_is_read_by_celery_as_one(send: Send) -> None:
    row = run(send())
    assert told(row)[:2] == ("SUCCESS", 0)
    found = AsyncResult(row.request_id, app=app)
    assert (found.state, found.result) == ("SUCCESS", "Success")
    assert TaskResult.objects.get().task_name == "invocations.tasks.run_event"


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_failing_event_is_retried_until_it_has_failed(send: Send, retries: int) -> None:
    configure(maximum_retry_attempts=retries)
    row = send({"fail": 1})
    for number in range(retries):
        run(row)
        status, before, meta = told(row)
        assert (status, before, meta["max_retries"]) == ("RETRY", number, retries)
        found = AsyncResult(row.request_id, app=app)
        assert (found.state, str(found.result)) == ("RETRY", "boom")
    run(row)
    assert told(row)[:2] == ("FAILURE", retries)
    assert "RetriesExhausted: boom" in str(AsyncResult(row.request_id, app=app).result)


def test_a_throttled_event_waits_for_celery_too(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise TooManyRequests("Rate exceeded")

    monkeypatch.setattr(client, "execute", full)
    row = run(send())
    assert (row.state, row.deferrals) == ("QUEUED", 1)
    assert told(row)[:2] == ("RETRY", 0)


def test_what_an_operator_cancelled_is_revoked(send: Send) -> None:
    row = run(send({"fail": 1}))
    assert waiting.cancel(row.request_id).done
    assert told(row)[0] == "REVOKED"


def test_what_ran_without_a_broker_is_told_as_well(send: Send) -> None:
    row = send()
    recover.drain("drain", at_most=1)
    assert told(row)[0] == "SUCCESS"
    assert TaskResult.objects.get().worker == "drain"


def test_an_event_given_up_is_a_failure(send: Send) -> None:
    row = send()
    for _ in range(5):
        async_states.run_now(row.request_id, clock.now())
        die_while_running(row)
        Invocation.objects.update(lease_until=clock.real().replace(year=2000))
        recover.sweep()
    row.refresh_from_db()
    assert row.condition == "RunnerLost"
    assert told(row)[0] == "FAILURE"


def test_a_result_that_came_too_late_is_not_told(send: Send) -> None:
    row = send()
    assert async_states.start(row.request_id, clock.now())
    row.refresh_from_db()
    Invocation.objects.update(claim_no=row.claim_no + 1)  # somebody else took over
    run_event._stop(row, Condition.EVENT_AGE_EXCEEDED, "late")
    assert not TaskResult.objects.exists()


def test_it_is_forgotten_with_its_event(send: Send, settings: Any) -> None:
    row = run(send())
    waits = run(send({"fail": 1}))
    settings.LAMBDAPLAY_KEEP_ROWS_DAYS = 0
    assert retention.prune().invocations == 1
    assert list(TaskResult.objects.values_list("task_id", flat=True)) == [waits.request_id] != [row.request_id]
