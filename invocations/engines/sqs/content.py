"""What one message may be: characters, attributes, size, and the parameters its kind of queue wants."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from invocations.engines.sqs import limits
from invocations.engines.sqs.errors import InvalidMessageContents, InvalidValue, MissingParameter, invalid
from invocations.engines.sqs.md5 import Attribute
from invocations.models import Queue

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,256}")
_TYPE = re.compile(r"(String|Number|Binary)(\..+)?", re.S)
_ID = re.compile(r"[a-zA-Z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
TRACE_HEADER = "AWSTraceHeader"


@dataclass(frozen=True)
class Outgoing:
    """One message on its way into a queue. `delay` is seconds, None for the queue's own."""

    body: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    delay: int | None = None
    group: str | None = None
    deduplication_id: str | None = None
    system_attributes: Mapping[str, Attribute] = field(default_factory=dict)
    sender: str = ""
    hops: int = 0  # invocations that led to it, the sender included
    caused_by: str = ""  # the request id of the last of them

    @property
    def size(self) -> int:
        """Bytes that count: the body, and name, type and value of each message attribute."""
        return len(self.body.encode()) + sum(
            len(name.encode()) + len(attribute["DataType"].encode()) + len(_value(attribute))
            for name, attribute in self.attributes.items()
        )


def _value(attribute: Attribute) -> bytes:
    if "BinaryValue" in attribute:
        return base64.b64decode(attribute["BinaryValue"])
    return attribute["StringValue"].encode()


def check(queue: Queue, message: Outgoing) -> None:
    """Raise the refusal of a message that this queue does not take."""
    if not message.body:
        raise MissingParameter("MessageBody")
    if _FORBIDDEN.search(message.body):
        raise InvalidMessageContents
    check_attributes(message.attributes)
    _check_system(message.system_attributes)
    if message.size > queue.max_message_bytes:
        raise InvalidValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {queue.max_message_bytes} bytes."
        )
    _check_delay(queue, message.delay)
    _check_group(queue, message)


def check_attributes(attributes: Mapping[str, Attribute]) -> None:
    if len(attributes) > limits.MESSAGE_ATTRIBUTES:
        raise InvalidValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum "
            f"[{limits.MESSAGE_ATTRIBUTES}]."
        )
    for name, attribute in attributes.items():
        _check_name(name)
        _check_value(name, attribute)


def _check_name(name: str) -> None:
    if not name:
        raise InvalidValue("The request must contain non-empty message attribute name.")
    if len(name) > 256:
        raise InvalidValue("Length of message attribute name must be less than 256 bytes.")
    if name.lower().startswith(("aws.", "amazon.")):
        raise InvalidValue(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. "
            "These strings are reserved for internal use."
        )
    if not _NAME.fullmatch(name) or name.startswith(".") or name.endswith(".") or ".." in name:
        raise InvalidValue(
            f"The message attribute name '{name}' is invalid. "
            "Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters."
        )


def _check_value(name: str, attribute: Attribute) -> None:
    kind = attribute.get("DataType") or ""
    if not kind:
        raise InvalidValue(f"The message attribute '{name}' must contain non-empty message attribute type.")
    if not _TYPE.fullmatch(kind) or len(kind) > 256:
        raise InvalidValue(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            "prefixes is Binary, Number, and String."
        )
    binary = kind.startswith("Binary")
    wanted, other = ("BinaryValue", "StringValue") if binary else ("StringValue", "BinaryValue")
    if not attribute.get(wanted):
        raise InvalidValue(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
            f"type '{kind}'."
        )
    if attribute.get(other):
        raise InvalidValue(
            f"The message attribute '{name}' with type '{kind}' must use field '{'Binary' if binary else 'String'}'."
        )
    if binary:
        _check_base64(name, attribute["BinaryValue"])
    elif _FORBIDDEN.search(attribute["StringValue"]):
        raise InvalidMessageContents
    elif kind.startswith("Number") and not _NUMBER.fullmatch(attribute["StringValue"]):
        raise InvalidValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _check_base64(name: str, text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue(f"The value of the message attribute '{name}' is not base64.") from None


def _check_system(attributes: Mapping[str, Attribute]) -> None:
    for name, attribute in attributes.items():
        if name != TRACE_HEADER:
            raise InvalidValue(f"Message system attribute name '{name}' is invalid. Supported values: {TRACE_HEADER}.")
        if attribute.get("DataType") != "String" or not attribute.get("StringValue"):
            raise InvalidValue(f"The message system attribute '{name}' must be of type String and not empty.")
        if len(attribute["StringValue"]) > limits.TRACE_CHARACTERS or _FORBIDDEN.search(attribute["StringValue"]):
            raise InvalidValue(
                f"The message system attribute '{name}' must be a trace header of at most 1024 characters."
            )


def _check_delay(queue: Queue, delay: int | None) -> None:
    if delay is None:
        return
    if queue.fifo and delay:
        raise invalid(delay, "DelaySeconds", "The request include parameter that is not valid for this queue type.")
    if not 0 <= delay <= limits.DELAY_SECONDS:
        raise invalid(delay, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {limits.DELAY_SECONDS}.")


def _check_group(queue: Queue, message: Outgoing) -> None:
    if queue.fifo and message.group is None:
        raise MissingParameter("MessageGroupId")
    if message.group is not None:
        _check_id("MessageGroupId", message.group)
    if message.deduplication_id is not None:
        if not queue.fifo:
            raise invalid(
                message.deduplication_id,
                "MessageDeduplicationId",
                "The request include parameter that is not valid for this queue type.",
            )
        _check_id("MessageDeduplicationId", message.deduplication_id)
    elif queue.fifo and not queue.content_deduplication:
        raise InvalidValue(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


def _check_id(parameter: str, value: str) -> None:
    if not _ID.fullmatch(value):
        raise invalid(
            value,
            parameter,
            f"{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )


def deduplication_id(message: Outgoing) -> str:
    """The id given, else the SHA-256 of the body (attributes do not count)."""
    if message.deduplication_id is not None:
        return message.deduplication_id
    return hashlib.sha256(message.body.encode()).hexdigest()
