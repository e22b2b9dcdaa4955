from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from invocations.decisions.retry import Policy, RunAgain, Stop, after_deferral, after_failure, after_lost_runner
from invocations.values import Condition

ACCEPTED = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return ACCEPTED + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("failures", "now", "policy", "decision"),
    [
        (1, 5, Policy(), RunAgain(at(65))),  # one minute after the first failure
        (2, 70, Policy(), RunAgain(at(190))),  # two after the second
        (3, 200, Policy(), Stop(Condition.RETRIES_EXHAUSTED)),
        (1, 5, Policy(max_retries=0), Stop(Condition.RETRIES_EXHAUSTED)),  # zero is zero
        (1, 5, Policy(max_retries=1), RunAgain(at(65))),
        (2, 70, Policy(max_retries=1), Stop(Condition.RETRIES_EXHAUSTED)),
        (1, 1, Policy(max_age_seconds=60), Stop(Condition.EVENT_AGE_EXCEEDED)),  # recorded: 60 s never retries
        (1, 0, Policy(max_age_seconds=60), RunAgain(at(60))),
        (1, 5, Policy(max_age_seconds=150), RunAgain(at(65))),  # recorded: about 150 s retries once
        (2, 70, Policy(max_age_seconds=150), Stop(Condition.EVENT_AGE_EXCEEDED)),
        (3, 9e9, Policy(), Stop(Condition.RETRIES_EXHAUSTED)),  # exhausted comes before too old
    ],
)
def test_a_function_error_is_retried_while_retries_and_age_allow(
    failures: int, now: float, policy: Policy, decision: object
) -> None:
    assert after_failure(failures, ACCEPTED, at(now), policy) == decision


@pytest.mark.parametrize(
    ("deferrals", "now", "policy", "decision"),
    [
        (1, 0, Policy(), RunAgain(at(1))),
        (2, 1, Policy(), RunAgain(at(3))),
        (9, 300, Policy(), RunAgain(at(556))),
        (10, 600, Policy(), RunAgain(at(900))),  # five minutes at most
        (5000, 600, Policy(), RunAgain(at(900))),
        (1, 21_600, Policy(), RunAgain(at(21_600.001))),  # cut at the age limit
        (1, 21_601, Policy(), Stop(Condition.EVENT_AGE_EXCEEDED)),
        (7, 59, Policy(max_retries=0, max_age_seconds=60), RunAgain(at(60.001))),  # retries play no part
    ],
)
def test_a_deferral_waits_longer_each_time_until_the_event_is_too_old(
    deferrals: int, now: float, policy: Policy, decision: object
) -> None:
    assert after_deferral(deferrals, ACCEPTED, at(now), policy) == decision


def test_five_lost_runners_end_an_event() -> None:
    assert [after_lost_runner(lost, at(9)) for lost in (1, 4)] == [RunAgain(at(9))] * 2
    assert after_lost_runner(5, at(9)) == Stop(Condition.RUNNER_LOST)
