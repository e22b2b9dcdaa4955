"""A queue's attributes: strings on the wire, columns in the row. Everything is checked before anything is set."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from invocations.engines.sqs import limits, policies
from invocations.engines.sqs.errors import InvalidAttributeName, InvalidAttributeValue, UnsupportedAttribute, invalid
from invocations.models import Queue

# attribute: (column, least, most)
NUMBERS = {
    "VisibilityTimeout": ("visibility_seconds", 0, limits.VISIBILITY_SECONDS),
    "MaximumMessageSize": ("max_message_bytes", 1024, limits.BATCH_BYTES),
    "MessageRetentionPeriod": ("retention_seconds", 60, 1_209_600),
    "DelaySeconds": ("delay_seconds", 0, limits.DELAY_SECONDS),
    "ReceiveMessageWaitTimeSeconds": ("wait_seconds", 0, limits.WAIT_SECONDS),
}
FIFO_CHOICES = {
    "DeduplicationScope": ("deduplication_scope", ("messageGroup", "queue")),
    "FifoThroughputLimit": ("throughput_limit", ("perQueue", "perMessageGroupId")),
}
FLAGS = {"ContentBasedDeduplication": "content_deduplication", "SqsManagedSseEnabled": "managed_encryption"}
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
FIXED = ("QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", *COUNTS)
# How every refusal of a redrive allow policy begins.
_ALLOW = "Amazon SQS can't create the redrive allow policy. "
FIFO_ONLY = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
KMS = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")
KNOWN = (*NUMBERS, *FIFO_CHOICES, *FLAGS, *FIXED, "FifoQueue", "Policy", "RedrivePolicy", "RedriveAllowPolicy", *KMS)


def apply(queue: Queue, given: Mapping[str, str]) -> None:
    """Check the attributes and write them into the (unsaved) row. Raises the first refusal, with nothing changed."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        found |= _columns(queue, name, value)
    _check_together(queue, found)
    for column, value in found.items():
        setattr(queue, column, value)


def _columns(queue: Queue, name: str, value: str) -> dict[str, Any]:
    if name not in KNOWN or name in FIXED:
        raise InvalidAttributeName(f"Unknown Attribute {name}.")
    if name in NUMBERS:
        return _number(name, value)
    if name in KMS:
        return _kms(name, value)
    if name in FIFO_ONLY and not queue.fifo:
        raise InvalidAttributeName(f"Unknown Attribute {name}.")
    return _WORDS[name](queue, name, value)


def _number(name: str, value: str) -> dict[str, Any]:
    column, least, most = NUMBERS[name]
    if not (value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= most):
        raise InvalidAttributeValue(f"Invalid value for the parameter {name}.")
    return {column: int(value)}


def _kms(name: str, value: str) -> dict[str, Any]:
    if value == "":
        return {}
    raise UnsupportedAttribute(name, "messages are not encrypted with KMS keys.")


def _flag(queue: Queue, name: str, value: str) -> dict[str, Any]:
    if value.lower() not in ("true", "false"):
        raise InvalidAttributeValue(f"Invalid value for the parameter {name}.")
    return {FLAGS[name]: value.lower() == "true"}


def _choice(queue: Queue, name: str, value: str) -> dict[str, Any]:
    column, choices = FIFO_CHOICES[name]
    if value not in choices:
        raise InvalidAttributeValue(f"Invalid value for the parameter {name}.")
    return {column: value}


def _fifo(queue: Queue, name: str, value: str) -> dict[str, Any]:
    """Said at creation, and only as the name says it."""
    if value.lower() != "true" or queue.pk is not None:
        raise InvalidAttributeValue(
            f"Invalid value for the parameter {name}. Reason: Modifying queue type is not supported."
        )
    return {}


def _policy(queue: Queue, name: str, value: str) -> dict[str, Any]:
    return {"policy": policies.checked(value)}


def _redrive(queue: Queue, name: str, value: str) -> dict[str, Any]:
    if value == "":
        return {"redrive_policy": "", "redrive_target": "", "redrive_max_receives": 0}
    target, receives = _read_redrive(value)
    dead = _dead_letter_queue(queue, value, target)
    permit_source(dead, queue.arn, value)
    return {"redrive_policy": value, "redrive_target": target, "redrive_max_receives": receives}


def _read_redrive(value: str) -> tuple[str, int]:
    document = _document(value)
    if document is None:
        raise invalid(value, "RedrivePolicy", "Redrive policy is not a valid JSON map.")
    target = document.get("deadLetterTargetArn")
    if target is None:
        raise invalid(
            value, "RedrivePolicy", "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."
        )
    receives = document.get("maxReceiveCount", 10)
    text = str(receives)
    if isinstance(receives, bool) or not (
        text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= 1000
    ):
        raise invalid(
            value,
            "RedrivePolicy",
            f"Invalid value for maxReceiveCount: {text[:64]}, valid values are from 1 to 1000 both inclusive.",
        )
    return str(target), int(text)


def _dead_letter_queue(queue: Queue, value: str, target: str) -> Queue:
    parts = target.split(":")
    if len(parts) != 6 or parts[:3] != ["arn", "aws", "sqs"] or not parts[5]:
        raise invalid(value, "RedrivePolicy", "Invalid value for deadLetterTargetArn.")
    if (parts[3], parts[4]) != (queue.region, queue.account):
        raise invalid(value, "RedrivePolicy", "Dead-letter target owner should be same as the source.")
    dead = Queue.objects.filter(account=queue.account, region=queue.region, name=parts[5]).first()
    if dead is None:
        raise invalid(value, "RedrivePolicy", "Dead letter target does not exist.")
    if dead.fifo != queue.fifo:
        raise invalid(value, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")
    return dead


def permit_source(dead: Queue, source_arn: str, value: str) -> None:
    """Raise unless the dead-letter queue lets that queue use it."""
    if not allows_source(dead, source_arn):
        raise invalid(
            value,
            "RedrivePolicy",
            f"Queue {source_arn} does not have permission to use {dead.arn} as a dead-letter queue.",
        )


def allows_source(dead: Queue, source_arn: str) -> bool:
    """What the dead-letter queue's redrive allow policy says; without one, every queue may use it."""
    document = _document(dead.redrive_allow_policy) or {}
    permission = document.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source_arn in document["sourceQueueArns"])


def _allow(queue: Queue, name: str, value: str) -> dict[str, Any]:
    if value == "":
        return {"redrive_allow_policy": ""}
    document = _document(value)
    if document is None:
        raise invalid(
            value,
            name,
            _ALLOW + "Redrive allow policy is not a valid JSON map.",
        )
    permission, sources = document.get("redrivePermission"), document.get("sourceQueueArns")
    if permission not in ("allowAll", "denyAll", "byQueue"):
        raise invalid(
            value,
            name,
            _ALLOW + "redrivePermission must be one of: allowAll, denyAll, byQueue.",
        )
    if permission == "byQueue":
        if not isinstance(sources, list) or not 1 <= len(sources) <= 10 or not all(isinstance(s, str) for s in sources):
            raise invalid(
                value,
                name,
                _ALLOW + "sourceQueueArns must list 1 to 10 queue ARNs.",
            )
    elif sources is not None:
        raise invalid(
            value,
            name,
            _ALLOW + "sourceQueueArns is allowed with byQueue only.",
        )
    return {"redrive_allow_policy": value}


def _document(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


_WORDS: dict[str, Callable[[Queue, str, str], dict[str, Any]]] = {
    "FifoQueue": _fifo,
    **dict.fromkeys(FIFO_CHOICES, _choice),
    **dict.fromkeys(FLAGS, _flag),
    "Policy": _policy,
    "RedrivePolicy": _redrive,
    "RedriveAllowPolicy": _allow,
}


def _check_together(queue: Queue, found: Mapping[str, Any]) -> None:
    limit = found.get("throughput_limit", queue.throughput_limit)
    scope = found.get("deduplication_scope", queue.deduplication_scope)
    if limit == "perMessageGroupId" and scope != "messageGroup":
        raise InvalidAttributeValue(
            "The FifoThroughputLimit value perMessageGroupId is allowed only when DeduplicationScope is messageGroup."
        )


def written(queue: Queue) -> dict[str, str]:
    """All attributes but the counts, as AWS answers them."""
    found = {
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(int(queue.created_at.timestamp())),
        "LastModifiedTimestamp": str(int(queue.modified_at.timestamp())),
        **{name: str(getattr(queue, column)) for name, (column, _, _) in NUMBERS.items()},
        "SqsManagedSseEnabled": _word(queue.managed_encryption),
    }
    for name, text in (
        ("Policy", queue.policy),
        ("RedrivePolicy", queue.redrive_policy),
        ("RedriveAllowPolicy", queue.redrive_allow_policy),
    ):
        if text:
            found[name] = text
    if queue.fifo:
        found["FifoQueue"] = "true"
        found["ContentBasedDeduplication"] = _word(queue.content_deduplication)
        found |= {name: getattr(queue, column) for name, (column, _) in FIFO_CHOICES.items()}
    return found


def _word(flag: bool) -> str:
    return "true" if flag else "false"


def asked_for(names: Iterable[str]) -> set[str]:
    """The attribute names of a request; `All` is all of them. Raises InvalidAttributeName."""
    found = set()
    for name in names:
        if name == "All":
            return set(KNOWN)
        if name not in KNOWN:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
        found.add(name)
    return found


def differing(queue: Queue, given: Mapping[str, str]) -> str | None:
    """The first attribute whose value the existing queue does not have; None when it has them all."""
    has = written(queue)
    for name, value in given.items():
        same = _document(value) == _document(has.get(name, "")) if name.startswith(("Redrive", "Policy")) else False
        if not same and value != has.get(name, ""):
            return name
    return None
