"""Buses, their rules, and the rules' targets, made by people and by programs."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms

from invocations.decisions.constraints import shape_metadata
from invocations.decisions.cron import InvalidSchedule, parse
from invocations.decisions.event_envelope import is_full
from invocations.decisions.event_pattern import InvalidPattern, Mismatch, compile_pattern, explain
from invocations.engines.events.rules import RuleSpec
from invocations.engines.events.targets import TargetSpec
from invocations.models import Rule

_CODE = {"spellcheck": "false", "class": "c-mono", "autocomplete": "off"}
WHOLE, PATH, CONSTANT, TEMPLATE = "event", "path", "constant", "transformer"
_GETS = {
    WHOLE: "the whole event",
    PATH: "a part of it (input path)",
    CONSTANT: "always the same (constant)",
    TEMPLATE: "a text made of it (input transformer)",
}


class NameField(forms.CharField):
    """A name as a shape of EventBridge's model wants it."""

    def __init__(self, shape: str, letters: str, **more: Any) -> None:
        rules = shape_metadata(shape, "events")
        self._pattern = re.compile(rules["pattern"])
        self._letters = letters
        super().__init__(max_length=rules["max"], widget=forms.TextInput(attrs=_CODE), help_text=letters, **more)

    def clean(self, value: object) -> str:
        text: str = super().clean(value)
        if text and not self._pattern.fullmatch(text):
            raise forms.ValidationError(f"“{text}” has other characters than {self._letters.lower()}.")
        return text


class BusForm(forms.Form):
    """A custom bus."""

    name = NameField("EventBusName", "Letters, digits, dots, dashes and underscores")
    description = forms.CharField(required=False, max_length=512)


class RuleForm(forms.Form):
    """A rule; its pattern is held against the sample event while one writes it."""

    name = NameField("RuleName", "Letters, digits, dots, dashes and underscores")
    description = forms.CharField(required=False, max_length=512)
    pattern = forms.CharField(
        required=False,
        max_length=4096,
        strip=False,
        label="Event pattern",
        widget=forms.Textarea(attrs={"rows": 9, **_CODE}),
        help_text="JSON: each leaf is a list of what its value may be",
    )
    schedule = forms.CharField(
        required=False,
        max_length=256,
        widget=forms.TextInput(attrs={**_CODE, "placeholder": "rate(5 minutes)"}),
        help_text="Default bus only: rate(...) or cron(...)",
    )
    enabled = forms.BooleanField(required=False, initial=True)
    sample = forms.CharField(
        required=False,
        max_length=1_048_576,
        strip=False,
        label="Sample event",
        widget=forms.Textarea(attrs={"rows": 9, **_CODE}),
        help_text="The newest event of the bus, or any; it is not kept",
    )

    def clean_pattern(self) -> str:
        text: str = self.cleaned_data["pattern"].strip()
        try:
            if text:
                compile_pattern(text)
        except InvalidPattern as reason:
            raise forms.ValidationError(f"Event pattern is not valid. Reason: {reason}.") from None
        return text

    def clean_schedule(self) -> str:
        text: str = self.cleaned_data["schedule"].strip()
        try:
            if text:
                parse(text)
        except InvalidSchedule as error:
            raise forms.ValidationError(f"The schedule is not valid: {error}.") from None
        return text

    def clean_sample(self) -> dict[str, Any] | None:
        """The event, None when there is none."""
        text: str = self.cleaned_data["sample"]
        if not text.strip():
            return None
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"The sample event is not JSON: {error}.") from None
        if not is_full(document):
            raise forms.ValidationError(
                "A whole event has id, detail-type, source, account, time, region, resources and detail."
            )
        found: dict[str, Any] = document
        return found

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not given.get("pattern") and not given.get("schedule") and not self.errors:
            raise forms.ValidationError("A rule needs an event pattern, or on the default bus a schedule.")
        return given

    def spec(self) -> RuleSpec:
        given = self.cleaned_data
        state = Rule.State.ENABLED if given["enabled"] else Rule.State.DISABLED
        return RuleSpec(given["name"], given["pattern"], given["schedule"], state, given["description"])

    def verdict(self) -> dict[str, Any] | None:
        """Whether the sample fits the pattern; None while one of them is missing or wrong."""
        given = self.cleaned_data
        if not given.get("pattern") or not given.get("sample"):
            return None
        mismatch: Mismatch | None = explain(compile_pattern(given["pattern"]), given["sample"])
        return {"matches": mismatch is None, "why": "" if mismatch is None else str(mismatch)}


class TargetForm(forms.Form):
    """Where a rule sends what it takes, and as what. The rest of what can be wrong is told by the engine."""

    arn = forms.CharField(
        max_length=1600,
        label="Target",
        widget=forms.TextInput(attrs={**_CODE, "placeholder": "arn:aws:sqs:us-east-1:000000000000:orders"}),
        help_text="ARN of a function, queue, topic or another bus",
    )
    target_id = NameField("TargetId", "Letters, digits, dots, dashes and underscores", label="Target id", initial="1")
    gets = forms.ChoiceField(choices=list(_GETS.items()), initial=WHOLE, label="It gets")
    path = forms.CharField(
        required=False,
        max_length=256,
        label="Input path",
        widget=forms.TextInput(attrs=_CODE),
        help_text="As $.detail",
    )
    constant = forms.CharField(
        required=False,
        max_length=8192,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2, **_CODE}),
        help_text="JSON",
    )
    paths = forms.CharField(
        required=False,
        max_length=8192,
        label="Transformer: input paths",
        widget=forms.Textarea(attrs={"rows": 2, **_CODE}),
        help_text='Names for the template: {"total": "$.detail.total"}',
    )
    template = forms.CharField(
        required=False,
        max_length=8192,
        strip=False,
        label="Transformer: template",
        widget=forms.Textarea(attrs={"rows": 2, **_CODE}),
        help_text='Such as {"order": <total>}, or a text in quotes',
    )
    group = forms.CharField(required=False, max_length=128, label="Message group id", help_text="Of a FIFO queue")
    max_retries = forms.IntegerField(
        required=False, min_value=0, max_value=185, label="Retries", help_text="0 to 185 (185)"
    )
    max_age_seconds = forms.IntegerField(
        required=False,
        min_value=60,
        max_value=86_400,
        label="Maximum age in seconds",
        help_text="60 to 86,400 (86,400)",
    )
    dead_letter_queue = forms.CharField(
        required=False, max_length=1600, label="Dead-letter queue", widget=forms.TextInput(attrs=_CODE), help_text="ARN"
    )
    permit = forms.BooleanField(
        required=False,
        initial=True,
        label="Let the rule in",
        help_text="Add to the target's policy what it lacks; EventBridge alone would not",
    )

    def clean_paths(self) -> dict[str, str]:
        text: str = self.cleaned_data["paths"].strip()
        try:
            found = json.loads(text or "{}")
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"The input paths are not JSON: {error}.") from None
        if not isinstance(found, dict) or not all(isinstance(path, str) for path in found.values()):
            raise forms.ValidationError('Input paths are a JSON object, such as {"total": "$.detail.total"}.')
        return found

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        needed = {PATH: "path", CONSTANT: "constant", TEMPLATE: "template"}.get(given.get("gets", ""))
        if needed and not self.errors and not given.get(needed):
            self.add_error(needed, f"The target gets {_GETS[given['gets']]}, so this must be filled in.")
        return given

    def spec(self) -> TargetSpec:
        given = self.cleaned_data
        gets = given["gets"]
        return TargetSpec(
            target_id=given["target_id"],
            arn=given["arn"],
            constant=given["constant"] if gets == CONSTANT else None,
            path=given["path"] if gets == PATH else None,
            template=given["template"] if gets == TEMPLATE else None,
            paths=given["paths"] if gets == TEMPLATE else {},
            has_sqs_parameters=bool(given["group"]),
            group=given["group"] or None,
            max_retries=given["max_retries"],
            max_age_seconds=given["max_age_seconds"],
            dead_letter_arn=given["dead_letter_queue"] or None,
        )
