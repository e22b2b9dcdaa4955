"""Does a mapping's BatchSize fit its function's timeout and its queue's visibility timeout? Pure.

Reckoned from calls that were measured: a fixed part of each call, a part of each record, and how far the slower calls
lie above that. Where all calls had the same size the two parts cannot be told apart; then all of it counts as the
records', which is the careful side. Function timeouts run in real time, so the durations are real milliseconds.

Sources: AWS's guide wants a visibility timeout of at least six times the function's timeout plus
MaximumBatchingWindowInSeconds; a function's timeout is 900 s at most; an event is 6 MB at most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from invocations import limits
from invocations.decisions.units import bytes_text, milliseconds_text

VISIBILITY_TIMES = 6
SPARE = 0.8  # of the timeout: a batch that takes more leaves too little for a slow day
SLOW_PERCENT = 95
GOOD, WARN, BAD, PLAIN = "good", "warn", "bad", ""


@dataclass(frozen=True)
class Call:
    """One measured call. `cut_off`: it ended by the function's timeout, so it would have taken longer."""

    records: int
    took_ms: float
    cut_off: bool = False


@dataclass(frozen=True)
class Setup:
    """What the mapping, its source and its function are set to. `timeout_seconds` None: there is no function."""

    batch_size: int
    batch_most: int  # what the source takes
    window_seconds: int
    timeout_seconds: int | None
    is_queue: bool
    visibility_seconds: int | None = None  # of a queue that is there
    record_bytes: int | None = None  # of a usual record as JSON
    max_retries: int = -1
    bisect: bool = False
    place: str = "shard"  # what stands still while a batch of a stream is called again


@dataclass(frozen=True)
class Finding:
    """One sentence; `kind` is good, warn, bad or "" (nothing to judge), `about` names the rule for programs."""

    about: str
    kind: str
    sentence: str


@dataclass(frozen=True)
class Advice:
    """`largest_safe` is a BatchSize; 0: not even one record fits, None: nothing was measured."""

    findings: tuple[Finding, ...]
    largest_safe: int | None = None
    calls: int = 0

    @property
    def problems(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.kind in (WARN, BAD))


def advice_document(advice: Advice) -> dict[str, Any]:
    """The same as JSON, for pages and commands."""
    return {
        "largest_safe_batch": advice.largest_safe,
        "calls_measured": advice.calls,
        "findings": [
            {"about": one.about, "kind": one.kind or None, "sentence": one.sentence} for one in advice.findings
        ],
    }


@dataclass(frozen=True)
class Reckoning:
    """What a call takes, in milliseconds."""

    fixed_ms: float
    record_ms: float
    slow_ms: float  # by how much the slower calls exceed the two

    def of(self, records: int) -> float:
        return self.fixed_ms + self.record_ms * records + self.slow_ms

    def fitting(self, milliseconds: float, most: int) -> int:
        """How many records fit in so much time."""
        room = milliseconds - self.fixed_ms - self.slow_ms
        if room < 0:
            return 0
        if self.record_ms == 0 or room / self.record_ms >= most:
            return most
        return int(room / self.record_ms)


def reckon(calls: Sequence[Call]) -> Reckoning:
    """The line through the calls (least squares, neither part below zero). There must be at least one call."""
    sizes = [call.records for call in calls]
    if len(set(sizes)) == 1:
        return Reckoning(0.0, _slow([call.took_ms / call.records for call in calls]), 0.0)
    middle, middle_ms = math.fsum(sizes) / len(calls), math.fsum(call.took_ms for call in calls) / len(calls)
    spread = math.fsum((call.records - middle) ** 2 for call in calls)
    together = math.fsum((call.records - middle) * (call.took_ms - middle_ms) for call in calls)
    record_ms = max(0.0, together / spread)
    fixed_ms = middle_ms - record_ms * middle
    if fixed_ms < 0:
        squares = math.fsum(call.records**2 for call in calls)
        fixed_ms, record_ms = 0.0, math.fsum(call.records * call.took_ms for call in calls) / squares
    above = _slow([call.took_ms - fixed_ms - record_ms * call.records for call in calls])
    return Reckoning(fixed_ms, record_ms, max(0.0, above))


def _slow(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[-(-SLOW_PERCENT * len(ordered) // 100) - 1]


def advise(setup: Setup, calls: Sequence[Call]) -> Advice:
    """Return what holds and what breaks, a sentence each, and the largest BatchSize that is safe."""
    measured = [call for call in calls if call.records > 0]
    if setup.timeout_seconds is None:
        gone = "The function is gone, so there is no timeout to hold the batch against."
        return Advice((Finding("timeout", PLAIN, gone),), calls=len(measured))
    if not measured:
        unknown = (
            f"No call of a batch has been measured yet, so whether {_records(setup, setup.batch_size)} fit the "
            f"function's timeout of {setup.timeout_seconds} s is not known."
        )
        found = [Finding("timeout", PLAIN, unknown), *_visibility(setup, setup.timeout_seconds)]
        return Advice(tuple(found))
    reckoning = reckon(measured)
    largest = _largest(setup, reckoning, setup.timeout_seconds)
    found = [_timeout(setup, setup.timeout_seconds, reckoning, largest), *_cut_off(setup, measured)]
    found += [*_event_size(setup), *_visibility(setup, setup.timeout_seconds), _basis(setup, measured, largest)]
    return Advice(tuple(found), largest, len(measured))


def _largest(setup: Setup, reckoning: Reckoning, timeout_seconds: int) -> int:
    by_time = reckoning.fitting(timeout_seconds * 1000 * SPARE, setup.batch_most)
    return min(by_time, _by_bytes(setup))


def _by_bytes(setup: Setup) -> int:
    """How many usual records an event of 6 MB has room for; one goes even when it is too large."""
    if not setup.record_bytes:
        return setup.batch_most
    return max(1, limits.SYNC_REQUEST_BYTES // (setup.record_bytes + 1))


def _timeout(setup: Setup, timeout_seconds: int, reckoning: Reckoning, largest: int) -> Finding:
    full = min(setup.batch_size, _by_bytes(setup))
    takes = reckoning.of(full)
    shown = f"{_records(setup, full)} {'takes' if full == 1 else 'take'} up to {milliseconds_text(takes)}"
    if takes > timeout_seconds * 1000:
        cure = _cure(setup, takes, largest)
        broken = f"{shown}, which is over the function's timeout of {timeout_seconds} s: {_breaks(setup)} {cure}"
        return Finding("timeout", BAD, broken)
    if takes > timeout_seconds * 1000 * SPARE:
        tight = (
            f"{shown} of the function's timeout of {timeout_seconds} s: a slow day breaks it, and then "
            f"{_breaks(setup)} {_cure(setup, takes, largest)}"
        )
        return Finding("timeout", WARN, tight)
    return Finding("timeout", GOOD, f"{shown}, within the function's timeout of {timeout_seconds} s.")


def _cure(setup: Setup, takes_ms: float, largest: int) -> str:
    wanted = math.ceil(takes_ms / SPARE / 1000)
    lower = f"Lower BatchSize to {largest}" if largest else "Make the function faster: not even one record is safe"
    if wanted > limits.TIMEOUT_SECONDS_MAX:
        return f"{lower}; a longer timeout is no way out, {limits.TIMEOUT_SECONDS_MAX} s is the most."
    return f"{lower}, or raise the timeout to {wanted} s."


def _breaks(setup: Setup) -> str:
    if setup.is_queue:
        return (
            "the call is cut off, all its messages come back with a higher receive count, also those that were done, "
            "until the queue's redrive policy ends them."
        )
    if setup.bisect:
        return (
            "the call is cut off and BisectBatchOnFunctionError halves the batch until it fits; "
            f"the {setup.place} waits meanwhile."
        )
    if setup.max_retries == 0:
        return "the call is cut off and its records are given up (MaximumRetryAttempts is 0)."
    ends = "without end" if setup.max_retries < 0 else f"up to {setup.max_retries} times"
    return f"the call is cut off and made again with the same records, {ends}; the {setup.place} waits meanwhile."


def _cut_off(setup: Setup, measured: Sequence[Call]) -> list[Finding]:
    count = sum(call.cut_off for call in measured)
    if not count:
        return []
    smallest = min(call.records for call in measured if call.cut_off)
    told = (
        f"{count} of the {len(measured)} calls that were measured ended by the function's timeout, the smallest with "
        f"{_records(setup, smallest)}: what they would have taken is not known, so the figures here are too low."
    )
    return [Finding("cut off", BAD, told)]


def _event_size(setup: Setup) -> list[Finding]:
    most = _by_bytes(setup)
    if setup.record_bytes is None or most >= setup.batch_size:
        return []
    told = (
        f"A usual record has {bytes_text(setup.record_bytes)}, so an event is full (6 MB) with "
        f"{_records(setup, most)}: a BatchSize above that changes nothing."
    )
    return [Finding("event size", PLAIN, told)]


def _visibility(setup: Setup, timeout_seconds: int) -> list[Finding]:
    if not setup.is_queue or setup.visibility_seconds is None:
        return []
    wanted = VISIBILITY_TIMES * timeout_seconds + setup.window_seconds
    window = f" plus the batching window ({setup.window_seconds} s)" if setup.window_seconds else ""
    rule = f"six times the function's timeout ({timeout_seconds} s){window}, {wanted} s"
    has = f"The queue's visibility timeout of {setup.visibility_seconds} s"
    if setup.visibility_seconds >= wanted:
        return [Finding("visibility", GOOD, f"{has} is at least {rule}.")]
    if setup.visibility_seconds < timeout_seconds:
        broken = (
            f"{has} is less than the function's timeout ({timeout_seconds} s): messages are visible again while the "
            f"function still works on them, and are handed over twice. AWS makes no such mapping. Set it to {wanted} s."
        )
        return [Finding("visibility", BAD, broken)]
    short = (
        f"{has} is less than {rule}: when calls are throttled there is no time to try again, so messages come back "
        f"unread with a higher receive count and may die by the redrive policy. Set it to {wanted} s."
    )
    return [Finding("visibility", WARN, short)]


def _basis(setup: Setup, measured: Sequence[Call], largest: int) -> Finding:
    biggest = max(call.records for call in measured)
    calls = "one call" if len(measured) == 1 else f"{len(measured)} calls"
    seen = f"reckoned from {calls} with up to {_records(setup, biggest)}"
    if not largest:
        return Finding("largest", BAD, f"No BatchSize is safe: even one record may take longer ({seen}).")
    return Finding("largest", PLAIN, f"The largest safe BatchSize is {largest:,} ({seen}).")


def _records(setup: Setup, count: int) -> str:
    what = "message" if setup.is_queue else "record"
    return f"{count:,} {what}{'' if count == 1 else 's'}"
