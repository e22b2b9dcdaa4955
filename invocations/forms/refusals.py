"""A refusal or a part that is down, as one sentence for people."""

from __future__ import annotations

from django.forms import Form

from invocations.decisions.advice import advise
from invocations.errors import LambdaplayError, Refusal


def form_sentence(form: Form, *, fields: bool = False) -> str:
    """Everything that is wrong with a form, on one line; `fields` names the field before each text."""
    told = [(name, str(text)) for name, texts in form.errors.items() for text in texts]
    return " ".join(f"{name}: {text}" if fields and name != "__all__" else text for name, text in told)


def refusal_sentence(error: LambdaplayError) -> str:
    if isinstance(error, Refusal):
        return advise(error.code, error.message, error.extra.get("Reason", ""))
    return advise("ServiceUnavailableException", str(error))


def refusal_status(error: LambdaplayError) -> int:
    """The HTTP status to answer with; a part of the house that is down is 503."""
    return error.status if isinstance(error, Refusal) else 503
