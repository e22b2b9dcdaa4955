"""Putting an event on a bus, and trying a pattern on one."""

from __future__ import annotations

import json

from django import forms

from invocations.decisions.event_envelope import is_full, read_detail
from invocations.decisions.event_pattern import InvalidPattern, Mismatch, compile_pattern, explain
from invocations.engines.events import Entry

_CODE = {"spellcheck": "false", "class": "c-mono"}
SAMPLE = {
    "version": "0",
    "id": "11111111-2222-3333-4444-555555555555",
    "detail-type": "order placed",
    "source": "shop",
    "account": "000000000000",
    "time": "2026-01-31T12:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"total": 120},
}


class EventForm(forms.Form):
    """One event. What EventBridge refuses is said by the engine, in AWS's words."""

    source = forms.CharField(max_length=256, widget=forms.TextInput(attrs={**_CODE, "placeholder": "shop"}))
    detail_type = forms.CharField(max_length=128, label="Detail type", initial="order placed")
    detail = forms.CharField(
        strip=False, max_length=1_048_576, initial="{}", widget=forms.Textarea(attrs={"rows": 4, **_CODE})
    )
    resources = forms.CharField(
        required=False,
        max_length=20_000,
        help_text="ARNs, one a line",
        widget=forms.Textarea(attrs={"rows": 1, **_CODE}),
    )

    def clean_detail(self) -> str:
        text: str = self.cleaned_data["detail"]
        if read_detail(text) is None:
            raise forms.ValidationError('The detail must be a JSON object, such as {"total": 120}.')
        return text

    def entry(self, bus: str) -> Entry:
        given = self.cleaned_data
        return Entry(
            source=given["source"],
            detail_type=given["detail_type"],
            detail=given["detail"],
            resources=given["resources"].split(),
            bus=bus,
        )


class PatternForm(forms.Form):
    """A pattern and an event to try it on."""

    pattern = forms.CharField(max_length=4096, strip=False, widget=forms.Textarea(attrs={"rows": 6, **_CODE}))
    event = forms.CharField(
        max_length=1_048_576, strip=False, label="Whole event", widget=forms.Textarea(attrs={"rows": 6, **_CODE})
    )

    def clean_pattern(self) -> str:
        text: str = self.cleaned_data["pattern"]
        try:
            compile_pattern(text)
        except InvalidPattern as reason:
            raise forms.ValidationError(f"Event pattern is not valid. Reason: {reason}") from None
        return text

    def clean_event(self) -> str:
        text: str = self.cleaned_data["event"]
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"The event is not JSON: {error}.") from None
        if not is_full(document):
            raise forms.ValidationError(
                "A whole event has id, detail-type, source, account, time, region, resources and detail."
            )
        return text

    def mismatch(self) -> Mismatch | None:
        """None when the event fits; else the leaf that keeps it out."""
        given = self.cleaned_data
        return explain(compile_pattern(given["pattern"]), json.loads(given["event"]))
