"""What Celery runs, one line each. A task carries no work of its own: it says "look now".

The state that Celery stores of `run_event` tells the rows' story: RETRY while an attempt is due, SUCCESS, FAILURE.
Here alone a function's error becomes an exception, because that is how Celery is told.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import Task
from celery.exceptions import Ignore, MaxRetriesExceededError, Retry

from invocations import clock, event_queue
from invocations.engines.kinesis import removal as streams_removal
from invocations.engines.sqs import move_tasks
from invocations.flows import deliver as deliver_flow
from invocations.flows import poll as poll_flow
from invocations.flows import recover as recover_flow
from invocations.flows import retention
from invocations.flows import run_event as run_event_flow
from invocations.flows.health import MESSAGES
from invocations.models import Heartbeat
from invocations.values import Condition
from lambdaplay.celery import app


class FunctionFailed(Exception):
    """What Celery is shown of a failed attempt."""


class Reminder(Task):  # type: ignore[misc]
    """A task whose message may be lost: that it cannot be sent is no failure of the task that it follows."""

    def apply_async(self, *arguments: Any, **options: Any) -> Any:
        event_queue.attempt(partial(super().apply_async, *arguments, **options))
        return self.AsyncResult(options.get("task_id") or "")


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
    if told is not None and told.condition is not None and not deliver_flow.run_at_hand(request_id, "worker"):
        self.request.callbacks = self.request.errbacks = None  # nothing is left for them to wake
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


@app.task(name="invocations.tasks.wake_deliveries", base=Reminder)
def wake_deliveries(request_id: str) -> None:
    """The event has ended: what it left in the outbox may go."""
    deliver_flow.run_all_of(request_id, "worker")


@app.task(bind=True, name="invocations.tasks.poll")
def poll(self: Task[Any, Any], poller_id: int) -> None:
    """Let one poller have its turn, if it is free and has something to do."""
    poll_flow.run(poller_id, str(self.request.hostname))


@app.task(name="invocations.tasks.poll_due", expires=2)
def poll_due() -> None:
    """Look for pollers that nobody woke."""
    poll_flow.sweep()


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
def sweep_streams() -> None:
    """Remove records that are past their retention, and go on with streams that are being deleted."""
    streams_removal.sweep()


@app.task
def prune() -> None:
    """Forget history that is past its retention."""
    retention.prune()
