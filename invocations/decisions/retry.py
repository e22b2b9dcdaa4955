"""When an asynchronous invocation runs again, and when it has had its chances. Pure.

Source: AWS's page on asynchronous error handling; the look-ahead on the event's age is recorded behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from invocations.values import Condition

# AWS's defaults and delays, seconds.
MAXIMUM_RETRY_ATTEMPTS = 2
MAXIMUM_EVENT_AGE = 21_600
RETRY_DELAY = 60  # times the number of failures: one minute, then two
DEFERRAL_DELAY_MAX = 300
LOST_RUNNERS_MAX = 5  # ours: an event that kills its runner each time must end


@dataclass(frozen=True)
class Policy:
    """What the function's owner set for the invoked qualifier. Zero retries are zero."""

    max_retries: int = MAXIMUM_RETRY_ATTEMPTS
    max_age_seconds: int = MAXIMUM_EVENT_AGE


@dataclass(frozen=True)
class RunAgain:
    due_at: datetime


@dataclass(frozen=True)
class Stop:
    condition: Condition


Decision = RunAgain | Stop


def after_failure(failures: int, accepted_at: datetime, now: datetime, policy: Policy) -> Decision:
    """Decide after a function error; `failures` counts this one too."""
    if failures > policy.max_retries:
        return Stop(Condition.RETRIES_EXHAUSTED)
    due_at = now + timedelta(seconds=RETRY_DELAY * failures)
    if due_at - accepted_at > timedelta(seconds=policy.max_age_seconds):
        return Stop(Condition.EVENT_AGE_EXCEEDED)
    return RunAgain(due_at)


def after_deferral(deferrals: int, accepted_at: datetime, now: datetime, policy: Policy) -> Decision:
    """Decide after a throttle or a fault of the platform, which cost no attempt; `deferrals` counts this one too.

    The wait is cut at the age limit, so that an event expires when it does and not up to five minutes later.
    """
    if expired(accepted_at, now, policy):
        return Stop(Condition.EVENT_AGE_EXCEEDED)
    delay = min(2 ** min(deferrals - 1, 20), DEFERRAL_DELAY_MAX)
    limit = accepted_at + timedelta(seconds=policy.max_age_seconds, milliseconds=1)
    return RunAgain(min(now + timedelta(seconds=delay), limit))


def after_lost_runner(lost: int, now: datetime) -> Decision:
    """Decide after the runner died; `lost` counts this one too. That is not one of the owner's retries."""
    return Stop(Condition.RUNNER_LOST) if lost >= LOST_RUNNERS_MAX else RunAgain(now)


def expired(accepted_at: datetime, now: datetime, policy: Policy) -> bool:
    return now - accepted_at > timedelta(seconds=policy.max_age_seconds)
