from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from invocations.decisions.event_sentences import (
    Ended,
    Sending,
    Told,
    Waits,
    attempt_sentence,
    delivery_sentence,
    end_sentence,
    waiting_reason,
    waiting_sentence,
)
from invocations.decisions.retry import Policy
from invocations.values import Condition, Outcome

AT = datetime(2026, 1, 1, 12, 1, tzinfo=UTC)
NEXT = datetime(2026, 1, 1, 12, 3, tzinfo=UTC)
FAILED = Told(2, Outcome.FUNCTION_ERROR, AT, Policy(), error="ValueError", failure=2, next_at=NEXT)

ATTEMPTS = [
    (
        FAILED,
        "Attempt 2 of 3 failed: ValueError. Next attempt at 12:03:00 "
        "(2 minutes after a second failure; MaximumRetryAttempts is 2).",
    ),
    (
        replace(FAILED, number=1, failure=1, next_began=True, policy=Policy(max_retries=1)),
        "Attempt 1 of 2 failed: ValueError. Next attempt began at 12:03:00 "
        "(1 minute after a first failure; MaximumRetryAttempts is 1).",
    ),
    (
        replace(FAILED, number=1, failure=1, next_at=None, end=Condition.RETRIES_EXHAUSTED, policy=Policy(0)),
        "Attempt 1 of 1 failed: ValueError. No attempt is left: MaximumRetryAttempts is 0.",
    ),
    (replace(FAILED, outcome=""), "Attempt 2 of 3 has been running since 12:01:00."),
    (
        replace(FAILED, outcome=Outcome.SUCCESS, duration_ms=12.0, init_ms=0.0),
        "Attempt 2 of 3 succeeded in 12 ms, after 0.00 ms of initialisation (cold start).",
    ),
    (replace(FAILED, outcome=Outcome.SUCCESS, duration_ms=12.0), "Attempt 2 of 3 succeeded in 12 ms."),
    (
        replace(FAILED, outcome=Outcome.LOST, failure=0, uncertain=1),
        "Attempt 2 of 4 was lost: the process that ran it died. The function may have run: possible duplicate. "
        "It costs none of the retries; after 5 lost runners an event ends.",
    ),
    (
        replace(FAILED, outcome=Outcome.FENCED, failure=0, uncertain=1),
        "Attempt 2 of 4 ended after another had taken its place, so its result does not count. "
        "The function ran more than once: possible duplicate.",
    ),
]


@pytest.mark.parametrize(("told", "text"), ATTEMPTS)
def test_every_attempt_is_told_with_its_rule(told: Told, text: str) -> None:
    assert attempt_sentence(told) == text


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_outcome_is_without_words(outcome: Outcome) -> None:
    text = attempt_sentence(replace(FAILED, outcome=outcome))
    assert text.startswith("Attempt 2 of ")
    assert outcome.value not in ("", text)
    assert ".." not in text


ENDED = Ended(Condition.SUCCESS, Policy(), timedelta(minutes=1, seconds=3), attempts=2, failures=1)
ENDS = [
    (ENDED, ["Succeeded with attempt 2", "1 min 3 s"]),
    (
        replace(ENDED, condition=Condition.RETRIES_EXHAUSTED, attempts=3, failures=3, error="ValueError: boom"),
        ["All 3 attempts failed, the last with ValueError: boom.", "MaximumRetryAttempts is 2"],
    ),
    (
        replace(ENDED, condition=Condition.RETRIES_EXHAUSTED, failures=1, error="E: m", policy=Policy(0)),
        ["The only attempt failed with E: m.", "MaximumRetryAttempts is 0"],
    ),
    (
        replace(ENDED, condition=Condition.EVENT_AGE_EXCEEDED, age=timedelta(minutes=62), policy=Policy(2, 3600)),
        ["Expired: 1 h 2 min old, MaximumEventAgeInSeconds is 3600.", "21600"],
    ),
    (
        replace(ENDED, condition=Condition.EVENT_AGE_EXCEEDED, age=timedelta(seconds=1), policy=Policy(2, 60)),
        ["Expired after 2 attempts: the next would come 1 minute later", "(60)"],
    ),
    (replace(ENDED, condition=Condition.ZERO_RESERVED_CONCURRENCY), ["reserved concurrency is 0"]),
    (replace(ENDED, condition=Condition.RECURSIVE_INVOCATION, hops=16), ["16 invocations", "RecursiveLoop to Allow"]),
    (replace(ENDED, condition=Condition.FUNCTION_NOT_FOUND), ["deleted while the event waited"]),
    (replace(ENDED, condition=Condition.RUNNER_LOST), ["died 5 times", "possible duplicate"]),
    (replace(ENDED, condition=Condition.CANCELLED, attempts=1), ["Cancelled", "after 1 attempt.", "dead-letter"]),
]


@pytest.mark.parametrize(("ended", "parts"), ENDS)
def test_every_condition_is_told(ended: Ended, parts: list[str]) -> None:
    text = end_sentence(ended)
    assert [part for part in parts if part not in text] == []


def test_no_condition_is_forgotten() -> None:
    assert {ended.condition for ended, _ in ENDS} == set(Condition)


WAITS = Waits("retry", "retry 1 of 2", NEXT, False, Policy(), failures=1)


@pytest.mark.parametrize(
    ("waits", "part"),
    [
        (WAITS, "Waits for its next attempt at 12:03:00 (1 minute after a first failure; MaximumRetryAttempts is 2)."),
        (replace(WAITS, due=True), "Due since 12:03:00: it runs as soon as a worker is free."),
        (replace(WAITS, kind="new", due=True), "as soon as a worker is free"),
        (
            replace(WAITS, kind="deferred", deferrals=3, error="Throttled: none left."),
            "3 times in a row: Throttled: none left. Next try at 12:03:00 (back-off from 1 s to 5 min)",
        ),
        (replace(WAITS, kind="lost", due=True), "possible duplicate"),
    ],
)
def test_every_wait_is_told(waits: Waits, part: str) -> None:
    assert part in waiting_sentence(waits)


@pytest.mark.parametrize(
    ("claim", "last_claim", "last", "failures", "deferrals", "error", "words"),
    [
        (0, 0, "", 0, 0, "", "queued"),
        (1, 1, "FunctionError", 1, 0, "ValueError", "retry 1 of 2"),
        (2, 1, "FunctionError", 1, 1, "ConcurrentInvocationLimitExceeded", "throttled"),
        (2, 1, "FunctionError", 1, 1, "UnusablePart", "deferred"),
        (2, 2, "Lost", 1, 1, "", "lost runner"),
        (1, 0, "", 0, 0, "", "lost runner"),  # it died before it wrote the attempt down
    ],
)
def test_the_reason_of_a_wait_is_that_of_the_last_claim(
    claim: int, last_claim: int, last: str, failures: int, deferrals: int, error: str, words: str
) -> None:
    reason = waiting_reason(
        claim_no=claim,
        last_claim=last_claim,
        last_outcome=last,
        failures=failures,
        deferrals=deferrals,
        error_type=error,
        retries=2,
    )
    assert reason.words == words


SENDING = Sending("on-failure", "orders-dlq", "SENT", 1, NEXT)


@pytest.mark.parametrize(
    ("sending", "text"),
    [
        (SENDING, "Sent to on-failure destination orders-dlq."),
        (replace(SENDING, state="PENDING", tries=0), "On its way to on-failure destination orders-dlq."),
        (
            replace(SENDING, state="PENDING", tries=2, error="no queue."),
            "Not sent to on-failure destination orders-dlq yet, tried 2 times (no queue); next try at 12:03:00.",
        ),
        (
            replace(SENDING, kind="dead-letter", state="FAILED", error="no queue"),
            "Undeliverable to dead-letter queue orders-dlq, tried 1 time (no queue). "
            "The outcome stands; the delivery can be sent again.",
        ),
    ],
)
def test_every_delivery_is_told(sending: Sending, text: str) -> None:
    assert delivery_sentence(sending) == text
