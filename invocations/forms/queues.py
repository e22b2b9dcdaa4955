"""Sending to a queue."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from invocations.engines.sqs import Outgoing
from invocations.values import Scope


class AttributesField(forms.CharField):
    """Message attributes as lines; cleans to AWS's form."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "c-mono", "placeholder": "NAME=value"})

    def __init__(self) -> None:
        super().__init__(
            required=False, strip=False, label="Message attributes", help_text="One a line: NAME=value, type String."
        )

    def clean(self, value: object) -> dict[str, dict[str, str]]:
        try:
            return attributes_from_text(str(super().clean(value) or ""))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


def attributes_from_text(text: str) -> dict[str, dict[str, str]]:
    """Read NAME=value lines. Raises ValueError with a sentence that names the line."""
    found: dict[str, dict[str, str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"Line {number} must read NAME=value.")
        found[name.strip()] = {"DataType": "String", "StringValue": value}
    return found


class SendForm(forms.Form):
    """One message. What the queue's kind does not take is refused by the engine, in AWS's words."""

    body = forms.CharField(
        strip=False, max_length=1_048_576, widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"})
    )
    delay = forms.IntegerField(required=False, label="Delay (s)", min_value=0, max_value=900)
    group = forms.CharField(required=False, max_length=128, label="Message group id")
    dedup = forms.CharField(required=False, max_length=128, label="Deduplication id")
    attributes = AttributesField()

    def message(self, sender: str) -> Outgoing:
        given = self.cleaned_data
        return Outgoing(
            body=given["body"].replace("\r\n", "\n"),
            attributes=given["attributes"],
            delay=given["delay"],
            group=given["group"] or None,
            deduplication_id=given["dedup"] or None,
            sender=sender,
        )


class CreateQueueForm(forms.Form):
    """A new queue; what is left empty is AWS's default."""

    name = forms.CharField(max_length=80, help_text="Letters, digits, - and _; a FIFO queue's ends with .fifo")
    fifo = forms.BooleanField(required=False, label="FIFO", help_text="In order, each group on its own")
    visibility = forms.IntegerField(
        required=False, min_value=0, max_value=43_200, label="Visibility timeout (s)", help_text="0 to 43200; empty: 30"
    )
    delay = forms.IntegerField(required=False, min_value=0, max_value=900, label="Delay (s)", help_text="Empty: 0")
    dead_letter_queue = forms.CharField(
        required=False, max_length=80, label="Dead-letter queue", help_text="Its name, or empty"
    )
    max_receives = forms.IntegerField(
        required=False, min_value=1, max_value=1000, label="Receives before it", help_text="1 to 1000"
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("dead_letter_queue") and given.get("max_receives") is None and "max_receives" not in self.errors:
            self.add_error("max_receives", "Say after how many receives a message goes to the dead-letter queue.")
        if given.get("max_receives") is not None and not given.get("dead_letter_queue"):
            self.add_error("dead_letter_queue", "Name the queue that messages go to after that many receives.")
        return given

    def attributes(self, scope: Scope) -> dict[str, str]:
        """The attributes of CreateQueue."""
        given, found = self.cleaned_data, {}
        if given["fifo"]:
            found["FifoQueue"] = "true"
        for field, name in (("visibility", "VisibilityTimeout"), ("delay", "DelaySeconds")):
            if given[field] is not None:
                found[name] = str(given[field])
        if given["dead_letter_queue"]:
            arn = f"arn:aws:sqs:{scope.region}:{scope.account}:{given['dead_letter_queue']}"
            found["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": given["max_receives"]})
        return found


class RedriveForm(forms.Form):
    """Where a dead-letter queue's messages go, and how fast."""

    to = forms.CharField(
        required=False, max_length=80, label="To", help_text="A queue's name; empty: each to where it died"
    )
    rate = forms.IntegerField(
        required=False, min_value=1, max_value=500, label="Messages a second", help_text="1 to 500; empty: no limit"
    )
