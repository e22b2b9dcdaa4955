"""Topics: made, listened to, published to."""

from __future__ import annotations

import json

from django import forms

from invocations.engines.sns import Outgoing
from invocations.engines.sns.content import JSON
from invocations.engines.sns.endpoints import OFFERED
from invocations.forms.queues import AttributesField

_CODE = {"spellcheck": "false", "class": "c-mono"}


class CreateTopicForm(forms.Form):
    """A new topic; what is left empty is AWS's default."""

    name = forms.CharField(max_length=256, help_text="Letters, digits, - and _; a FIFO topic's ends with .fifo")
    fifo = forms.BooleanField(required=False, label="FIFO", help_text="In order, each group on its own")
    deduplication = forms.BooleanField(
        required=False, label="Content-based deduplication", help_text="FIFO: the same text counts once in 5 minutes"
    )

    def attributes(self) -> dict[str, str]:
        """The attributes of CreateTopic."""
        given = self.cleaned_data
        found = {"FifoTopic": "true"} if given["fifo"] else {}
        return {**found, "ContentBasedDeduplication": "true"} if given["deduplication"] else found


class PublishForm(forms.Form):
    """One message. What the topic's kind does not take is refused by the engine, in AWS's words."""

    message = forms.CharField(
        strip=False, max_length=1_048_576, widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"})
    )
    subject = forms.CharField(required=False, max_length=100)
    group = forms.CharField(required=False, max_length=128, label="Message group id")
    dedup = forms.CharField(required=False, max_length=128, label="Deduplication id")
    each = forms.BooleanField(
        required=False,
        label="A text for each protocol",
        help_text='The message is JSON: {"default": "..", "sqs": "..", "lambda": ".."}',
    )
    attributes = AttributesField()

    def outgoing(self) -> Outgoing:
        given = self.cleaned_data
        return Outgoing(
            message=given["message"].replace("\r\n", "\n"),
            subject=given["subject"] or None,
            structure=JSON if given["each"] else "",
            attributes=given["attributes"],
            group=given["group"] or None,
            deduplication_id=given["dedup"] or None,
        )


class SubscribeForm(forms.Form):
    """One more listener."""

    protocol = forms.ChoiceField(choices=[(protocol, protocol) for protocol in OFFERED])
    endpoint = forms.CharField(
        max_length=2048, widget=forms.TextInput(attrs=_CODE), help_text="A queue's or function's ARN, or a URL"
    )
    raw = forms.BooleanField(required=False, label="Raw delivery", help_text="The message without its envelope")
    filter_policy = forms.CharField(
        required=False, label="Filter policy", widget=forms.Textarea(attrs={"rows": 2, **_CODE}), help_text="JSON"
    )
    filter_body = forms.BooleanField(
        required=False, label="Filter the message's body", help_text="Else its message attributes"
    )
    dead_letter_queue = forms.CharField(
        required=False, max_length=350, label="Dead-letter queue", widget=forms.TextInput(attrs=_CODE), help_text="ARN"
    )

    def attributes(self) -> dict[str, str]:
        """The attributes of Subscribe."""
        given, found = self.cleaned_data, {}
        if given["raw"]:
            found["RawMessageDelivery"] = "true"
        if given["filter_policy"]:
            found["FilterPolicyScope"] = "MessageBody" if given["filter_body"] else "MessageAttributes"
            found["FilterPolicy"] = given["filter_policy"]
        if given["dead_letter_queue"]:
            found["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": given["dead_letter_queue"]})
        return found
