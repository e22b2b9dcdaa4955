"""What one message may be: subject, text for each protocol, attributes, size, and what FIFO topics want."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from invocations.engines.sns import limits
from invocations.engines.sns.errors import InvalidAttribute, InvalidParameter
from invocations.models import Topic

# A message attribute as AWS's JSON has it: DataType and StringValue, or BinaryValue in base64.
Attribute = Mapping[str, str]

JSON = "json"
_TYPE = re.compile(r"(String|Number|Binary)(\..+)?", re.S)
_ID = re.compile(r"[a-zA-Z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_ODD = re.compile(r"[^a-zA-Z0-9_.-]")


@dataclass(frozen=True)
class Outgoing:
    """One message on its way to a topic's subscribers. `structure` "json": `message` has a text for each protocol."""

    message: str
    subject: str | None = None
    structure: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    group: str | None = None
    deduplication_id: str | None = None

    @property
    def size(self) -> int:
        """Bytes that count: the message, and name, type and value of each attribute."""
        return len(self.message.encode()) + sum(
            len(name.encode()) + len(one.get("DataType", "").encode()) + len(_value(one))
            for name, one in self.attributes.items()
        )

    @property
    def dedup_key(self) -> str:
        """The id given, else the SHA-256 of the message (attributes do not count)."""
        if self.deduplication_id is not None:
            return self.deduplication_id
        return hashlib.sha256(self.message.encode()).hexdigest()

    @cached_property
    def _texts(self) -> dict[str, Any]:
        return dict(json.loads(self.message)) if self.structure == JSON else {"default": self.message}

    def text_for(self, protocol: str) -> str:
        text = self._texts.get(protocol)
        return text if isinstance(text, str) else str(self._texts["default"])


def _value(attribute: Attribute) -> bytes:
    if "BinaryValue" in attribute:
        return base64.b64decode(attribute["BinaryValue"])
    return attribute.get("StringValue", "").encode()


def check(topic: Topic, outgoing: Outgoing) -> None:
    """Raise TopicRefusal for a message that this topic does not take."""
    check_text(outgoing)
    check_fifo(topic, outgoing)
    if outgoing.size > size_limit(topic):
        raise InvalidParameter("Message too long")
    check_structure(outgoing)
    check_attributes(outgoing.attributes)


def size_limit(topic: Topic) -> int:
    return limits.MESSAGE_BYTES if topic.max_message_bytes is None else topic.max_message_bytes


def check_text(outgoing: Outgoing) -> None:
    subject = outgoing.subject
    if subject is not None and not (1 <= len(subject) <= limits.SUBJECT_CHARACTERS and subject.isprintable()):
        raise InvalidParameter("Subject")
    if not outgoing.message:
        raise InvalidParameter("Empty message")


def check_fifo(topic: Topic, outgoing: Outgoing) -> None:
    if topic.fifo and outgoing.group is None:
        raise InvalidParameter("The MessageGroupId parameter is required for FIFO topics")
    if topic.fifo and outgoing.deduplication_id is None and not topic.content_deduplication:
        raise InvalidParameter(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )
    if not topic.fifo and outgoing.deduplication_id is not None:
        raise InvalidParameter(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid "
            "for this topic type"
        )
    for name, value in (("MessageGroupId", outgoing.group), ("MessageDeduplicationId", outgoing.deduplication_id)):
        if value is not None and not _ID.fullmatch(value):
            raise InvalidParameter(
                f"{name} Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length"
            )


def check_structure(outgoing: Outgoing) -> None:
    if outgoing.structure not in ("", JSON):
        raise InvalidParameter("MessageStructure")
    if outgoing.structure != JSON:
        return
    try:
        texts = json.loads(outgoing.message)
    except (ValueError, RecursionError):
        raise InvalidParameter("Message Structure - JSON message body failed to parse") from None
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise InvalidParameter("Message Structure - No default entry in JSON message body")


def check_attributes(attributes: Mapping[str, Attribute]) -> None:
    """Raise InvalidAttribute for the first attribute that is not as it must be."""
    for name, attribute in attributes.items():
        _check_name(name)
        _check_value(name, attribute)


def _check_name(name: str) -> None:
    if not name:
        raise InvalidAttribute("The message attribute name must not be empty.")
    if len(name) > 256:
        raise InvalidAttribute("Length of message attribute name must be less than 256 bytes.")
    odd = _ODD.search(name)
    if odd is not None:
        raise InvalidAttribute(
            f"Invalid non-alphanumeric character '#x{ord(odd[0]):X}' was found in the message attribute name. "
            "Can only include alphanumeric characters, hyphens, underscores, or dots."
        )
    if name.startswith("."):
        raise InvalidAttribute("Invalid message attribute name starting with character '.' was found.")
    if name.endswith("."):
        raise InvalidAttribute("Invalid message attribute name ending with character '.' was found.")
    if ".." in name:
        raise InvalidAttribute("Message attribute name can not have successive '.' character.")
    if name.lower().startswith(("aws.", "amazon.")):
        raise InvalidAttribute(
            f"The message attribute name '{name}' begins with 'AWS.' or 'Amazon.', which are reserved."
        )


def _check_value(name: str, attribute: Attribute) -> None:
    kind = attribute.get("DataType", "")
    if not _TYPE.fullmatch(kind) or len(kind) > 256:
        raise InvalidAttribute(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            "prefixes is Binary, Number, and String."
        )
    base = kind.partition(".")[0]
    binary = base == "Binary"
    wanted, other = ("BinaryValue", "StringValue") if binary else ("StringValue", "BinaryValue")
    if attribute.get(other) and not attribute.get(wanted):
        raise InvalidAttribute(
            f"The message attribute '{name}' with type '{kind}' must use field '{'Binary' if binary else 'String'}'."
        )
    if not attribute.get(wanted):
        raise InvalidAttribute(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
            f"type '{kind}'."
        )
    if base == "Number":
        _check_number(name, attribute["StringValue"])
    if kind == "String.Array":
        _check_array(name, attribute["StringValue"])


def _check_number(name: str, text: str) -> None:
    try:
        float(text)
    except ValueError:
        raise InvalidAttribute(f"Could not cast message attribute '{name}' value to number.") from None


def _check_array(name: str, text: str) -> None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or any(isinstance(value, list | dict) for value in values):
        raise InvalidAttribute(
            f"The message attribute '{name}' with type 'String.Array' must be a JSON array of strings, numbers, "
            "true, false and null."
        )
