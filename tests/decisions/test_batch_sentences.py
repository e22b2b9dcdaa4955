from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from invocations.decisions.batch_sentences import HALVED, Told, batch_sentence, fate_sentence

AT = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
QUEUE = Told("ENDED", "succeeded", "", 10, 0, 0, 1, True, True, AT)
STREAM = Told("ENDED", "succeeded", "", 8, 0, 0, 1, False, False, max_retries=1, max_age_seconds=60)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (QUEUE, "All 10 messages succeeded: deleted from the queue."),
        (replace(QUEUE, records=1), "The message succeeded: deleted from the queue."),
        (
            replace(QUEUE, filtered=2),
            "All 10 messages succeeded: deleted from the queue. 2 more did not pass the filters and were deleted.",
        ),
        (
            replace(QUEUE, outcome="failed", failed=10, reason="an itemIdentifier is empty"),
            "All 10 messages count as failed: an itemIdentifier is empty. "
            "They return to the queue at 12:00:30 UTC (visibility timeout).",
        ),
        (
            replace(
                QUEUE, outcome="failed", records=1, failed=1, filtered=1, reason="the function ended with an error"
            ),
            "The message counts as failed: the function ended with an error. It returns to the queue at 12:00:30 UTC "
            "(visibility timeout). 1 more did not pass the filters and was deleted.",
        ),
        (
            replace(QUEUE, outcome="partial", failed=2),
            "2 of 10 messages failed: the function named them in batchItemFailures. "
            "They return to the queue at 12:00:30 UTC (visibility timeout). The others were deleted.",
        ),
        (
            replace(QUEUE, state="COLLECTING", outcome="", records=3, window_ends_at=AT),
            "Collects until 12:00:30 UTC (MaximumBatchingWindowInSeconds), or until it is full; 3 messages so far.",
        ),
        (
            replace(STREAM, outcome="failed", failed=8, reason=f"the function ended with an error; {HALVED}"),
            "All 8 records count as failed: the function ended with an error; cut in half by "
            "BisectBatchOnFunctionError. Each half is called on its own; this costs no retry.",
        ),
        (
            replace(STREAM, outcome="failed", records=1, reason="RetryAttemptsExhausted", attempt=2),
            "Given up after 2 calls: MaximumRetryAttempts is 1. "
            "The on-failure destination is told, if there is one, and the shard goes on.",
        ),
        (
            replace(STREAM, outcome="expired", reason="RecordAgeExceeded"),
            "Given up without a call: older than MaximumRecordAgeInSeconds (60). "
            "The on-failure destination is told, if there is one.",
        ),
        (
            replace(STREAM, outcome="lost"),
            "The worker that ran it died. The function may have run: possible duplicate. "
            "They are called again from the checkpoint.",
        ),
    ],
)
def test_every_batch_has_its_sentence(told: Told, sentence: str) -> None:
    assert batch_sentence(told) == sentence


@pytest.mark.parametrize(
    ("fate", "outcome", "queue", "sentence"),
    [
        ("done", "partial", True, "Deleted."),
        ("", "succeeded", False, "Done."),
        ("failed", "failed", True, "Comes back to the queue."),
        ("failed", "partial", False, "Is called again."),
        ("given up", "failed", False, "Given up; an on-failure record names it."),
        ("filtered", "succeeded", False, "Did not pass the filters: a is 1. Passed over."),
        ("", "", True, "Under way."),
    ],
)
def test_every_record_has_its_sentence(fate: str, outcome: str, queue: bool, sentence: str) -> None:
    assert fate_sentence(fate, outcome, "a is 1.", is_queue=queue) == sentence
