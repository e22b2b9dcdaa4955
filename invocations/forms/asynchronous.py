"""How a function's events are retried, and where their outcome goes. Empty is AWS's default, 0 is 0."""

from __future__ import annotations

from typing import Any

from django import forms

from invocations import limits
from invocations.decisions.retry import MAXIMUM_EVENT_AGE, MAXIMUM_RETRY_ATTEMPTS
from invocations.flows.event_invoke_config import Settings
from invocations.models import EventInvokeConfig

ARN_CHARACTERS = 350


class EventInvokeForm(forms.Form):
    """One qualifier's configuration, whole: what is left empty is not set. Bounds are refused in AWS's own words."""

    qualifier = forms.CharField(max_length=128, help_text="$LATEST, a version or an alias; none inherits from another.")
    maximum_retry_attempts = forms.IntegerField(
        required=False,
        label="Retries",
        help_text=f"0 to {limits.RETRY_ATTEMPTS[1]}; empty: {MAXIMUM_RETRY_ATTEMPTS}",
    )
    maximum_event_age_seconds = forms.IntegerField(
        required=False,
        label="Maximum age of an event (s)",
        help_text=f"{limits.EVENT_AGE_SECONDS[0]} to {limits.EVENT_AGE_SECONDS[1]}; empty: {MAXIMUM_EVENT_AGE}",
    )
    on_success = forms.CharField(
        required=False, max_length=ARN_CHARACTERS, label="On success, send a record to", help_text="An ARN, or empty."
    )
    on_failure = forms.CharField(
        required=False, max_length=ARN_CHARACTERS, label="On failure, send a record to", help_text="An ARN, or empty."
    )

    def settings(self) -> Settings | None:
        """None when nothing is set: the qualifier has no configuration then."""
        given = self.cleaned_data
        numbers = (given["maximum_retry_attempts"], given["maximum_event_age_seconds"])
        if numbers == (None, None) and not given["on_success"] and not given["on_failure"]:
            return None
        return Settings(*numbers, on_success=given["on_success"], on_failure=given["on_failure"])

    def field_of(self, sentence: str) -> str | None:
        """The field that a refusal is about; None when it could be either destination."""
        named = {
            "maximumRetryAttempts": "maximum_retry_attempts",
            "maximumEventAgeInSeconds": "maximum_event_age_seconds",
            "destinationConfig.onSuccess": "on_success",
            "destinationConfig.onFailure": "on_failure",
            "doesn't exist": "qualifier",
            "not found": "qualifier",
        }
        found = next((field for word, field in named.items() if word in sentence), None)
        given = [field for field in ("on_success", "on_failure") if self.data.get(field)]
        return found or (given[0] if len(given) == 1 and "destination" in sentence else None)

    @staticmethod
    def initial_of(qualifier: str, config: EventInvokeConfig | None) -> dict[str, Any]:
        """The form's values for a qualifier as it is."""
        names = [name for name in EventInvokeForm.base_fields if name != "qualifier"]
        return {"qualifier": qualifier, **{name: getattr(config, name, None) for name in names}}


class DeadLetterForm(forms.Form):
    target = forms.CharField(
        required=False,
        max_length=ARN_CHARACTERS,
        label="Dead-letter queue",
        help_text="ARN of a standard SQS queue or SNS topic; empty: none. It gets the event itself.",
    )

    @staticmethod
    def field_of(sentence: str) -> str:
        return "target"


class RecursionForm(forms.Form):
    loop = forms.ChoiceField(
        label="Recursive loops",
        choices=[
            ("Terminate", f"stop after {limits.CHAIN_MAX} invocations in a chain"),
            ("Allow", "let them go on"),
        ],
    )
