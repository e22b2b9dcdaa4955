"""Sending to a queue."""

from __future__ import annotations

from django import forms

from invocations.engines.sqs import Outgoing


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
