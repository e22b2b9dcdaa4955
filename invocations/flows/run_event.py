"""One attempt of an asynchronous invocation: claim the row, run the function, commit what came of it."""

from __future__ import annotations

import logging
import os
import random
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from invocations import clock, task_results
from invocations.crashpoints import crashpoint
from invocations.decisions import retry
from invocations.decisions.routing import choose_version
from invocations.decisions.tracing import continue_trace
from invocations.errors import InvalidRuntime, Refusal, ResourceNotFound, ServiceFailure, TooManyRequests, UnusablePart
from invocations.flows import catalog, leases, recursion
from invocations.flows.conclude import conclude
from invocations.flows.policies import policy_of
from invocations.models import Attempt, AttemptOutput, FunctionVersion, Invocation, async_states
from invocations.runtime import client
from invocations.values import Condition, EnvironmentSpec, Event, Execution, Outcome, Scope
from lambdaplay.db.pool import pooled
from lambdaplay.db.prepared import Insert, Update

log = logging.getLogger(__name__)
_draw = random.SystemRandom().random
_ATTEMPT = Insert(Attempt, "claim_no", "runner")
_OUTPUT = Insert(AttemptOutput)
_END_ATTEMPT = Update(
    lambda pk, **values: (Attempt.objects.filter(pk=pk), values),
    **{"pk": int, "outcome": str, "ended_at": datetime, "environment_id": str, "log_stream": str},
    **{"cold": bool, "init_us": int, "duration_us": int, "billed_ms": int, "max_memory_mb": int},
)


@dataclass(frozen=True)
class Told:
    """What became of the attempt, for the messenger: exactly one of the three is true."""

    request_id: str
    condition: Condition | None = None  # the event's end
    due_at: datetime | None = None  # its next attempt
    fenced: bool = False  # another runner's word counts
    error: str = ""


@dataclass(frozen=True)
class Begun:
    """An attempt that is written down, and where it runs."""

    row: Invocation
    spec: EnvironmentSpec
    attempt: Attempt


def run(request_id: str, runner: str) -> Told | None:
    """Run the event if it is due and nobody else does; None when there was nothing to do."""
    with pooled(), transaction.atomic():
        begun = _begin(request_id, runner) if _claim(request_id) else None
    return _go_on(begun)


def run_next(runner: str) -> Told | None:
    """Run a due event of which no message speaks; None when there is none."""
    with pooled(), transaction.atomic():
        request_id = async_states.next_untold(clock.now())
        mine = request_id is not None and async_states.start(request_id, clock.now())
        begun = _begin(request_id, runner) if request_id is not None and mine else None
    return _go_on(begun)


def _claim(request_id: str) -> bool:
    """Who sent the message may know of an advance of the clock that this process has yet to see."""
    if async_states.start(request_id, clock.now()):
        return True
    if not async_states.waits(request_id):
        return False
    clock.refresh()
    if async_states.start(request_id, clock.now()):
        return True
    async_states.forget_message(request_id)  # too early: another is due when the event is
    return False


def _begin(request_id: str, runner: str) -> Begun | Told:
    """What follows from the claim, in its transaction: the attempt, or what keeps it from being made."""
    crashpoint("event.claimed")
    now = clock.now()
    row = async_states.load(request_id)
    try:
        gate = _gate(row, now)
    except Refusal as refusal:
        return _defer(row, None, runner, type(refusal).__name__, refusal.message)
    if isinstance(gate, retry.Stop):
        return _stop(row, gate.condition, runner)
    return Begun(row, gate, _write_attempt(row, gate, runner))


def _go_on(begun: Begun | Told | None) -> Told | None:
    if not isinstance(begun, Begun):
        leases.nothing_to_wait_for()
        return begun
    crashpoint("attempt.written")
    return _attempt(begun.row, begun.spec, begun.attempt)


def _gate(row: Invocation, now: datetime) -> retry.Stop | EnvironmentSpec:
    """What may keep an event from being run at all; else where it runs now, with today's code and configuration."""
    scope = Scope(row.account, row.region)
    policy = policy_of(row.function, scope, row.qualifier)
    if retry.expired(row.accepted_at, now, policy):
        return retry.Stop(Condition.EVENT_AGE_EXCEEDED)
    try:
        route = catalog.route(scope, row.function, row.qualifier or None)
    except ResourceNotFound:
        return retry.Stop(Condition.FUNCTION_NOT_FOUND)
    spec = route.versions[choose_version(route.main, route.weights, _draw())]
    if spec.reserved_concurrency == 0:
        return retry.Stop(Condition.ZERO_RESERVED_CONCURRENCY)
    if recursion.is_stopped(scope, row.function, row.hops):
        return retry.Stop(Condition.RECURSIVE_INVOCATION)
    if route.state != FunctionVersion.State.ACTIVE:
        raise ServiceFailure(f"The function is currently in the following state: {route.state}")
    return spec


def _write_attempt(row: Invocation, spec: EnvironmentSpec, runner: str) -> Attempt:
    """An attempt is written down before it is made: one without an end is one whose runner died."""
    values = {
        "invocation_id": row.pk,
        "attempt_no": row.attempts.count() + 1 if row.claim_no > 1 else 1,
        "claim_no": row.claim_no,
        "runner": runner,
        **{"outcome": "", "started_at": clock.now(), "ended_at": None, "environment_id": "", "log_stream": ""},
        **{"cold": False, "init_us": None, "duration_us": 0, "billed_ms": 0},
        **{"memory_mb": spec.memory_mb, "max_memory_mb": 0},
    }
    return Attempt(id=_ATTEMPT(**values), **values)


def _attempt(row: Invocation, spec: EnvironmentSpec, attempt: Attempt) -> Told:
    arn = f"arn:aws:lambda:{row.region}:{row.account}:function:{row.function}"
    event = Event(
        request_id=row.request_id,
        payload=bytes(row.payload.request),
        invoked_arn=f"{arn}:{row.qualifier}" if row.qualifier else arn,
        trace_header=continue_trace(f"Root={row.trace_id}", now=clock.real().timestamp(), random=os.urandom(20)),
        hops=row.hops,
        claim=row.claim_no,
    )
    try:
        with leases.held(row.pk, row.claim_no, row.request_id):
            execution = client.execute(spec, event)
            crashpoint("attempt.ran")
    except TooManyRequests as refusal:
        return _defer(
            row, attempt, attempt.runner, refusal.reason, "Throttled: no concurrency was left for the function."
        )
    except (InvalidRuntime, UnusablePart) as trouble:
        return _defer(row, attempt, attempt.runner, type(trouble).__name__, str(trouble))
    return _settle(row, attempt, spec.version, execution)


def _settle(row: Invocation, attempt: Attempt, version: str, execution: Execution) -> Told:
    """Commit the attempt's end and what follows from it, if the claim is still ours."""
    now = clock.now()
    succeeded = execution.outcome == Outcome.SUCCESS
    failures = row.failures + (0 if succeeded else 1)
    decision: retry.Stop | retry.RunAgain = retry.Stop(Condition.SUCCESS)
    with pooled(), transaction.atomic():
        if not succeeded:
            policy = policy_of(row.function, Scope(row.account, row.region), row.qualifier)
            decision = retry.after_failure(failures, row.accepted_at, now, policy)
        if isinstance(decision, retry.Stop):
            mine = conclude(
                row,
                decision.condition,
                now,
                execution=execution,
                executed_version=version,
                failures=failures,
                runner=attempt.runner,
            )
        else:
            mine = async_states.requeue(
                row.pk,
                row.claim_no,
                decision.due_at,
                failures=failures,
                error_type=execution.error_type,
                error_message=execution.error_message,
            )
            if mine:
                task_results.waits(row, policy.max_retries, execution.error_message, attempt.runner)
        _end_attempt(attempt, execution, execution.outcome if mine else Outcome.FENCED)
    if not mine:
        return Told(row.request_id, fenced=True)
    if isinstance(decision, retry.Stop):
        crashpoint("event.ended")
        return Told(row.request_id, condition=decision.condition, error=execution.error_message)
    crashpoint("event.waiting")
    return Told(row.request_id, due_at=decision.due_at, error=execution.error_message)


def _end_attempt(attempt: Attempt, execution: Execution, outcome: Outcome) -> None:
    init = execution.init_seconds
    _END_ATTEMPT(
        pk=attempt.pk,
        outcome=outcome.value,
        ended_at=clock.now(),
        environment_id=execution.environment_id,
        log_stream=execution.log_stream,
        cold=execution.cold,
        init_us=None if init is None else round(init * 1_000_000),
        duration_us=round(execution.duration_seconds * 1_000_000),
        billed_ms=execution.billed_ms,
        max_memory_mb=execution.max_memory_mb,
    )
    _OUTPUT(attempt_id=attempt.pk, response=execution.payload, log=execution.log, log_truncated=execution.log_truncated)


def _defer(row: Invocation, attempt: Attempt | None, runner: str, reason: str, message: str) -> Told:
    """The platform could not run it now: no attempt was made, so none is kept."""
    now = clock.now()
    with pooled(), transaction.atomic():
        policy = policy_of(row.function, Scope(row.account, row.region), row.qualifier)
        decision = retry.after_deferral(row.deferrals + 1, row.accepted_at, now, policy)
        if attempt is not None:  # one that was taken for lost meanwhile stays so
            Attempt.objects.filter(pk=attempt.pk, outcome="").delete()
        if isinstance(decision, retry.RunAgain):
            mine = async_states.defer(row.pk, row.claim_no, decision.due_at, reason=reason, message=message)
            if mine:
                task_results.waits(row, policy.max_retries, message, runner)
            return Told(row.request_id, due_at=decision.due_at, error=message) if mine else _fenced(row)
    return _stop(row, decision.condition, runner)


def _stop(row: Invocation, condition: Condition, runner: str) -> Told:
    with pooled(), transaction.atomic():
        mine = conclude(row, condition, clock.now(), execution=None, failures=row.failures, runner=runner)
    return Told(row.request_id, condition=condition, error=condition.value) if mine else _fenced(row)


def _fenced(row: Invocation) -> Told:
    return Told(row.request_id, fenced=True)
