"""One rule of a bucket."""

from __future__ import annotations

from django import forms

from invocations.decisions.object_rules import OFFERED, Rule
from invocations.flows import bucket_rules
from invocations.values import Scope

_CODE = {"class": "c-mono", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
_MOST = "s3:ObjectCreated:*"


class RuleForm(forms.Form):
    """Which changes go where. What is left empty filters nothing."""

    bucket = forms.CharField(max_length=63, widget=forms.TextInput(attrs=_CODE))
    target = forms.CharField(
        max_length=2048,
        widget=forms.TextInput(attrs=_CODE),
        help_text="A function's name, or the ARN of a function, queue or topic. What its policy lacks is added.",
    )
    events = forms.MultipleChoiceField(
        choices=[(name, name) for name in sorted(OFFERED)],
        initial=[_MOST],
        widget=forms.SelectMultiple(attrs={"size": 6}),
    )
    # Blanks count: keys may begin or end with them.
    begins = forms.CharField(required=False, max_length=1024, strip=False, label="Keys begin with")
    ends = forms.CharField(required=False, max_length=1024, strip=False, label="Keys end with")

    def rule(self, scope: Scope) -> Rule:
        given = self.cleaned_data
        service, arn = bucket_rules.target_of(given["target"], scope)
        return Rule("", service, arn, tuple(given["events"]), given["begins"] or None, given["ends"] or None)
