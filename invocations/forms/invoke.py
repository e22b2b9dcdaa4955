"""Invoking: the payload and how it is sent."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from invocations.values import Caller, InvocationResult, InvokeRequest

TYPES = ("RequestResponse", "DryRun", "Event")


class InvokeForm(forms.Form):
    """The fields and JSON members of a submission. An empty payload is `{}`, as AWS has it."""

    payload = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "aria-label": "Payload"}),
    )
    qualifier = forms.CharField(required=False, max_length=128)
    invocation_type = forms.ChoiceField(required=False, choices=[(name, name) for name in TYPES])
    log_type = forms.ChoiceField(required=False, choices=[("None", "None"), ("Tail", "Tail")])

    def request(self, caller: Caller, function: str, payload: bytes | None = None) -> InvokeRequest:
        """Return the request of a valid form; `payload` takes the place of the field's text (files, commands)."""
        given = self.cleaned_data
        return InvokeRequest(
            caller=caller,
            function=function,
            payload=given["payload"].encode("utf-8", "surrogatepass") if payload is None else payload,
            qualifier=given["qualifier"] or None,
            invocation_type=given["invocation_type"] or "RequestResponse",
            log_type=given["log_type"] or "None",
        )


def submission_from_json(body: bytes) -> dict[str, Any]:
    """Turn a JSON submission into the form's fields; its `payload` is any JSON value. ValueError says what is wrong."""
    try:
        document = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The body is not JSON: {error}.") from None
    if not isinstance(document, dict):
        raise ValueError(
            "The body must be a JSON object with the members payload, invocation_type, qualifier, log_type."
        )
    known = {"payload", *InvokeForm.base_fields}
    unknown = sorted(set(document) - known)
    if unknown:
        raise ValueError(f"Unknown member {unknown[0]!r}: a submission has {', '.join(sorted(known))}.")
    fields = {name: document[name] for name in document if name != "payload"}
    wrong = [name for name, value in fields.items() if not isinstance(value, str)]
    if wrong:
        raise ValueError(f"{wrong[0]} must be a string.")
    if "payload" in document:
        fields["payload"] = json.dumps(document["payload"], ensure_ascii=False)
    return fields


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def submission_document(result: InvocationResult) -> dict[str, Any]:
    """What a submission is answered with, at every door that speaks JSON."""
    return {
        "status_code": result.status_code,
        "request_id": result.request_id,
        "executed_version": result.executed_version,
        "function_error": result.function_error,
        "payload": _payload(result.payload),
        "log": None if result.log_tail is None else result.log_tail.decode(errors="replace"),
    }


def _payload(body: bytes) -> Any:
    """The result as a JSON value; bytes that are none, as text."""
    if not body:
        return None
    text = body.decode(errors="replace")
    try:
        return json.loads(text, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return text


class TestEventForm(forms.Form):
    """A payload to be kept with a function under a name."""

    __test__ = False  # not a test case, whatever its name says

    name = forms.RegexField(
        r"^[A-Za-z0-9._ -]{1,64}$",
        error_messages={"invalid": "Use letters, digits, spaces, dots, dashes and underscores; at most 64."},
    )
    payload = forms.CharField(strip=False, required=False, max_length=256 * 1024, widget=forms.Textarea)

    def clean_payload(self) -> str:
        text: str = self.cleaned_data["payload"] or "{}"
        try:
            json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"The payload is not JSON: {error}.") from None
        return text
