"""One sentence for every batch and every record in it: what happened, by which rule, what would change it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from invocations.decisions.stream_retry import RECORD_AGE_EXCEEDED, RETRY_ATTEMPTS_EXHAUSTED

HALVED = "cut in half by BisectBatchOnFunctionError"
DONE, FAILED, FILTERED, GIVEN_UP = "done", "failed", "filtered", "given up"


@dataclass(frozen=True)
class Told:
    """A batch as its row has it. `returns_at`: when a queue's messages come back; None in a stream."""

    state: str
    outcome: str
    reason: str
    records: int
    failed: int
    filtered: int
    attempt: int
    is_queue: bool
    reports: bool  # the mapping reads batchItemFailures
    returns_at: datetime | None = None
    window_ends_at: datetime | None = None
    max_retries: int = -1
    max_age_seconds: int = -1
    shard: str = "shard"  # what its records come from: a shard, or a topic's partition


def batch_sentence(told: Told) -> str:
    if told.state == "COLLECTING":
        until = f" until {_hour(told.window_ends_at)}" if told.window_ends_at else ""
        return f"Collects{until} (MaximumBatchingWindowInSeconds), or until it is full; {_count(told)} so far."
    if told.state == "WAITING":
        why = f" {told.reason.rstrip('.')}." if told.reason else ""
        return f"Waits for its next call.{why} The messages stay hidden meanwhile."
    if told.state == "RUNNING":
        return f"The function runs with {_count(told)}."
    return f"{_ended(told)}{_filtered(told)}"


def _ended(told: Told) -> str:
    words = {
        "succeeded": _succeeded,
        "partial": _partial,
        "failed": _failed,
        "filtered": lambda _: "No call: no record passes the mapping's filters.",
        "throttled": _throttled,
        "refused": _refused,
        "expired": _expired,
        "returned": lambda _: "No call: the mapping stopped, or the messages were deleted by somebody else.",
        "lost": _lost,
    }
    return words[told.outcome](told) if told.outcome in words else f"Ended as {told.outcome}."


def _succeeded(told: Told) -> str:
    if not told.records:
        return "The final call of a tumbling window succeeded."
    left = "deleted from the queue" if told.is_queue else "the checkpoint lies behind the last one now"
    return f"{_all(told)} succeeded: {left}."


def _partial(told: Told) -> str:
    if told.is_queue:
        return (
            f"{told.failed} of {_count(told)} failed: the function named them in batchItemFailures. "
            f"{_return(told)} The others were deleted."
        )
    return (
        f"The first {told.records - told.failed} of {_count(told)} are done: the lowest record in batchItemFailures is "
        "where the next call begins, with all its retries."
    )


def _failed(told: Told) -> str:
    if told.reason in (RETRY_ATTEMPTS_EXHAUSTED, RECORD_AGE_EXCEEDED):
        return (
            f"Given up after {_times(told.attempt)}: MaximumRetryAttempts is {told.max_retries}. "
            f"The on-failure destination is told, if there is one, and the {told.shard} goes on."
        )
    why = told.reason.rstrip(".") or "the function named all of them in batchItemFailures"
    counts = "counts" if told.records == 1 else "count"
    return f"{_all(told)} {counts} as failed: {why}. {_return(told) if told.is_queue else _next(told)}"


def _next(told: Told) -> str:
    if HALVED in told.reason:
        return "Each half is called on its own; this costs no retry."
    limit = "without end" if told.max_retries < 0 else f"{told.max_retries}"
    return (
        f"The function is called with the same again (MaximumRetryAttempts: {limit}); the {told.shard} waits meanwhile."
    )


def _throttled(told: Told) -> str:
    after = _return(told) if told.is_queue else "This uses up no retry."
    return f"Not called: {told.reason.rstrip('.')}. {after}"


def _refused(told: Told) -> str:
    after = _return(told) if told.is_queue else "The records wait where they are."
    return f"Not called: {told.reason.rstrip('.')}. {after} The mapping tries again by itself."


def _expired(told: Told) -> str:
    if told.reason == RECORD_AGE_EXCEEDED:
        return (
            f"Given up without a call: older than MaximumRecordAgeInSeconds ({told.max_age_seconds}). "
            "The on-failure destination is told, if there is one."
        )
    return f"Lost to the stream's retention: {told.reason.rstrip('.')}. A longer retention would keep them."


def _lost(told: Told) -> str:
    after = _return(told) if told.is_queue else "They are called again from the checkpoint."
    return f"The worker that ran it died. The function may have run: possible duplicate. {after}"


def _filtered(told: Told) -> str:
    if not told.filtered or told.outcome == "filtered":
        return ""
    what = "deleted" if told.is_queue else "passed over"
    return f" {told.filtered} more did not pass the filters and {'was' if told.filtered == 1 else 'were'} {what}."


def _return(told: Told) -> str:
    one = told.records == 1 or (told.outcome == "partial" and told.failed == 1)
    returns = "It returns" if one else "They return"
    if told.returns_at is None:
        return f"{returns} to the queue."
    return f"{returns} to the queue at {_hour(told.returns_at)} (visibility timeout)."


def fate_sentence(fate: str, outcome: str, why: str, *, is_queue: bool) -> str:
    """What became of one record."""
    if fate == FILTERED:
        return f"Did not pass the filters: {why} {'Deleted.' if is_queue else 'Passed over.'}"
    if fate == GIVEN_UP:
        return "Given up; an on-failure record names it."
    if fate == FAILED:
        return "Comes back to the queue." if is_queue else "Is called again."
    if fate == DONE or outcome == "succeeded":
        return "Deleted." if is_queue else "Done."
    return "Under way."


def _count(told: Told) -> str:
    what = "message" if told.is_queue else "record"
    return f"{told.records} {what}{'' if told.records == 1 else 's'}"


def _all(told: Told) -> str:
    if told.records == 1:
        return "The message" if told.is_queue else "The record"
    return f"All {_count(told)}"


def _times(count: int) -> str:
    return "one call" if count == 1 else f"{count} calls"


def _hour(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"
