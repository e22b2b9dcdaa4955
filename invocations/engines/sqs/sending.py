"""Into a queue: state and body in one transaction. FIFO messages get their place, and are known for five minutes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from invocations.engines.sqs import content, hooks, limits
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.errors import QueueDoesNotExist
from invocations.engines.sqs.moments import now_ms
from invocations.models import DedupId, Message, MessageBody, Queue
from lambdaplay.db.prepared import Insert

# AWS's sequence numbers have 20 digits and leave room between neighbours.
_MESSAGE, _BODY = Insert(Message), Insert(MessageBody)
_NAMES = [field.attname for field in Message._meta.concrete_fields if field.attname != "id"]
_SEQUENCE_BASE, _SEQUENCE_STEP = 18_849_496_460_467_696_128, 256


@dataclass(frozen=True)
class Sent:
    """`sequence` is the FIFO sequence number as text; None in standard queues."""

    message_id: str
    sequence: str | None = None


def sequence_text(sequence: int) -> str:
    return str(_SEQUENCE_BASE + sequence * _SEQUENCE_STEP)


def send(queue: Queue, messages: Sequence[Outgoing]) -> list[Sent]:
    """Store checked messages, all or none. Raises QueueDoesNotExist when the queue has just been deleted."""
    try:
        with transaction.atomic(savepoint=False):
            sent = _send_fifo(queue, messages) if queue.fifo else _send_standard(queue, messages)
            hooks.announce(queue.arn)
    except IntegrityError:  # the queue's row is gone; inside somebody's transaction only its end would tell
        if connection.in_atomic_block or Queue.objects.filter(pk=queue.pk).exists():
            raise
        raise QueueDoesNotExist from None
    return sent


def _send_standard(queue: Queue, messages: Sequence[Outgoing]) -> list[Sent]:
    now = now_ms()
    rows = [_row(queue, message, now) for message in messages]
    _store(rows, messages)
    return [Sent(row.message_id) for row in rows]


def _send_fifo(queue: Queue, messages: Sequence[Outgoing]) -> list[Sent]:
    """Senders to one queue take turns, so that places are given in the order of commits."""
    locked = Queue.objects.select_for_update(no_key=True).filter(pk=queue.pk).first()
    if locked is None:
        raise QueueDoesNotExist
    now = now_ms()
    keys = [_key(locked, message) for message in messages]
    known = _known(locked, keys, now)
    fresh: list[tuple[Message, Outgoing]] = []
    sent = []
    sequence = locked.last_sequence
    for key, message in zip(keys, messages, strict=True):
        if key not in known:
            sequence += 1
            row = _row(locked, message, now, sequence, key[1])
            fresh.append((row, message))
            known[key] = Sent(row.message_id, sequence_text(sequence))
        sent.append(known[key])
    if fresh:
        _store([row for row, _ in fresh], [message for _, message in fresh])
        _remember(locked, [row for row, _ in fresh], now)
        Queue.objects.filter(pk=queue.pk).update(last_sequence=sequence)
    return sent


def _key(queue: Queue, message: Outgoing) -> tuple[str, str]:
    group = (message.group or "") if queue.deduplication_scope == "messageGroup" else ""
    return group, content.deduplication_id(message)


def _known(queue: Queue, keys: Sequence[tuple[str, str]], now: int) -> dict[tuple[str, str], Sent]:
    """Messages of the last five minutes by their key; older memories go."""
    DedupId.objects.filter(queue=queue, expires_ms__lte=now).delete()
    same = Q()
    for group, deduplication_id in set(keys):
        same |= Q(group=group, deduplication_id=deduplication_id)
    rows = DedupId.objects.filter(same, queue=queue)
    return {(row.group, row.deduplication_id): Sent(row.message_id, sequence_text(row.sequence)) for row in rows}


def _remember(queue: Queue, rows: Sequence[Message], now: int) -> None:
    by_group = queue.deduplication_scope == "messageGroup"
    DedupId.objects.bulk_create(
        DedupId(
            queue=queue,
            group=row.group if by_group else "",
            deduplication_id=row.deduplication_id,
            message_id=row.message_id,
            sequence=row.sequence,
            expires_ms=now + limits.DEDUPLICATION_MS,
        )
        for row in rows
    )


def _row(queue: Queue, message: Outgoing, now: int, sequence: int = 0, deduplication_id: str = "") -> Message:
    own = None if queue.fifo else message.delay
    delay = queue.delay_seconds if own is None else own
    trace = message.system_attributes.get(content.TRACE_HEADER)
    return Message(
        queue_id=queue.pk,
        message_id=str(uuid.uuid4()),
        sent_ms=now,
        visible_ms=now + delay * 1000,
        sequence=sequence,
        group=message.group or "",
        deduplication_id=deduplication_id,
        sender=message.sender,
        trace_header="" if trace is None else trace["StringValue"],
        hops=message.hops,
        caused_by=message.caused_by,
    )


def _store(rows: list[Message], messages: Sequence[Outgoing]) -> None:
    for row, message in zip(rows, messages, strict=True):
        row.id = _MESSAGE(**{name: getattr(row, name) for name in _NAMES})
        _BODY(message_id=row.id, body=message.body, attributes=dict(message.attributes))
