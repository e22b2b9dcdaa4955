"""One sentence for every stage of an asynchronous invocation: what happened, by which rule, what would change it. Pure.

Times are said as hours of the product clock, UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from invocations import limits
from invocations.decisions.retry import DEFERRAL_DELAY_MAX, LOST_RUNNERS_MAX, RETRY_DELAY, Policy
from invocations.decisions.units import long_span_text, milliseconds_text
from invocations.values import Condition, Outcome

ORDINALS = ("", "first", "second", "third")
ANEW = "Correct the code or the event, then invoke again with this payload."
MAY_HAVE_RUN = "The function may have run: possible duplicate."


@dataclass(frozen=True)
class Told:
    """One attempt of an event, and what came after it.

    `failure` counts the function's own failures up to this one (0: this is none). `next_at` is when the next attempt
    began or is due; None when none follows. `end` is the event's condition when this attempt was its last.
    """

    number: int
    outcome: str  # "" while it runs
    at: datetime  # when it began
    policy: Policy
    uncertain: int = 0  # attempts of the event that were lost or came too late: they cost no retry
    error: str = ""
    duration_ms: float = 0.0
    init_ms: float | None = None
    memory_mb: int = 0
    failure: int = 0
    next_at: datetime | None = None
    next_began: bool = False
    end: str = ""

    @property
    def name(self) -> str:
        return f"Attempt {self.number} of {max(self.policy.max_retries + 1 + self.uncertain, self.number)}"


def hour(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def attempt_sentence(told: Told) -> str:
    if told.outcome == "":
        return f"{told.name} has been running since {hour(told.at)}."
    if told.outcome == Outcome.SUCCESS:
        init = told.init_ms
        cold = "" if init is None else f", after {milliseconds_text(init)} of initialisation (cold start)"
        return f"{told.name} succeeded in {milliseconds_text(told.duration_ms)}{cold}."
    if told.outcome == Outcome.LOST:
        return f"{told.name} was lost: the process that ran it died. {MAY_HAVE_RUN} {_after_lost(told)}"
    if told.outcome == Outcome.FENCED:
        return (
            f"{told.name} ended after another had taken its place, so its result does not count. "
            "The function ran more than once: possible duplicate."
        )
    return f"{told.name} {_failed(told)}. {_after_failure(told)}".rstrip()


def _after_lost(told: Told) -> str:
    if told.end == Condition.RUNNER_LOST:
        return f"That was the last of {LOST_RUNNERS_MAX} lost runners, so the event ended."
    return f"It costs none of the retries; after {LOST_RUNNERS_MAX} lost runners an event ends."


def _failed(told: Told) -> str:
    how = _HOW.get(told.outcome)
    return how(told) if how is not None else f"failed: {told.error or 'no reason was given'}".rstrip(".")


_HOW: dict[str, Callable[[Told], str]] = {
    Outcome.TIMEOUT: lambda told: f"was stopped after {milliseconds_text(told.duration_ms)}, the function's Timeout",
    Outcome.INIT_ERROR: lambda told: f"could not be initialised: {told.error}".rstrip("."),
    Outcome.EXITED: lambda told: f"failed: its process ended before it answered ({told.error})",
    Outcome.OUT_OF_MEMORY: lambda told: f"was ended at its memory limit, MemorySize {told.memory_mb} MB",
    Outcome.RESPONSE_TOO_LARGE: lambda told: f"failed: its result is over {limits.SYNC_RESPONSE_BYTES:,} bytes",
}


def _after_failure(told: Told) -> str:
    if told.next_at is not None:
        verb = "Next attempt began at" if told.next_began else "Next attempt at"
        return f"{verb} {hour(told.next_at)} ({retry_rule(told.failure, told.policy)})."
    if told.end == Condition.RETRIES_EXHAUSTED:
        return f"No attempt is left: MaximumRetryAttempts is {told.policy.max_retries}."
    return ""


def retry_rule(failure: int, policy: Policy) -> str:
    minutes = RETRY_DELAY * failure // 60
    which = ORDINALS[failure] if failure < len(ORDINALS) else f"{failure}th"
    return (
        f"{minutes} minute{'' if minutes == 1 else 's'} after a {which} failure; "
        f"MaximumRetryAttempts is {policy.max_retries}"
    )


@dataclass(frozen=True)
class Ended:
    """A finished event."""

    condition: str
    policy: Policy
    age: timedelta  # when it ended
    attempts: int
    failures: int
    error: str = ""
    hops: int = 0


def end_sentence(ended: Ended) -> str:
    told = _ENDS.get(ended.condition)
    return told(ended) if told is not None else f"Ended as {ended.condition}."


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _success(ended: Ended) -> str:
    return f"Succeeded with attempt {ended.attempts}, {long_span_text(ended.age)} after it was accepted."


def _exhausted(ended: Ended) -> str:
    tried = "The only attempt" if ended.failures == 1 else f"All {ended.failures} attempts"
    last = "with" if ended.failures == 1 else ", the last with"
    return (
        f"{tried} failed{' ' if ended.failures == 1 else ''}{last} {ended.error or 'no reason given'}. "
        f"MaximumRetryAttempts is {ended.policy.max_retries}, so none follows. {ANEW}"
    )


def _aged(ended: Ended) -> str:
    limit = ended.policy.max_age_seconds
    raise_it = f"Raise it (at most {limits.EVENT_AGE_SECONDS[1]}) for more time."
    if ended.age > timedelta(seconds=limit) or not ended.failures:
        return f"Expired: {long_span_text(ended.age)} old, MaximumEventAgeInSeconds is {limit}. {raise_it}"
    wait = RETRY_DELAY * ended.failures // 60
    return (
        f"Expired after {_times(ended.attempts, 'attempt')}: the next would come {_times(wait, 'minute')} later, "
        f"when the event is older than MaximumEventAgeInSeconds allows ({limit}). {raise_it}"
    )


def _recursive(ended: Ended) -> str:
    return (
        f"Stopped: {ended.hops} invocations in a chain led to this one, and a loop is cut at {limits.CHAIN_MAX}. "
        "If the loop is meant, set the function's RecursiveLoop to Allow."
    )


def _runner_lost(ended: Ended) -> str:
    return (
        f"Given up: the process that ran it died {LOST_RUNNERS_MAX} times. {MAY_HAVE_RUN} "
        "If the workers' log shows that this event kills them, lower what it takes (memory, output)."
    )


_ENDS: dict[str, Callable[[Ended], str]] = {
    Condition.SUCCESS: _success,
    Condition.RETRIES_EXHAUSTED: _exhausted,
    Condition.EVENT_AGE_EXCEEDED: _aged,
    Condition.ZERO_RESERVED_CONCURRENCY: lambda _: (
        "Dropped without running: the function's reserved concurrency is 0. Raise or remove it, then invoke again."
    ),
    Condition.RECURSIVE_INVOCATION: _recursive,
    Condition.FUNCTION_NOT_FOUND: lambda _: (
        "Dropped: the function, version or alias was deleted while the event waited. Its destinations went with it."
    ),
    Condition.RUNNER_LOST: _runner_lost,
    Condition.CANCELLED: lambda ended: (
        f"Cancelled by an operator after {_times(ended.attempts, 'attempt')}. No destination and no dead-letter queue "
        "is told of it."
    ),
}


@dataclass(frozen=True)
class Waits:
    """An event that waits. `kind` is that of `Reason`; `again` says until when no runner looks at it."""

    kind: str
    words: str
    due_at: datetime
    due: bool  # it may run now
    policy: Policy
    failures: int = 0
    deferrals: int = 0
    error: str = ""


def waiting_sentence(waits: Waits) -> str:
    if waits.kind == DEFERRED:
        return (
            f"Could not be run {_times(waits.deferrals, 'time')} in a row: {waits.error.rstrip('.')}. {_next(waits)} "
            f"(back-off from 1 s to {DEFERRAL_DELAY_MAX // 60} min). This costs no attempt; it goes on until the event "
            f"is older than MaximumEventAgeInSeconds ({waits.policy.max_age_seconds})."
        )
    if waits.kind == RETRY and not waits.due:
        return f"Waits for its next attempt at {hour(waits.due_at)} ({retry_rule(waits.failures, waits.policy)})."
    if waits.kind == LOST:
        return f"Its runner died, so it waits for another. {MAY_HAVE_RUN}"
    return f"Due since {hour(waits.due_at)}: it runs as soon as a worker is free."


def _next(waits: Waits) -> str:
    return "Due now" if waits.due else f"Next try at {hour(waits.due_at)}"


NEW, RETRY, DEFERRED, LOST = "new", "retry", "deferred", "lost"
_THROTTLED = ("ConcurrentInvocationLimitExceeded", "ReservedFunctionConcurrentInvocationLimitExceeded")


@dataclass(frozen=True)
class Reason:
    """Why an event waits: `kind` is one of new, retry, deferred, lost; `words` are for a mark."""

    kind: str
    words: str


def waiting_reason(
    *, claim_no: int, last_claim: int, last_outcome: str, failures: int, deferrals: int, error_type: str, retries: int
) -> Reason:
    """Say why an event is QUEUED. `last_claim` is the claim that its last attempt ran under, 0 when there is none."""
    if claim_no == 0:
        return Reason(NEW, "queued")
    if last_claim == claim_no:
        if last_outcome in (Outcome.LOST, Outcome.FENCED):
            return Reason(LOST, "lost runner")
        return Reason(RETRY, f"retry {failures} of {max(retries, failures)}")
    if deferrals:
        return Reason(DEFERRED, "throttled" if error_type in _THROTTLED else "deferred")
    return Reason(LOST, "lost runner")


@dataclass(frozen=True)
class Sending:
    """A delivery. `state` is PENDING, SENT or FAILED."""

    kind: str
    target: str
    state: str
    tries: int
    due_at: datetime
    error: str = ""


_TO = {
    "on-success": "on-success destination",
    "on-failure": "on-failure destination",
    "dead-letter": "dead-letter queue",
}


def delivery_sentence(sending: Sending) -> str:
    to = f"{_TO.get(sending.kind, sending.kind)} {sending.target}"
    if sending.state == "SENT":
        return f"Sent to {to}."
    why = f" ({sending.error.rstrip('.')})" if sending.error else ""
    if sending.state == "FAILED":
        tried = _times(sending.tries, "time")
        return f"Undeliverable to {to}, tried {tried}{why}. The outcome stands; the delivery can be sent again."
    if sending.tries == 0:
        return f"On its way to {to}."
    return f"Not sent to {to} yet, tried {_times(sending.tries, 'time')}{why}; next try at {hour(sending.due_at)}."
