"""The end of an asynchronous invocation: its state, its payload and what is to be told to whom, in one transaction."""

from __future__ import annotations

from datetime import datetime

from invocations import clock, task_results
from invocations.crashpoints import crashpoint
from invocations.errors import Refusal
from invocations.flows.outcome import write_deliveries
from invocations.flows.policies import treatment_of
from invocations.flows.targets import Target, find
from invocations.models import Invocation, Payload, async_states
from invocations.values import Condition, Execution, Scope
from lambdaplay.db.prepared import Update

# One sentence for each end that no attempt explains. Shown in lists and, as ErrorMessage, in dead-letter queues.
_REASONS = {
    Condition.EVENT_AGE_EXCEEDED: "The event became older than MaximumEventAgeInSeconds allows.",
    Condition.ZERO_RESERVED_CONCURRENCY: "The function's reserved concurrency is 0, so its events are not run.",
    Condition.RECURSIVE_INVOCATION: "The event is part of a loop of invocations, which was stopped.",
    Condition.FUNCTION_NOT_FOUND: "The function, version or alias was deleted while the event waited.",
    Condition.RUNNER_LOST: "The process that ran the event died each time.",
}
_PAYLOAD = Update(
    lambda pk, response, log: (Payload.objects.filter(pk=pk), {"response": response, "log": log}),
    pk=int,
    response=bytes,
    log=bytes,
)
_STATUS = {Condition.ZERO_RESERVED_CONCURRENCY: 429}


def conclude(
    row: Invocation,
    condition: Condition,
    now: datetime,
    *,
    execution: Execution | None,
    executed_version: str = "",
    failures: int,
    runner: str,
) -> bool:
    """Finish the event under its claim; False (and nothing written) when the claim is not ours any more.

    `execution` is the attempt that decided, None when none was made now. `runner` wakes the outbox afterwards.
    """
    message = execution.error_message if execution else _REASONS.get(condition, "")
    finished = async_states.finish(
        row.pk,
        row.claim_no,
        condition,
        now,
        executed_version=executed_version,
        error_type=execution.error_type if execution else "",
        error_message=message,
        failures=failures,
    )
    if finished:
        crashpoint("event.ending")
        _keep(row, condition, execution, executed_version, message, runner)
    return finished


def keep_given_up(row: Invocation) -> None:
    """What follows when an event ends because its runners died; its row says so already."""
    _keep(row, Condition.RUNNER_LOST, None, row.executed_version, _REASONS[Condition.RUNNER_LOST], "")


def _keep(
    row: Invocation, condition: Condition, execution: Execution | None, version: str, message: str, runner: str
) -> None:
    treatment = treatment_of(row.function, Scope(row.account, row.region), row.qualifier)
    task_results.ended(row, condition, treatment.policy.max_retries, message, runner)
    last = row.attempts.exclude(outcome="").select_related("output").last() if execution is None else None
    response, log = (execution.payload, execution.log) if execution else _of(last)
    if execution is not None or last is not None:
        _PAYLOAD(pk=row.pk, response=response or b"", log=log)
    write_deliveries(
        row,
        treatment=treatment,
        target=None if condition == Condition.SUCCESS else _target(row),
        condition=condition,
        request=bytes(row.payload.request),
        response=response,
        executed_version=version,
        function_error=condition != Condition.SUCCESS,
        error_message=message,
        invoke_count=row.attempts.count() if row.claim_no > 1 or execution is None else 1,
        status_code=_STATUS.get(condition, 200),
        told_at=clock.real() if runner else None,
    )


def _of(last: object) -> tuple[bytes | None, bytes]:
    output = getattr(last, "output", None)
    return (None, b"") if output is None else (bytes(output.response), bytes(output.log))


def _target(row: Invocation) -> Target | None:
    try:
        return find(Scope(row.account, row.region), row.function, row.qualifier or None)
    except Refusal:
        return None
