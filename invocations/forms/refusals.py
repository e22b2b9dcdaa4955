"""A refusal or a part that is down, as one sentence for people."""

from __future__ import annotations

from invocations.decisions.advice import advise
from invocations.errors import LambdaplayError, Refusal


def refusal_sentence(error: LambdaplayError) -> str:
    if isinstance(error, Refusal):
        return advise(error.code, error.message, error.extra.get("Reason", ""))
    return advise("ServiceUnavailableException", str(error))


def refusal_status(error: LambdaplayError) -> int:
    """The HTTP status to answer with; a part of the house that is down is 503."""
    return error.status if isinstance(error, Refusal) else 503
