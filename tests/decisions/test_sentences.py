from __future__ import annotations

from dataclasses import replace

import pytest

from invocations.decisions.sentences import OUTCOME_WORDS, Run, sentence
from invocations.values import Outcome

RUN = Run(
    outcome=Outcome.SUCCESS,
    error_type="",
    error_message="",
    duration_ms=12,
    init_ms=None,
    memory_mb=128,
    max_memory_mb=40,
)
FAILED = replace(RUN, outcome=Outcome.FUNCTION_ERROR, error_type="ValueError", error_message="boom")

TABLE = [
    # what ran, what its sentence says
    (RUN, ["Succeeded in 12 ms", "warm"]),
    (replace(RUN, init_ms=0.0), ["after 0.00 ms of initialisation", "cold start"]),  # zero is a measured time
    (replace(RUN, max_memory_mb=116), ["used 116 of 128 MB", "MemorySize"]),
    (FAILED, ["failed with ValueError: boom", "never retried", "status 200"]),
    (replace(FAILED, error_type="", error_message=""), ["failed with no reason"]),
    (replace(FAILED, error_type="Runtime.MarshalError"), ["The result is not JSON"]),
    (
        replace(FAILED, hint="this function's network is 'endpoint'."),
        ["boom", " This function's network is 'endpoint'."],
    ),
    (replace(RUN, outcome=Outcome.INIT_ERROR, error_type="Runtime.ImportModuleError"), ["Handler", "never ran"]),
    (replace(RUN, outcome=Outcome.INIT_ERROR, error_type="Runtime.HandlerNotFound"), ["after the last dot"]),
    (replace(RUN, outcome=Outcome.INIT_ERROR, error_type="NameError"), ["before the first event"]),
    (replace(RUN, outcome=Outcome.TIMEOUT, duration_ms=3000), ["Stopped after 3.00 s", "Timeout", "900 s"]),
    (
        replace(RUN, outcome=Outcome.EXITED, error_message="RequestId: a-b Error: exit status 127"),
        ["answered: exit status 127", "must not call exit"],
    ),
    (replace(RUN, outcome=Outcome.OUT_OF_MEMORY), ["MemorySize is 128 MB", "10240"]),
    (replace(RUN, outcome=Outcome.RESPONSE_TOO_LARGE), ["6,291,556 bytes", "bucket"]),
]


@pytest.mark.parametrize(("run", "parts"), TABLE)
def test_every_end_is_told_with_its_rule_and_what_would_change_it(run: Run, parts: list[str]) -> None:
    text = sentence(run)
    assert [part for part in parts if part not in text] == []


def test_memory_far_from_its_limit_is_not_mentioned() -> None:
    assert "MemorySize" not in sentence(replace(RUN, max_memory_mb=115))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_shape_and_words(outcome: Outcome) -> None:
    assert all(OUTCOME_WORDS[outcome])
    assert sentence(replace(RUN, outcome=outcome)) != f"Ended as {outcome}."
