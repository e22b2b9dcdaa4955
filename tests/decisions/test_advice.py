from __future__ import annotations

import pytest

from invocations.decisions.advice import advise

TABLE = [
    # code, AWS's message, reason, what is added
    ("ResourceNotFoundException", "Function not found: arn:x", "", "check its name"),
    (
        "TooManyRequestsException",
        "Rate Exceeded.",
        "ReservedFunctionConcurrentInvocationLimitExceeded",
        "raise or remove",
    ),
    ("TooManyRequestsException", "Rate Exceeded.", "ConcurrentInvocationLimitExceeded", "the account's"),
    ("TooManyRequestsException", "Rate Exceeded.", "CallerRateLimitExceeded", "in a moment"),
    ("ResourceConflictException", "The function is currently in the following state: Pending", "", "try again"),
    ("InvalidRequestContentException", "Could not parse", "", "one JSON value"),
    ("RequestEntityTooLargeException", "Request must be smaller than 6291456 bytes", "", "6,291,456 bytes"),
    ("PreconditionFailedException", "The Revision Id provided", "", "load the page again"),
]


@pytest.mark.parametrize(("code", "message", "reason", "added"), TABLE)
def test_a_refusal_keeps_its_words_and_says_what_to_change(code: str, message: str, reason: str, added: str) -> None:
    text = advise(code, message, reason)
    assert text.startswith(message)
    assert added in text


def test_a_message_without_advice_ends_as_a_sentence() -> None:
    assert advise("InvalidParameterValueException", "No such thing") == "No such thing."
    assert advise("ResourceConflictException", "Function already exist: hello.") == "Function already exist: hello."


def test_a_package_that_is_too_large_gets_no_advice_on_payloads() -> None:
    text = advise("RequestEntityTooLargeException", "Zipped size must be smaller than 52428800 bytes")
    assert "payload" not in text
