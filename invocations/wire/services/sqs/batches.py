"""Up to ten entries in one request; each entry has its own outcome."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from invocations.engines.sqs import content, limits, sending, settling
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    InvalidValue,
    MissingParameter,
    QueueRefusal,
    TooManyEntriesInBatchRequest,
)
from invocations.models import Queue
from invocations.wire.call import Answer, Call
from invocations.wire.services.sqs import shapes
from invocations.wire.services.sqs.addressing import queue_of, sender_of

_ID = re.compile(r"[a-zA-Z0-9_-]{1,80}")


def send_message_batch(call: Call) -> Answer:
    queue = queue_of(call)
    entries = _entries(call, "SendMessageBatchRequestEntry")
    sender = sender_of(call.caller)
    failed: list[dict[str, Any]] = []
    messages: list[tuple[str, Outgoing]] = []
    total = 0
    for entry in entries:
        try:
            message = shapes.outgoing(entry, sender)
            content.check_attributes(message.attributes)
            total += message.size
            _check_fifo(queue, message)
            content.check(queue, message)
            messages.append((entry["Id"], message))
        except QueueRefusal as refusal:
            failed.append(_failure(entry["Id"], refusal))
    if total > limits.BATCH_BYTES:
        raise BatchRequestTooLong(limits.BATCH_BYTES, total)
    results = sending.send(queue, shapes.traced(call, [message for _, message in messages])) if messages else []
    successful = [
        {"Id": entry_id, **shapes.sent(message, result)}
        for (entry_id, message), result in zip(messages, results, strict=True)
    ]
    return Answer({"Successful": successful, "Failed": failed or None})


def _check_fifo(queue: Queue, message: Outgoing) -> None:
    """What a FIFO queue misses in one entry is refused for the batch as a whole (recorded)."""
    if not queue.fifo:
        return
    if message.group is None:
        raise _WholeBatch("The request must contain the parameter MessageGroupId.")
    if message.deduplication_id is None and not queue.content_deduplication:
        raise _WholeBatch(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


class _WholeBatch(InvalidValue):
    pass


def delete_message_batch(call: Call) -> Answer:
    queue = queue_of(call)
    entries = _entries(call, "DeleteMessageBatchRequestEntry")
    outcomes = settling.delete(queue, [entry.get("ReceiptHandle") or "" for entry in entries])
    return _answer([(entry["Id"], refusal) for entry, refusal in zip(entries, outcomes, strict=True)])


def change_message_visibility_batch(call: Call) -> Answer:
    queue = queue_of(call)
    entries = _entries(call, "ChangeMessageVisibilityBatchRequestEntry")
    return _answer([(entry["Id"], _change(queue, entry)) for entry in entries])


def _change(queue: Queue, entry: dict[str, Any]) -> QueueRefusal | None:
    try:
        if entry.get("VisibilityTimeout") is None:
            raise MissingParameter("VisibilityTimeout")
        settling.change_visibility(queue, entry.get("ReceiptHandle") or "", entry["VisibilityTimeout"])
    except QueueRefusal as refusal:
        return refusal
    return None


def _answer(outcomes: list[tuple[str, QueueRefusal | None]]) -> Answer:
    return Answer(
        {
            "Successful": [{"Id": entry_id} for entry_id, refusal in outcomes if refusal is None],
            "Failed": [_failure(entry_id, refusal) for entry_id, refusal in outcomes if refusal is not None] or None,
        }
    )


def _failure(entry_id: str, refusal: QueueRefusal) -> dict[str, Any]:
    if isinstance(refusal, _WholeBatch):
        raise refusal
    return {"Id": entry_id, "SenderFault": True, "Code": refusal.sender_code, "Message": refusal.message}


def _entries(call: Call, name: str) -> list[dict[str, Any]]:
    """The entries of a batch that is well formed. Raises BatchRefusal."""
    entries: list[dict[str, Any]] = [entry or {} for entry in call.params["Entries"]]
    if not entries:
        raise EmptyBatchRequest(name)
    if len(entries) > limits.BATCH_ENTRIES:
        raise TooManyEntriesInBatchRequest(limits.BATCH_ENTRIES, len(entries))
    seen: set[str] = set()
    for entry in entries:
        entry_id = entry.get("Id") or ""
        if not _ID.fullmatch(entry_id):
            raise InvalidBatchEntryId
        if entry_id in seen:
            raise BatchEntryIdsNotDistinct(entry_id)
        seen.add(entry_id)
    return entries


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "SendMessageBatch": send_message_batch,
    "DeleteMessageBatch": delete_message_batch,
    "ChangeMessageVisibilityBatch": change_message_visibility_batch,
}
