"""Messages between the wire and the engine."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from invocations.engines.sqs import limits, md5
from invocations.engines.sqs.content import TRACE_HEADER, Outgoing
from invocations.engines.sqs.errors import InvalidValue, UnsupportedOperation
from invocations.engines.sqs.facts import system_attributes
from invocations.engines.sqs.md5 import Attribute
from invocations.engines.sqs.receiving import Received
from invocations.engines.sqs.sending import Sent
from invocations.flows.lineage import lineage_of
from invocations.wire.call import Call

SYSTEM_ATTRIBUTES = (
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
)


def outgoing(params: Mapping[str, Any], sender: str) -> Outgoing:
    """A message from a SendMessage request, or from an entry of a batch."""
    return Outgoing(
        body=params.get("MessageBody") or "",
        attributes=_attributes(params.get("MessageAttributes")),
        delay=params.get("DelaySeconds"),
        group=params.get("MessageGroupId"),
        deduplication_id=params.get("MessageDeduplicationId"),
        system_attributes=_attributes(params.get("MessageSystemAttributes")),
        sender=sender,
    )


def traced(call: Call, messages: Sequence[Outgoing]) -> list[Outgoing]:
    """The messages as they are kept: what a function sends goes on with its chain, which it cannot deny, and with the
    trace that the SDK hands over in a header.
    """
    if call.caller.environment_id is None:
        return list(messages)
    lineage = lineage_of(call.caller)
    header = call.headers.get("x-amzn-trace-id", "")
    trace: dict[str, Attribute] = {}
    if 0 < len(header) <= limits.TRACE_CHARACTERS:
        trace = {TRACE_HEADER: {"DataType": "String", "StringValue": header}}
    return [
        replace(
            message,
            system_attributes={**trace, **message.system_attributes},
            hops=lineage.hops,
            caused_by=lineage.request_id,
        )
        for message in messages
    ]


def _attributes(given: Mapping[str, Mapping[str, Any] | None] | None) -> dict[str, dict[str, str]]:
    return {name: _attribute(name, value or {}) for name, value in (given or {}).items()}


def _attribute(name: str, value: Mapping[str, Any]) -> dict[str, str]:
    for listed in ("StringListValues", "BinaryListValues"):
        if value.get(listed):
            raise UnsupportedOperation(
                f"Message attribute list values in SendMessage operation are not supported: {name}."
            )
    found = {member: value[member] for member in ("DataType", "StringValue") if value.get(member) is not None}
    if value.get("BinaryValue") is not None:
        found["BinaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return found


def sent(message: Outgoing, result: Sent) -> dict[str, Any]:
    """The members of a send's answer."""
    return {
        "MessageId": result.message_id,
        "MD5OfMessageBody": md5.of_body(message.body),
        "MD5OfMessageAttributes": md5.of_attributes(message.attributes) if message.attributes else None,
        "MD5OfMessageSystemAttributes": (
            md5.of_attributes(message.system_attributes) if message.system_attributes else None
        ),
        "SequenceNumber": result.sequence,
    }


def received(message: Received, system: Iterable[str], wanted: Iterable[str]) -> dict[str, Any]:
    """One message of a ReceiveMessage answer, with the asked attributes; the MD5 covers those only."""
    row = message.row
    attributes = chosen(row.content.attributes, wanted)
    found: dict[str, Any] = {
        "MessageId": row.message_id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": md5.of_body(row.content.body),
        "Body": row.content.body,
        "Attributes": {name: value for name, value in system_attributes(row).items() if name in system} or None,
    }
    if attributes:
        found["MD5OfMessageAttributes"] = md5.of_attributes(attributes)
        found["MessageAttributes"] = {name: _shown(value) for name, value in attributes.items()}
    return found


def chosen(attributes: Mapping[str, dict[str, str]], wanted: Iterable[str]) -> dict[str, dict[str, str]]:
    """Those that the names ask for: `All`, `.*`, a name, or a prefix with `.*` behind it."""
    names = list(wanted)
    if not names or not attributes:
        return {}
    if any(name in ("All", ".*") for name in names):
        return dict(attributes)
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {
        name: value for name, value in attributes.items() if name in names or (prefixes and name.startswith(prefixes))
    }


def _shown(attribute: dict[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = dict(attribute)
    if "BinaryValue" in attribute:
        shown["BinaryValue"] = base64.b64decode(attribute["BinaryValue"])
    return shown


def system_names(params: Mapping[str, Any]) -> set[str]:
    """Which system attributes a receive asks for, by either of its two members. Raises InvalidAttributeName."""
    names = {*(params.get("AttributeNames") or []), *(params.get("MessageSystemAttributeNames") or [])}
    if "All" in names:
        return set(SYSTEM_ATTRIBUTES)
    unknown = sorted(names - set(SYSTEM_ATTRIBUTES))
    if unknown:
        raise InvalidValue(f"Unknown Attribute {unknown[0]}.")
    return names
