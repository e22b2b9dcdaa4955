"""The life of an asynchronous invocation as stretches of product time, read from its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from invocations.decisions.event_sentences import Reason, hour, waiting_reason
from invocations.decisions.retry import RETRY_DELAY, Policy
from invocations.decisions.units import long_span_text
from invocations.models import Attempt, Invocation
from invocations.values import Outcome

UNCERTAIN = (Outcome.LOST, Outcome.FENCED)  # may have run beside another attempt; cost no retry
NOTICED = timedelta(seconds=1)  # a wait beyond its due time that is worth a mark of its own


@dataclass(frozen=True)
class Span:
    """One stretch. `kind` is wait, run, running, uncertain or planned; `number` is an attempt's, 0 for a wait.

    `share` is the initialisation's part of a run, 0 to 1. `detail` is the second line of a wait.
    """

    kind: str
    what: str
    start: datetime
    end: datetime
    number: int = 0
    outcome: str = ""
    detail: str = ""
    share: float = 0.0

    @property
    def length(self) -> timedelta:
        return max(self.end - self.start, timedelta(0))

    @property
    def length_text(self) -> str:
        return long_span_text(self.length)


def failed(attempt: Attempt) -> bool:
    """Whether it counts as one of the function's own failures."""
    return attempt.outcome not in ("", Outcome.SUCCESS, *UNCERTAIN)


def failures_up_to(attempts: Sequence[Attempt]) -> list[int]:
    """For each attempt, how many failures there were with it."""
    counts, count = [], 0
    for attempt in attempts:
        count += failed(attempt)
        counts.append(count)
    return counts


def spans(row: Invocation, attempts: Sequence[Attempt], policy: Policy, now: datetime) -> list[Span]:
    """Return what happened from acceptance on, in order, and what is planned."""
    found: list[Span] = []
    reached, claim, failures = row.accepted_at, 0, failures_up_to(attempts)
    for index, attempt in enumerate(attempts):
        before = attempts[index - 1] if index else None
        skipped = max(attempt.claim_no - claim - 1, 0)
        found += _waits(before, failures[index - 1] if index else 0, skipped, reached, attempt.started_at, policy)
        following = attempts[index + 1].started_at if index + 1 < len(attempts) else None
        span = _run(attempt, following, now)
        found.append(span)
        reached, claim = span.end, attempt.claim_no
    return found + _rest(row, attempts, policy, reached, now)


def _waits(
    before: Attempt | None, failures: int, skipped: int, start: datetime, end: datetime, policy: Policy
) -> list[Span]:
    """What lay between two attempts: the wait that a rule wanted, then the wait for a worker."""
    if end <= start:
        return []
    tried = f"could not be run {skipped}×" if skipped else ""  # noqa: RUF001 - a sign of multiplication
    if before is None:
        return [Span("wait", tried or "queued", start, end)]
    if not failed(before):
        return [Span("wait", tried or "lost runner", start, end)]
    due = start + timedelta(seconds=RETRY_DELAY * failures)
    words = f"retry {failures} of {max(policy.max_retries, failures)}"
    if end < due:
        return [Span("wait", words, start, end, detail=f"not until {hour(due)}: run by hand")]
    if end - due < NOTICED and not skipped:
        return [Span("wait", words, start, end, detail=f"until {hour(due)}")]
    return [Span("wait", words, start, due, detail=f"until {hour(due)}"), Span("wait", tried or "queued", due, end)]


def _run(attempt: Attempt, following: datetime | None, now: datetime) -> Span:
    if attempt.ended_at is None:
        return Span("running", "running", attempt.started_at, max(now, attempt.started_at), attempt.attempt_no)
    end = max(attempt.ended_at, attempt.started_at)
    if attempt.outcome in UNCERTAIN:
        detail = f"the late result came at {hour(end)}" if attempt.outcome == Outcome.FENCED else ""
        shown = end if following is None else max(min(end, following), attempt.started_at)
        return Span("uncertain", "may have run", attempt.started_at, shown, attempt.attempt_no, attempt.outcome, detail)
    init = attempt.init_us or 0
    share = init / (init + attempt.duration_us) if init else 0.0
    return Span("run", "handler", attempt.started_at, end, attempt.attempt_no, attempt.outcome, share=share)


def _rest(row: Invocation, attempts: Sequence[Attempt], policy: Policy, reached: datetime, now: datetime) -> list[Span]:
    """What follows the last attempt: a wait that goes on, with the attempt that is planned; or one that was cut off."""
    number = len(attempts) + 1
    if row.state == Invocation.State.QUEUED and row.due_at is not None:
        reason = reason_of(row, attempts, policy)
        until = max(row.due_at, now) if row.due_at <= now else row.due_at
        detail = f"until {hour(row.due_at)}" if row.due_at > now else f"due since {hour(row.due_at)}"
        return [
            Span("wait", reason.words, reached, until, detail=detail),
            Span("planned", "planned", until, until, number),
        ]
    if row.state == Invocation.State.RUNNING and (not attempts or attempts[-1].ended_at is not None):
        return [Span("wait", "starting", reached, max(now, reached))]
    if row.ended_at is not None and (not attempts or row.ended_at - reached > NOTICED):
        return [Span("wait", _cut_words(row, attempts, policy), reached, row.ended_at)]
    return []


def _cut_words(row: Invocation, attempts: Sequence[Attempt], policy: Policy) -> str:
    """Why an event waited that ended without another attempt."""
    if row.deferrals:
        return "could not be run"
    if attempts and failed(attempts[-1]):
        return f"retry {row.failures} of {max(policy.max_retries, row.failures)}"
    return "lost runner" if attempts else "queued"


def reason_of(row: Invocation, attempts: Sequence[Attempt], policy: Policy) -> Reason:
    """Why an event is QUEUED."""
    last = attempts[-1] if attempts else None
    return waiting_reason(
        claim_no=row.claim_no,
        last_claim=last.claim_no if last else 0,
        last_outcome=last.outcome if last else "",
        failures=row.failures,
        deferrals=row.deferrals,
        error_type=row.error_type,
        retries=policy.max_retries,
    )
