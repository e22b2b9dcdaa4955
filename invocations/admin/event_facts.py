"""From the rows of an event to the facts that its page, its JSON and its sentences are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django_celery_results.models import TaskResult

from invocations import clock
from invocations.admin.event_spans import UNCERTAIN, Span, failed, failures_up_to, reason_of, spans
from invocations.decisions.event_sentences import (
    Ended,
    Reason,
    Sending,
    Told,
    Waits,
    attempt_sentence,
    delivery_sentence,
    end_sentence,
    waiting_sentence,
)
from invocations.decisions.retry import Policy
from invocations.flows.policies import policy_of
from invocations.models import Attempt, Delivery, Invocation
from invocations.values import Scope

RELATIVES = 25  # events that one event caused: more are in the list
ERROR_CHARACTERS = 300
APART = timedelta(seconds=2)  # clocks closer than this are drawn as one


@dataclass(frozen=True)
class Fact:
    """One attempt as the page shows it."""

    attempt: Attempt
    sentence: str
    error: str


@dataclass(frozen=True)
class Event:
    """An asynchronous invocation with everything that belongs to it."""

    row: Invocation
    policy: Policy
    facts: Sequence[Fact]
    spans: Sequence[Span]
    deliveries: Sequence[tuple[Delivery, Sending, str]]
    reason: Reason | None  # why it waits
    headline: str
    causes: Invocation | None
    caused: Sequence[Invocation]
    task: TaskResult | None
    now: datetime
    real: Mapping[datetime, datetime]  # product moments of the time line, and real time then; {} when both are the same

    @property
    def over(self) -> bool:
        """Nothing about it will change by itself."""
        pending = any(delivery.state == Delivery.State.PENDING for delivery, _, _ in self.deliveries)
        return self.row.ended_at is not None and not pending

    @property
    def doubtful(self) -> int:
        """Attempts that may have run beside another."""
        return sum(1 for fact in self.facts if fact.attempt.outcome in UNCERTAIN)

    @property
    def revision(self) -> str:
        """Changes whenever the page would."""
        row = self.row
        sent = ".".join(f"{one.state}{one.tries}" for one, _, _ in self.deliveries)
        outcomes = ".".join(fact.attempt.outcome for fact in self.facts)
        due = "" if row.due_at is None else f"{row.due_at.timestamp():.3f}"
        task = "" if self.task is None else self.task.status
        return f"{row.state}-{row.claim_no}-{due}-{outcomes}-{sent}-{len(self.caused)}-{task}"


def read_event(row: Invocation) -> Event:
    now = clock.now()
    attempts = list(row.attempts.select_related("output").order_by("id"))
    policy = policy_of(row.function, Scope(row.account, row.region), row.qualifier)
    waiting = row.state == Invocation.State.QUEUED
    reason = reason_of(row, attempts, policy) if waiting else None
    facts = _facts(row, attempts, policy)
    return Event(
        row=row,
        policy=policy,
        facts=facts,
        spans=spans(row, attempts, policy, now),
        deliveries=[_delivery(one) for one in row.deliveries.all()],
        reason=reason,
        headline=_headline(row, facts, policy, reason, now),
        causes=Invocation.objects.filter(request_id=row.caused_by).first() if row.caused_by else None,
        caused=caused_by(row.request_id),
        task=TaskResult.objects.filter(task_id=row.request_id).first(),
        now=now,
        real=_real_times(row, attempts),
    )


def _real_times(row: Invocation, attempts: Sequence[Attempt]) -> dict[datetime, datetime]:
    """Real time where it was written down: at acceptance, at the start and the end of each attempt."""
    found = {row.accepted_at: row.written_at}
    for attempt in attempts:
        found[attempt.started_at] = attempt.written_at
        if attempt.ended_at is not None and attempt.ended_at not in found:
            ran = timedelta(microseconds=attempt.duration_us + (attempt.init_us or 0))
            found[attempt.ended_at] = attempt.written_at + ran
    apart = any(abs(product - real) >= APART for product, real in found.items())
    return found if apart else {}


def caused_by(request_id: str) -> Sequence[Invocation]:
    return list(Invocation.objects.filter(caused_by=request_id).order_by("id")[:RELATIVES])


def error_of(attempt: Attempt) -> str:
    """`ValueError: boom`, read from what the attempt answered; "" when it answered no error."""
    output = getattr(attempt, "output", None)
    if output is None or not failed(attempt):
        return ""
    try:
        document: Any = json.loads(bytes(output.response))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    words = [str(document.get(name, "")) for name in ("errorType", "errorMessage")]
    return ": ".join(word for word in words if word)[:ERROR_CHARACTERS]


def _facts(row: Invocation, attempts: Sequence[Attempt], policy: Policy) -> list[Fact]:
    failures = failures_up_to(attempts)
    found, uncertain = [], 0
    for index, attempt in enumerate(attempts):
        uncertain += attempt.outcome in UNCERTAIN
        last = index + 1 == len(attempts)
        error = error_of(attempt)
        told = Told(
            number=attempt.attempt_no,
            outcome=attempt.outcome,
            at=attempt.started_at,
            policy=policy,
            uncertain=uncertain,
            error=error,
            duration_ms=attempt.duration_us / 1000,
            init_ms=None if attempt.init_us is None else attempt.init_us / 1000,
            memory_mb=attempt.memory_mb,
            failure=failures[index] if failed(attempt) else 0,
            next_at=row.due_at if last else attempts[index + 1].started_at,
            next_began=not last,
            end=row.condition if last else "",
        )
        found.append(Fact(attempt, attempt_sentence(told), error))
    return found


def _headline(row: Invocation, facts: Sequence[Fact], policy: Policy, reason: Reason | None, now: datetime) -> str:
    if row.ended_at is not None:
        return end_sentence(
            Ended(
                condition=row.condition,
                policy=policy,
                age=row.ended_at - row.accepted_at,
                attempts=len(facts),
                failures=row.failures,
                error=": ".join(word for word in (row.error_type, row.error_message) if word),
                hops=row.hops,
            )
        )
    if reason is not None and row.due_at is not None:
        return waiting_words(row, reason, policy, now)
    return facts[-1].sentence if facts and facts[-1].attempt.ended_at is None else "An attempt is being started."


def waiting_words(row: Invocation, reason: Reason, policy: Policy, now: datetime) -> str:
    due_at = row.due_at or now
    return waiting_sentence(
        Waits(
            kind=reason.kind,
            words=reason.words,
            due_at=due_at,
            due=due_at <= now,
            policy=policy,
            failures=row.failures,
            deferrals=row.deferrals,
            error=row.error_message,
        )
    )


def _delivery(row: Delivery) -> tuple[Delivery, Sending, str]:
    name = row.destination.rpartition(":")[2] or row.destination
    sending = Sending(row.kind, name, row.state, row.tries, row.due_at, row.last_error)
    return row, sending, delivery_sentence(sending)
