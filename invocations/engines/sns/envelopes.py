"""What subscribers get: the envelope for queues and HTTP endpoints, the event for functions, confirmations.

Shapes, order of members and the odd spelling of some are AWS's (reference: triggers, SNS; recorded answers).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from invocations.engines.sns import signing
from invocations.records import timestamp

CERTIFICATE_PATH = "/_lambdaplay/sns/"
# What JSON leaves as it is and queues refuse in a message.
_REFUSED = {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}


@dataclass(frozen=True)
class Notification:
    """One message as one protocol gets it. `attributes`: {"name": {"Type": "String", "Value": ".."}}."""

    message_id: str
    topic_arn: str
    message: str
    at: datetime
    subject: str = ""
    sequence: str = ""  # FIFO topics: those notifications are not signed
    signature_version: str = signing.SHA1
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict, compare=False)  # by version: one for all subscriptions

    def signature(self, version: str) -> str:
        if version not in self.signatures:
            parts = {
                "Message": self.message,
                "MessageId": self.message_id,
                **({"Subject": self.subject} if self.subject else {}),
                "Timestamp": timestamp(self.at),
                "TopicArn": self.topic_arn,
                "Type": "Notification",
            }
            self.signatures[version] = _sign(parts, version)
        return self.signatures[version]


def notification(one: Notification, subscription_arn: str) -> bytes:
    """The envelope that queues and HTTP endpoints get."""
    found: dict[str, Any] = {"Type": "Notification", "MessageId": one.message_id}
    if one.sequence:
        found["SequenceNumber"] = one.sequence
    found["TopicArn"] = one.topic_arn
    if one.subject:
        found["Subject"] = one.subject
    found |= {"Message": one.message, "Timestamp": timestamp(one.at)}
    if not one.sequence:
        found |= {
            "SignatureVersion": one.signature_version,
            "Signature": one.signature(one.signature_version),
            "SigningCertURL": certificate_url(),
        }
    found["UnsubscribeURL"] = unsubscribe_url(subscription_arn)
    if one.attributes:
        found["MessageAttributes"] = one.attributes
    return _spread(found)


def function_event(one: Notification, subscription_arn: str) -> bytes:
    """The event that a function gets: always one record, always signed by version 1."""
    message = {
        "Type": "Notification",
        "MessageId": one.message_id,
        "TopicArn": one.topic_arn,
        "Subject": one.subject or None,
        "Message": one.message,
        "Timestamp": timestamp(one.at),
        "SignatureVersion": signing.SHA1,
        "Signature": one.signature(signing.SHA1),
        "SigningCertUrl": certificate_url(),
        "UnsubscribeUrl": unsubscribe_url(subscription_arn),
        "MessageAttributes": one.attributes,
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": message,
    }
    return json.dumps({"Records": [record]}, separators=(",", ":")).encode()


def subscription_confirmation(topic_arn: str, token: str, message_id: str, at: datetime, version: str) -> bytes:
    text = (
        f"You have chosen to subscribe to the topic {topic_arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    return _confirmation("SubscriptionConfirmation", text, topic_arn, token, message_id, at, version)


def unsubscribe_confirmation(
    subscription_arn: str, topic_arn: str, token: str, message_id: str, at: datetime, version: str
) -> bytes:
    text = (
        f"You have chosen to deactivate subscription {subscription_arn}.\n"
        "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
    )
    return _confirmation("UnsubscribeConfirmation", text, topic_arn, token, message_id, at, version)


def _confirmation(
    kind: str, text: str, topic_arn: str, token: str, message_id: str, at: datetime, version: str
) -> bytes:
    url = f"{_base()}/?" + urlencode({"Action": "ConfirmSubscription", "TopicArn": topic_arn, "Token": token}, safe=":")
    signed = {
        "Message": text,
        "MessageId": message_id,
        "SubscribeURL": url,
        "Timestamp": timestamp(at),
        "Token": token,
        "TopicArn": topic_arn,
        "Type": kind,
    }
    return _spread(
        {
            "Type": kind,
            "MessageId": message_id,
            "Token": token,
            "TopicArn": topic_arn,
            "Message": text,
            "SubscribeURL": url,
            "Timestamp": timestamp(at),
            "SignatureVersion": version,
            "Signature": _sign(signed, version),
            "SigningCertURL": certificate_url(),
        }
    )


def unsubscribe_url(subscription_arn: str) -> str:
    return f"{_base()}/?" + urlencode({"Action": "Unsubscribe", "SubscriptionArn": subscription_arn}, safe=":")


def certificate_url() -> str:
    return f"{_base()}{CERTIFICATE_PATH}{signing.certificate_name()}"


def _base() -> str:
    url: str = settings.LAMBDAPLAY_URL
    return url


def _sign(parts: Mapping[str, str], version: str) -> str:
    """AWS's string to sign: names and values by name, each on lines of its own."""
    return signing.sign("".join(f"{name}\n{parts[name]}\n" for name in sorted(parts)), version)


def _spread(document: Mapping[str, Any]) -> bytes:
    """JSON as SNS lays it out: a member on each line, attributes one more level in."""
    lines = []
    for name, value in document.items():
        if isinstance(value, Mapping):
            inner = ",\n".join(f"    {_json(key)} : {_json(one)}" for key, one in value.items())
            lines.append(f"  {_json(name)} : {{\n{inner}\n  }}")
        else:
            lines.append(f"  {_json(name)} : {_json(value)}")
    return ("{\n" + ",\n".join(lines) + "\n}").encode()


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for raw, escaped in _REFUSED.items():
        text = text.replace(raw, escaped)
    return text
