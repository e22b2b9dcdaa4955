"""What a crash, a lost message or an absent broker left behind: found by looking at the rows, again and again.

Runs in beat and in every worker; two at once are harmless because every step is a guarded update.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import Error, transaction

from invocations import clock, event_queue, limits
from invocations.crashpoints import crashpoint
from invocations.decisions import retry
from invocations.engines.events import scheduling
from invocations.engines.scheduler import firing
from invocations.flows import deliver, leases, pools, run_event
from invocations.flows.conclude import keep_given_up
from invocations.flows.policies import policy_of
from invocations.models import Attempt, Invocation, async_states
from invocations.runners import ended
from invocations.values import Outcome, Scope
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

_AT_ONCE = 100

Told = tuple[Scope, str, str]  # whose events a message is about: scope, function, qualifier


def sweep() -> None:
    """One round: lost runners, due schedules, and what nobody was told of: events, deliveries, environments to keep."""
    with pooled():
        _expire_ended()
        for row in async_states.lost(_AT_ONCE):
            _release_safely(row)
        top_up(limits.OUTSTANDING_MESSAGES)
        _tell_again()
        deliver.sweep_deliveries()
        scheduling.fire_due()
        firing.fire_due()
    pools.restore()


def top_up(at_most: int) -> int:
    """Send messages about due events while few are under way; return how many were sent."""
    if event_queue.broken():
        return 0
    with pooled():
        room = limits.OUTSTANDING_MESSAGES - async_states.outstanding()
        return _tell(async_states.untold(clock.now())[: min(room, at_most)] if room > 0 else [])


def _tell_again() -> None:
    """Send anew what seems lost, never more than the broker's queue has room for: it may only be waiting there."""
    if event_queue.broken():
        return
    rows = list(async_states.unheard(clock.now(), clock.real())[: limits.OUTSTANDING_MESSAGES])
    waiting = event_queue.waiting("events") if rows else None
    if waiting is not None:
        _tell(rows[: max(0, limits.OUTSTANDING_MESSAGES - waiting)])


def _tell(rows: Sequence[Invocation]) -> int:
    if not rows:
        return 0
    real = clock.real()
    with transaction.atomic():
        mine = [row for row in rows if async_states.tell(row.pk, row.sent_at, real)]
    crashpoint("event.telling")
    retries: dict[Told, int] = {}
    return sum(_send(row, retries) for row in mine)


def _send(row: Invocation, known: dict[Told, int]) -> bool:
    """`known`: MaximumRetryAttempts of the qualifiers met so far."""
    key = (Scope(row.account, row.region), row.function, row.qualifier)
    if key not in known:
        scope, function, qualifier = key
        known[key] = policy_of(function, scope, qualifier).max_retries
    return event_queue.send_run(row.request_id, retries=row.failures, max_retries=known[key])


def has_room() -> bool:
    """Whether this process runs so little that no message needs to wait for it."""
    return leases.running() < limits.FEW_RUNS


def is_late() -> bool:
    """Whether a message has been sent that should be here by now."""
    with pooled():
        return bool(async_states.unheard(clock.now(), clock.real(), async_states.LATE)[:1])


def _expire_ended() -> None:
    """The lease of a runner that is seen to have ended ends with it."""
    claims = async_states.running(_AT_ONCE)
    if not claims:
        return
    unended = Attempt.objects.filter(invocation__in=[pk for pk, _ in claims], outcome="")
    runners = {
        (pk, claim_no): runner for pk, claim_no, runner in unended.values_list("invocation", "claim_no", "runner")
    }
    for pk, claim_no in claims:
        if (runner := runners.get((pk, claim_no))) and ended(runner):
            async_states.expire(pk, claim_no)


def _release_safely(row: Invocation) -> None:
    try:
        _release(row)
    except Error:
        raise  # the database is away: so it will be for the others
    except Exception:  # one bad row keeps nobody else waiting
        log.exception("Event %s could not be freed", row.request_id)


def _release(row: Invocation) -> None:
    """Its runner died: the attempt is shown as lost, and the event runs again unless that happened too often."""
    now = clock.now()
    decision = retry.after_lost_runner(row.lost + 1, now)
    with transaction.atomic():
        if isinstance(decision, retry.RunAgain):
            released = async_states.lose(row.pk, row.claim_no, decision.due_at)
        else:
            released = async_states.give_up(row.pk, row.claim_no, now, "The process that ran the event died each time.")
        if not released:
            return
        crashpoint("runner.releasing")
        Attempt.objects.filter(invocation=row, claim_no=row.claim_no, outcome="").update(
            outcome=Outcome.LOST.value, ended_at=now
        )
        if isinstance(decision, retry.Stop):
            keep_given_up(row)
    log.warning("The runner of event %s died; attempt %s may have run.", row.request_id, row.claim_no)


def drain(runner: str, at_most: int) -> int:
    """Run due events without the broker's help, when it is gone or its messages do not arrive; return how many.

    Where hardly anything runs, a message that is not here after a moment will not come; else it may wait its turn.
    """
    patience = async_states.LATE if has_room() else async_states.RESEND
    deliver.drain_deliveries(runner, at_most, patience)
    for done in range(at_most):
        with pooled():
            now, real = clock.now(), clock.real()
            waiting = async_states.due(now) if event_queue.broken() else async_states.unheard(now, real, patience)
            row = waiting.first()
        if row is None:
            return done
        told = run_event.run(row.request_id, runner)
        if told is not None and told.condition is not None:
            deliver.run_all_of(row.request_id, runner)  # no callback will
    return at_most
