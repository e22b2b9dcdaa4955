"""What Celery runs, one line each. A task carries no work of its own: it says "look now".

The state that Celery stores of `run_event` tells the rows' story: RETRY while an attempt is due, SUCCESS, FAILURE.
Here alone a function's error becomes an exception, because that is how Celery is told.
"""

from __future__ import annotations

from typing import Any

from celery import Task
from celery.exceptions import Ignore, MaxRetriesExceededError, Retry

from invocations import clock
from invocations.engines.sqs import move_tasks
from invocations.flows import deliver as deliver_flow
from invocations.flows import recover as recover_flow
from invocations.flows import retention
from invocations.flows import run_event as run_event_flow
from invocations.flows.health import MESSAGES
from invocations.models import Heartbeat
from invocations.values import Condition
from lambdaplay.celery import app


class FunctionFailed(Exception):
    """What Celery is shown of a failed attempt."""


# `throws`: an expected end, told in one line and without a traceback in the worker's log.
@app.task(
    bind=True,
    name="invocations.tasks.run_event",
    max_retries=2,
    ignore_result=False,
    throws=(MaxRetriesExceededError,),
)
def run_event(self: Task[Any, Any], request_id: str) -> str:
    """Run one attempt of the event, if it is due and nobody else does."""
    told = run_event_flow.run(request_id, str(self.request.hostname))
    recover_flow.top_up(2)
    if told is None or told.fenced:
        raise Ignore
    if told.due_at is not None:
        raise Retry(told.error, exc=FunctionFailed(told.error), when=told.due_at)
    if told.condition != Condition.SUCCESS:
        raise MaxRetriesExceededError(f"{told.condition}: {told.error}")
    return str(told.condition)


@app.task(name="invocations.tasks.deliver")
def deliver(delivery_id: int) -> None:
    """Send one delivery, if it is due and nobody else does."""
    deliver_flow.run(delivery_id, "worker")


@app.task(name="invocations.tasks.wake_deliveries")
def wake_deliveries(request_id: str) -> None:
    """The event has ended: what it left in the outbox may go."""
    deliver_flow.run_all_of(request_id, "worker")


@app.task(name="invocations.tasks.recover", expires=5)
def recover() -> None:
    """Look for what a crash or a lost message left behind."""
    recover_flow.sweep()


@app.task
def tick() -> None:
    """Beat and the control worker can reach each other. What a dead process left half moved goes on."""
    Heartbeat.objects.beat(MESSAGES, clock.real())
    move_tasks.begin()


@app.task
def prune() -> None:
    """Forget history that is past its retention."""
    retention.prune()
