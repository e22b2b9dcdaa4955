"""Publish, one message or up to ten."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from invocations.decisions.tracing import trace_id
from invocations.engines.sns import content, limits, publishing
from invocations.engines.sns.content import Outgoing
from invocations.engines.sns.errors import (
    BatchTooLong,
    EmptyBatchRequest,
    EntryIdsNotDistinct,
    InvalidEntryId,
    InvalidParameter,
    NotOffered,
    TooManyEntries,
    TopicRefusal,
)
from invocations.engines.sns.fanout import Origin
from invocations.flows.lineage import lineage_of
from invocations.models import Topic
from invocations.wire.call import Answer, Call
from invocations.wire.services.sns.asking import topic_named, topic_of

_ID = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_PHONE = re.compile(r"\+?[0-9]{2,20}")


def publish(call: Call) -> Answer:
    message = _outgoing(call.params)
    content.check_text(message)
    topic = _target(call)
    content.check(topic, message)
    done = publishing.publish(topic, [message], origin_of(call))[0]
    return Answer({"MessageId": done.message_id, "SequenceNumber": done.sequence})


def _target(call: Call) -> Topic:
    """The topic that is published to. Phones and devices are refused by name."""
    params = call.params
    phone, target = params.get("PhoneNumber"), params.get("TargetArn")
    if phone is not None:
        if not _PHONE.fullmatch(phone):
            raise InvalidParameter(f"PhoneNumber Reason: {phone} is not valid to publish to")
        raise NotOffered("PhoneNumber", "messages go to topics only")
    if params.get("TopicArn") is not None:
        return topic_of(call, "Publish")
    if target is None:
        raise InvalidParameter("TopicArn or TargetArn Reason: no value for required parameter")
    if ":endpoint/" in target:
        raise InvalidParameter("TargetArn Reason: No endpoint found for the target arn specified")
    return topic_named(call, target, "Publish", parameter="TargetArn")


def publish_batch(call: Call) -> Answer:
    """What is wrong with one entry's rules or attributes is wrong with the batch (recorded); an empty text is not."""
    topic = topic_of(call, "Publish")
    entries = _entries(call)
    failed: list[dict[str, Any]] = []
    messages: list[tuple[str, Outgoing]] = []
    total = 0
    for entry in entries:
        message = _outgoing(entry)
        total += message.size
        content.check_attributes(message.attributes)
        content.check_fifo(topic, message)
        try:
            content.check_text(message)
        except TopicRefusal as refusal:
            failed.append({"Id": entry["Id"], "Code": refusal.code, "Message": refusal.message, "SenderFault": True})
            continue
        content.check_structure(message)
        messages.append((entry["Id"], message))
    if total > content.size_limit(topic):
        raise BatchTooLong
    done = publishing.publish(topic, [message for _, message in messages], origin_of(call)) if messages else []
    successful = [
        {"Id": entry_id, "MessageId": one.message_id, "SequenceNumber": one.sequence}
        for (entry_id, _), one in zip(messages, done, strict=True)
    ]
    return Answer({"Successful": successful, "Failed": failed})


def _entries(call: Call) -> list[dict[str, Any]]:
    """The entries of a batch that is well formed. Raises BatchRefusal."""
    entries: list[dict[str, Any]] = call.params["PublishBatchRequestEntries"]
    if not entries:
        raise EmptyBatchRequest
    if len(entries) > limits.BATCH_ENTRIES:
        raise TooManyEntries
    ids = [entry["Id"] for entry in entries]
    if not all(_ID.fullmatch(entry_id) for entry_id in ids):
        raise InvalidEntryId
    if len(set(ids)) != len(ids):
        raise EntryIdsNotDistinct
    return entries


def _outgoing(params: Mapping[str, Any]) -> Outgoing:
    return Outgoing(
        message=params["Message"],
        subject=params.get("Subject"),
        structure=params.get("MessageStructure") or "",
        attributes={name: _attribute(value or {}) for name, value in (params.get("MessageAttributes") or {}).items()},
        group=params.get("MessageGroupId"),
        deduplication_id=params.get("MessageDeduplicationId"),
    )


def _attribute(value: Mapping[str, Any]) -> dict[str, str]:
    found = {member: value[member] for member in ("DataType", "StringValue") if value.get(member) is not None}
    if value.get("BinaryValue") is not None:
        found["BinaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return found


def origin_of(call: Call) -> Origin:
    """Who publishes. A function that publishes with its own key is known by that, whatever its request says."""
    lineage = lineage_of(call.caller)
    return Origin(call.caller.arn, trace_id(call.headers.get("x-amzn-trace-id", "")), lineage.hops, lineage.request_id)


OPERATIONS: dict[str, Callable[[Call], Answer]] = {"Publish": publish, "PublishBatch": publish_batch}
