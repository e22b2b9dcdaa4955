"""What a crash, a lost message or an absent broker left behind: found by looking at the rows, again and again.

Runs in beat and in every worker; two at once are harmless because every step is a guarded update.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from invocations import clock, event_queue, limits
from invocations.decisions import retry
from invocations.flows import deliver, run_event
from invocations.flows.conclude import keep_given_up
from invocations.flows.policies import policy_of
from invocations.models import Attempt, Invocation, async_states
from invocations.values import Outcome, Scope
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

_AT_ONCE = 100


def sweep() -> None:
    """One round: lost runners, events and deliveries that nobody was told about."""
    with pooled():
        for row in async_states.lost(_AT_ONCE):
            _release(row)
        top_up(limits.OUTSTANDING_MESSAGES)
        deliver.sweep_deliveries()


def top_up(at_most: int) -> int:
    """Send messages about due events while few are under way; return how many were sent."""
    if event_queue.broken():
        return 0
    now, real = clock.now(), clock.real()
    with pooled():
        room = limits.OUTSTANDING_MESSAGES - async_states.outstanding(real, limits.OUTSTANDING_MESSAGES)
        rows = list(async_states.untold(now, real)[: min(room, at_most)]) if room > 0 else []
        return sum(_tell(row, real) for row in rows)


def _tell(row: Invocation, real: datetime) -> bool:
    if not async_states.tell(row.pk, row.sent_at, real):
        return False
    policy = policy_of(row.function, Scope(row.account, row.region), row.qualifier)
    return event_queue.send_run(row.request_id, retries=row.failures, max_retries=policy.max_retries)


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
        Attempt.objects.filter(invocation=row, claim_no=row.claim_no, outcome="").update(
            outcome=Outcome.LOST.value, ended_at=now
        )
        if isinstance(decision, retry.Stop):
            keep_given_up(row)
    log.warning("The runner of event %s died; attempt %s may have run.", row.request_id, row.claim_no)


def drain(runner: str, at_most: int) -> int:
    """Run due events without the broker's help, when it is gone or its messages do not arrive; return how many."""
    deliver.drain_deliveries(runner, at_most)
    for done in range(at_most):
        with pooled():
            now, real = clock.now(), clock.real()
            waiting = async_states.due(now) if event_queue.broken() else async_states.unheard(now, real)
            row = waiting.first()
        if row is None:
            return done
        run_event.run(row.request_id, runner)
    return at_most
