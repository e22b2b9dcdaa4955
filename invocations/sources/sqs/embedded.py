"""SQS: queues of our own engine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

from invocations.engines.sqs import browsing, handles, holding, md5, queues, taking
from invocations.engines.sqs.errors import OverLimit, QueueDoesNotExist
from invocations.engines.sqs.facts import system_text
from invocations.engines.sqs.holding import Held, Taken
from invocations.models import Queue
from invocations.sources.base import Item, OpenQueue, SourceTrouble, json_text
from invocations.sources.sqs.attributes import event_attribute, view_of

_GONE = (
    "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
    "SQS Error Message: The specified queue does not exist."
)


def find(arn: str) -> Open:
    """Raises SourceTrouble when there is no such queue."""
    try:
        return Open(queues.find_arn(arn))
    except QueueDoesNotExist:
        raise SourceTrouble(_GONE) from None


def ready(arns: Iterable[str]) -> set[str]:
    return holding.ready(arns)


class Open(OpenQueue):
    """One queue of our engine."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.visibility_seconds = queue.visibility_seconds

    def take(self, most: int) -> list[Item]:
        try:
            taken = holding.take(self._queue, most)
        except OverLimit as refusal:
            raise SourceTrouble(refusal.message) from refusal
        return self._items(taken)

    def peek(self, most: int) -> list[Item]:
        found = browsing.messages(self._queue, browsing.VISIBLE, most=most)[:most]
        return self._items([taking.foreseen(row) for row in found])

    def again(self, held: Sequence[Mapping[str, Any]]) -> list[Item]:
        return self._items(holding.again(self._queue, _held(held)))

    def remove(self, held: Sequence[Mapping[str, Any]]) -> None:
        holding.remove(self._queue, _held(held))

    def let_go(self, held: Sequence[Mapping[str, Any]], visible_ms: int) -> None:
        holding.let_go(self._queue, _held(held), visible_ms)

    def _items(self, taken: Sequence[Taken]) -> list[Item]:
        queue = self._queue
        ends = f'","eventSource":"aws:sqs","eventSourceARN":"{queue.arn}","awsRegion":"{queue.region}"}}'
        hidden_ms = queue.visibility_seconds * 1000
        return [_item(one, _text(queue.pk, one, ends), hidden_ms) for one in taken]


def _held(records: Sequence[Mapping[str, Any]]) -> list[Held]:
    return [Held(record["row"], record["receipt"]) for record in records]


def _item(taken: Taken, text: str, hidden_ms: int) -> Item:
    return Item(
        id=taken.message_id,
        text=text.encode(),
        view=lambda: view_of(json.loads(text)),
        held={"row": taken.pk, "receipt": taken.receipt},
        returns_ms=taken.received_ms + hidden_ms,
        trace_header=taken.trace_header,
        hops=taken.hops,
        caused_by=taken.caused_by,
    )


def _text(queue: int, taken: Taken, ends: str) -> str:
    """The message as an event has it. Put together by hand: a batch has up to ten thousand of them."""
    handle = handles.write(taken.pk, taken.receipt, queue)
    return (
        f'{{"messageId":"{taken.message_id}","receiptHandle":"{handle}","body":{encode_basestring(taken.body)},'
        f'"attributes":{system_text(taken)},{_attributes(taken)}"md5OfBody":"{md5.of_body(taken.body)}{ends}'
    )


def _attributes(taken: Taken) -> str:
    if taken.attributes == "{}":
        return '"messageAttributes":{},'
    attributes = taken.message_attributes
    shown = json_text({name: event_attribute(value) for name, value in attributes.items()}).decode()
    return f'"messageAttributes":{shown},"md5OfMessageAttributes":"{md5.of_attributes(attributes)}",'
