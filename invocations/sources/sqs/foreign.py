"""SQS at somebody else's endpoint: AWS, or another emulator. Its time is real time, and its queues hold their messages.

A message's text is kept with its batch while the batch waits: a queue gives a message to one reader, once.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from invocations import clock, elsewhere
from invocations.elsewhere import Refused
from invocations.sources.base import Item, OpenQueue, QueueSource, SourceTrouble, json_text
from invocations.sources.sqs.attributes import event_attribute, view_of

AT_ONCE = 10  # messages of one request
WAIT_SECONDS = 1  # a receive that does not wait asks a few of AWS's machines only, and misses messages
BYTES = 6 * 1024 * 1024  # an event holds no more
_KNOWN_SECONDS = 60  # real time that a queue's visibility timeout is believed
_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


class Foreign(QueueSource):
    asks = True

    def open(self, arn: str) -> Open:
        return Open(arn)

    def view(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return view_of(record)

    def ready(self, arns: Iterable[str]) -> set[str]:
        return set()


class Open(OpenQueue):
    """One queue, asked when it must be. Each method raises SourceTrouble."""

    local = False

    def __init__(self, arn: str) -> None:
        self._arn = arn

    @property
    def visibility_seconds(self) -> int:  # type: ignore[override]
        return _visibility(self._arn)

    def take(self, most: int) -> list[Item]:
        """Receives until there are enough, no more come, or an event is full."""
        found: list[Item] = []
        size = 0
        while len(found) < most and size < BYTES:
            wait = 0 if found else WAIT_SECONDS
            messages = self._receive(min(AT_ONCE, most - len(found)), wait)
            found += messages
            size += sum(len(item.text) for item in messages)
            if not messages:
                break
        return found

    def peek(self, most: int) -> list[Item]:
        raise SourceTrouble("A queue at another endpoint gives its messages to readers only: paste one instead.")

    def again(self, held: Sequence[Mapping[str, Any]]) -> list[Item]:
        now = _real_ms()
        return [self._item(one["message"], one["until"]) for one in held if one.get("message") and one["until"] > now]

    def remove(self, held: Sequence[Mapping[str, Any]]) -> None:
        refused = []
        for start in range(0, len(held), AT_ONCE):
            some = enumerate(held[start : start + AT_ONCE])
            entries = [{"Id": str(at), "ReceiptHandle": one["receipt"]} for at, one in some]
            refused += self._ask("delete_message_batch", Entries=entries).get("Failed", [])
        if refused:
            first = refused[0]
            raise SourceTrouble(_problem("DeleteMessageBatch", first.get("Code", "?"), first.get("Message", "")))

    def let_go(self, held: Sequence[Mapping[str, Any]], visible_ms: int) -> None:
        """They come back by themselves when their visibility timeout ends."""

    def _receive(self, most: int, wait: int) -> list[Item]:
        known = _known_visibility(self._arn, elsewhere.endpoint(self._arn), int(time.monotonic()) // _KNOWN_SECONDS)
        until = _real_ms() + known * 1000
        answer = self._ask(
            "receive_message",
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [self._item(record_of(self._arn, message), until) for message in answer.get("Messages", [])]

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return _ask(self._arn, operation, QueueUrl=_url(self._arn, elsewhere.endpoint(self._arn)), **parameters)

    def _item(self, record: dict[str, Any], until: int) -> Item:
        return Item(
            id=record["messageId"],
            text=json_text(record),
            view=lambda: view_of(record),
            held={"receipt": record["receiptHandle"], "message": record, "until": until},
            returns_ms=int(clock.now().timestamp() * 1000) + until - _real_ms(),
            trace_header=record["attributes"].get("AWSTraceHeader", ""),
        )


def record_of(arn: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """A received message as events have it."""
    attributes = message.get("MessageAttributes") or {}
    record: dict[str, Any] = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message.get("Body", ""),
        "attributes": dict(message.get("Attributes") or {}),
        "messageAttributes": {name: event_attribute(_plain(value)) for name, value in attributes.items()},
    }
    if attributes and message.get("MD5OfMessageAttributes"):
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record | {
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": elsewhere.owner(arn).region,
    }


def _plain(value: Mapping[str, Any]) -> dict[str, str]:
    found = {name: value[name] for name in ("DataType", "StringValue") if name in value}
    if "BinaryValue" in value:
        found["BinaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return found


@lru_cache(256)
def _url(arn: str, place: object) -> str:
    """Its name decides, and stays when the queue is made anew. `place` keeps endpoints apart."""
    owner = elsewhere.owner(arn)
    answer = _ask(arn, "get_queue_url", QueueName=owner.resource, QueueOwnerAWSAccountId=owner.account)
    found: str = answer["QueueUrl"]
    return found


@lru_cache(256)
def _known_visibility(arn: str, place: object, minute: int) -> int:
    return _visibility(arn)


def _visibility(arn: str) -> int:
    url = _url(arn, elsewhere.endpoint(arn))
    answer = _ask(arn, "get_queue_attributes", QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return int(answer["Attributes"]["VisibilityTimeout"])


def _ask(arn: str, operation: str, **parameters: Any) -> dict[str, Any]:
    try:
        return elsewhere.ask("sqs", arn, operation, **parameters)
    except Refused as refusal:
        code = _GONE[0] if refusal.code in _GONE else refusal.code
        raise SourceTrouble(_problem(refusal.operation, code, refusal.message)) from refusal


def _problem(operation: str, code: str, message: str) -> str:
    """As AWS says it of a mapping's source."""
    return f"Error occurred while {operation}. SQS Error Code: {code}. SQS Error Message: {message}"


def _real_ms() -> int:
    return int(clock.real().timestamp() * 1000)
