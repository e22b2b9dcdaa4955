"""What follows when a batch of a stream was called, or is about to be. Pure.

A poller works through *spans*: what it took from the shard in one go, cut into pieces that are each called, retried and
given up separately, in order. A fresh batch is one span. The checkpoint moves to the end of a span when that is done
with, so spans always follow the checkpoint without a gap: nothing is skipped, and a key's order is kept.

    failed, BisectBatchOnFunctionError, more than one record  -> two halves, the first one next; costs no retry
    failed otherwise                                          -> the same again after a back-off, or given up
    partial                                                   -> checkpoint before the lowest reported record; the rest
                                                                 is called again with all its retries
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

FOREVER = -1
FIRST_SECONDS = 0.45  # so that, as recorded, a function that fails at once is called 8 times within 60 s
LONGEST_SECONDS = 60.0

RETRY_ATTEMPTS_EXHAUSTED, RECORD_AGE_EXCEEDED = "RetryAttemptsExhausted", "RecordAgeExceeded"


@dataclass(frozen=True)
class Policy:
    """A mapping's error handling; FOREVER (-1) where AWS says so. Ages are seconds."""

    max_retries: int = FOREVER
    max_age_seconds: int = FOREVER
    bisect: bool = False


class Entry(NamedTuple):
    """One record of a span: its sequence number and when it arrived."""

    id: str
    arrived: datetime


@dataclass(frozen=True)
class Span:
    """The records up to and with `last` that no earlier span covers, and how often they were called."""

    last: str
    calls: int = 0


@dataclass(frozen=True)
class Next:
    """What becomes of the poller. `done` of the records called are finished, from the first on; then come `spans`.

    `given_up`: they were finished by giving up, which an on-failure destination is told with `condition` and `calls`.
    """

    done: int
    spans: tuple[Span, ...]
    wait_seconds: float = 0.0
    given_up: int = 0  # of the finished, how many were given up
    condition: str = ""
    calls: int = 0


def after_success(count: int, spans: Sequence[Span]) -> Next:
    """All records of the first span are done."""
    return Next(count, tuple(spans[1:]))


def after_partial(entries: Sequence[Entry], spans: Sequence[Span], failed: frozenset[str], policy: Policy) -> Next:
    """The function named records that failed: the first of them in the stream's order is where it goes on."""
    at = next(index for index, entry in enumerate(entries) if entry.id in failed)
    if at == 0:
        return after_failure(entries, spans, policy)
    return Next(at, (Span(spans[0].last), *spans[1:]))


def after_failure(entries: Sequence[Entry], spans: Sequence[Span], policy: Policy) -> Next:
    """The whole span failed."""
    first, rest = spans[0], tuple(spans[1:])
    if policy.bisect and len(entries) > 1:
        half = len(entries) // 2
        return Next(0, (Span(entries[half - 1].id), Span(first.last), *rest))
    calls = first.calls + 1
    if policy.max_retries != FOREVER and calls > policy.max_retries:
        return Next(len(entries), rest, given_up=len(entries), condition=RETRY_ATTEMPTS_EXHAUSTED, calls=calls)
    return Next(0, (Span(first.last, calls), *rest), wait_seconds=back_off(calls))


def back_off(calls: int) -> float:
    """Seconds before a span that failed `calls` times is called again: nearly half a second, doubling to a minute."""
    return min(FIRST_SECONDS * 2.0 ** min(calls - 1, 20), LONGEST_SECONDS)


def expired(entries: Sequence[Entry], now: datetime, policy: Policy) -> int:
    """How many records, from the first on, are older than MaximumRecordAgeInSeconds."""
    if policy.max_age_seconds == FOREVER:
        return 0
    oldest = now - timedelta(seconds=policy.max_age_seconds)
    count = 0
    for entry in entries:
        if entry.arrived >= oldest:
            break
        count += 1
    return count


def wait_until(now: datetime, seconds: float, first: Entry, policy: Policy) -> datetime:
    """When a span is called again; not later than its first record expires, so that it expires on time."""
    due = now + timedelta(seconds=seconds)
    if policy.max_age_seconds == FOREVER:
        return due
    end = first.arrived + timedelta(seconds=policy.max_age_seconds, milliseconds=1)
    return min(due, max(end, now))
