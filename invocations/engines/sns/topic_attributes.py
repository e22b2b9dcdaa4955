"""A topic's attributes: strings on the wire, columns in the row. All are checked before any is set."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from invocations.decisions import delivery_policy
from invocations.decisions.delivery_policy import InvalidPolicy
from invocations.engines.sns import limits, policies
from invocations.engines.sns.errors import InvalidParameter, NotOffered
from invocations.models import Subscription, Topic

FIFO_ONLY = ("ContentBasedDeduplication", "FifoThroughputScope")
_SCOPES = ("Topic", "MessageGroup")
_FEEDBACK = tuple(
    f"{endpoint}{attribute}"
    for endpoint in ("HTTP", "Firehose", "Lambda", "Application", "SQS")
    for attribute in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
)
# What AWS knows and nothing here acts on. A value that asks for nothing is accepted, because tools send it.
_REFUSED = {
    "KmsMasterKeyId": "messages are not encrypted with KMS keys",
    "ArchivePolicy": "messages are not archived",
    "DataProtectionPolicy": "messages are not inspected",
    **dict.fromkeys(_FEEDBACK, "the state of every delivery is on the topic's page"),
}


def apply(topic: Topic, given: Mapping[str, str]) -> None:
    """Check the attributes and write them into the row, unsaved. Raises the first refusal, with nothing changed."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        found |= _columns(topic, name, value)
    for column, value in found.items():
        setattr(topic, column, value)


def _columns(topic: Topic, name: str, value: str) -> dict[str, Any]:
    if name in _REFUSED and value:
        raise NotOffered(name, _REFUSED[name])
    if name in _REFUSED:
        return {}
    reader = _READERS.get(name)
    if reader is None or (name in FIFO_ONLY and not topic.fifo):
        raise InvalidParameter("AttributeName")
    return reader(topic, value)


def _display_name(topic: Topic, value: str) -> dict[str, Any]:
    if len(value) > 100 or not value.isprintable():
        raise InvalidParameter("DisplayName")
    return {"display_name": value}


def _policy(topic: Topic, value: str) -> dict[str, Any]:
    return {"policy": policies.checked(value)}


def _delivery_policy(topic: Topic, value: str) -> dict[str, Any]:
    try:
        found = delivery_policy.read_topic_policy(value)
    except InvalidPolicy as problem:
        raise InvalidParameter(f"DeliveryPolicy: {problem}") from None
    return {"delivery_policy": json.dumps(found, separators=(",", ":")) if found else ""}


def _deduplication(topic: Topic, value: str) -> dict[str, Any]:
    if value.lower() not in ("true", "false"):
        raise InvalidParameter("ContentBasedDeduplication")
    return {"content_deduplication": value.lower() == "true"}


def _throughput(topic: Topic, value: str) -> dict[str, Any]:
    if value not in _SCOPES:
        raise InvalidParameter("FifoThroughputScope")
    return {"throughput_scope": value}


def _signature(topic: Topic, value: str) -> dict[str, Any]:
    if value not in ("1", "2"):
        raise InvalidParameter("SignatureVersion")
    return {"signature_version": value}


def _tracing(topic: Topic, value: str) -> dict[str, Any]:
    """Trace headers are passed through, always."""
    if value == "Active":
        raise NotOffered("TracingConfig Active", "trace headers are passed through, and no segments are written")
    if value not in ("PassThrough", ""):
        raise InvalidParameter("TracingConfig")
    return {}


def _size(topic: Topic, value: str) -> dict[str, Any]:
    least, most = limits.MESSAGE_BYTES_MIN, limits.MESSAGE_BYTES_MAX
    if not (value.isascii() and value.isdigit() and len(value) < 8 and least <= int(value) <= most):
        raise InvalidParameter("MaximumMessageSize")
    size = int(value)
    if topic.pk is not None and size > limits.MESSAGE_BYTES:
        check_large(list(live(topic).values_list("protocol", flat=True)))
    return {"max_message_bytes": size}


def check_large(protocols: list[str]) -> None:
    """Raise InvalidParameter unless a topic with these subscriptions may take more than 256 KiB."""
    if len(protocols) > limits.LARGE_SUBSCRIPTIONS or not set(protocols) <= {"sqs", "lambda"}:
        raise InvalidParameter(
            "MaximumMessageSize Reason: A topic that takes messages above 256 KiB has at most 100 subscriptions, "
            "of the protocols sqs and lambda only"
        )


def _fifo(topic: Topic, value: str) -> dict[str, Any]:
    """Said at creation alone."""
    if topic.pk is not None:
        raise InvalidParameter("AttributeName")
    if value.lower() not in ("true", "false"):
        raise InvalidParameter("FifoTopic")
    return {}


_READERS: dict[str, Callable[[Topic, str], dict[str, Any]]] = {
    "DisplayName": _display_name,
    "Policy": _policy,
    "DeliveryPolicy": _delivery_policy,
    "ContentBasedDeduplication": _deduplication,
    "FifoThroughputScope": _throughput,
    "SignatureVersion": _signature,
    "TracingConfig": _tracing,
    "MaximumMessageSize": _size,
    "FifoTopic": _fifo,
}


def live(topic: Topic) -> Any:
    """The topic's subscriptions that are not deleted."""
    return topic.subscriptions.exclude(state=Subscription.State.DELETED)


def written(topic: Topic) -> dict[str, str]:
    """All attributes but the counts of subscriptions, as AWS answers them."""
    found = {
        "TopicArn": topic.arn,
        "Owner": topic.account,
        "DisplayName": topic.display_name,
        "Policy": policies.current(topic),
        "EffectiveDeliveryPolicy": _compact(delivery_policy.effective_topic_policy(own_delivery_policy(topic))),
    }
    if topic.delivery_policy:
        found["DeliveryPolicy"] = topic.delivery_policy
    if topic.signature_version:
        found["SignatureVersion"] = topic.signature_version
    if topic.max_message_bytes is not None:
        found["MaximumMessageSize"] = str(topic.max_message_bytes)
    if topic.fifo:
        found["FifoTopic"] = "true"
        found["ContentBasedDeduplication"] = "true" if topic.content_deduplication else "false"
        if topic.throughput_scope:
            found["FifoThroughputScope"] = topic.throughput_scope
    return found


def own_delivery_policy(topic: Topic) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(topic.delivery_policy) if topic.delivery_policy else {}
    return policy


def differing(topic: Topic, given: Mapping[str, str]) -> bool:
    """Whether the existing topic lacks one of these values. Raises InvalidParameter for a bad one."""
    wanted = Topic(account=topic.account, region=topic.region, name=topic.name, fifo=topic.fifo)
    apply(wanted, given)
    has, asked = written(topic), written(wanted)
    return any(name in asked and _read(has.get(name)) != _read(asked[name]) for name in given)


def _read(text: str | None) -> Any:
    try:
        return json.loads(text) if text and text[0] == "{" else text
    except ValueError:
        return text


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
