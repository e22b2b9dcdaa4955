"""What a poller takes: up to a thousand messages with their bodies, in one look and one UPDATE.

Pollers come here for every batch, so the statements are plain SQL and rows stay tuples. What is rare (expired messages,
and those that were received too often) is left to `receiving`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from invocations.engines.sqs import flights, handles, limits, receiving
from invocations.engines.sqs.errors import OverLimit
from invocations.engines.sqs.md5 import Attribute
from invocations.engines.sqs.moments import now_ms
from invocations.engines.sqs.removal import kept_since
from invocations.models import Message, Queue
from lambdaplay.db.lists import among, listed


class Taken(NamedTuple):
    """One message in hand. Moments are product time in milliseconds; `attributes` is JSON, "{}" for none."""

    pk: int
    message_id: str
    sent_ms: int
    receive_count: int
    first_received_ms: int | None
    sequence: int
    group: str
    deduplication_id: str
    sender: str
    trace_header: str
    hops: int
    caused_by: str
    dead_letter_source: str
    body: str
    attributes: str
    receipt: str
    received_ms: int

    @property
    def message_attributes(self) -> Mapping[str, Attribute]:
        found: Mapping[str, Attribute] = json.loads(self.attributes)
        return found


_OF_MESSAGE = (
    "id",
    "message_id",
    "sent_ms",
    "receive_count",
    "first_received_ms",
    "sequence",
    "group",
    "deduplication_id",
    "sender",
    "trace_header",
    "hops",
    "caused_by",
    "dead_letter_source",
)
_FROM = "FROM invocations_message m JOIN invocations_messagebody b ON b.message_id = m.id"


def take(queue: Queue, most: int) -> list[Taken]:
    """Take up to `most` visible messages, hidden until `holding.let_go`, in the caller's transaction.

    Raises OverLimit.
    """
    if queue.fifo and not _locked(queue):
        return []
    now = now_ms()
    rows = _look(queue, now, most)
    if not rows:
        return []
    if flights.is_full(queue):
        if queue.fifo:
            return []
        raise OverLimit(limits.IN_FLIGHT)
    if _has_rare(queue, rows, now):
        return [_taken(one) for one in receiving.hold(queue, most)]
    receipt = handles.new_receipt()
    ids = [row[0] for row in rows]
    if _hide(ids, now, receipt) < len(ids):
        return [one for one in again(queue, ids) if one.receipt == receipt]
    return [
        Taken._make((*row[:3], row[3] + 1, now if row[4] is None else row[4], *row[5:], receipt, now))  # as it is now
        for row in rows
    ]


def again(queue: Queue, ids: Sequence[int]) -> list[Taken]:
    """These messages as they are now, whoever has them."""
    columns = ", ".join(f'm."{name}"' for name in _OF_MESSAGE)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns}, b.body, b.attributes, m.receipt, m.received_ms {_FROM} "
            f"WHERE m.queue_id = %s AND {among('m.id')}",
            (queue.pk, listed(ids)),
        )
        return [Taken._make(row) for row in cursor.fetchall()]


def foreseen(row: Message) -> Taken:
    """The message as its next receive would show it; the row stays as it is."""
    taken = _taken(receiving.Received(row, ""))
    first = now_ms() if taken.first_received_ms is None else taken.first_received_ms
    return taken._replace(receive_count=taken.receive_count + 1, first_received_ms=first, receipt="")


@cache
def _statement(vendor: str, fifo: bool) -> str:
    columns = ", ".join(f'm."{name}"' for name in _OF_MESSAGE)
    text = f"SELECT {columns}, b.body, b.attributes {_FROM} WHERE m.queue_id = %s AND m.visible_ms <= %s "
    if fifo:
        # As in receiving.deliverable: a group waits for what is in flight, or delayed before it.
        text += (
            "AND m.sequence > 0 AND NOT EXISTS (SELECT 1 FROM invocations_message w WHERE w.queue_id = m.queue_id "
            'AND w."group" = m."group" AND w.visible_ms > %s AND w.sequence > 0 '
            "AND (w.sequence < m.sequence OR w.receipt <> '')) ORDER BY m.sequence LIMIT %s"
        )
    else:
        text += "ORDER BY m.visible_ms, m.id LIMIT %s"
    return text if vendor == "sqlite" or fifo else f"{text} FOR UPDATE OF m SKIP LOCKED"


def _look(queue: Queue, now: int, most: int) -> list[tuple[Any, ...]]:
    parameters = (queue.pk, now, now, most) if queue.fifo else (queue.pk, now, most)
    with connection.cursor() as cursor:
        cursor.execute(_statement(connection.vendor, queue.fifo), parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _locked(queue: Queue) -> bool:
    """Receivers of a FIFO queue take turns; SQLite's writers do so anyway. False when the queue is gone."""
    if not connection.features.has_select_for_update:
        return True
    return Queue.objects.select_for_update(no_key=True).filter(pk=queue.pk).exists()


def _has_rare(queue: Queue, rows: Sequence[tuple[Any, ...]], now: int) -> bool:
    kept = kept_since(queue, now)
    most = queue.redrive_max_receives if queue.redrive_target else None
    return any(row[2] <= kept or (most is not None and row[3] >= most) for row in rows)


def _hide(ids: Sequence[int], now: int, receipt: str) -> int:
    """Make them ours. Returns how many are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invocations_message SET receipt = %s, received_ms = %s, visible_ms = %s, "  # noqa: S608 - our words
            "receive_count = receive_count + 1, first_received_ms = COALESCE(first_received_ms, %s) "
            f"WHERE {among('id')} AND visible_ms <= %s",
            (receipt, now, receiving.HELD_MS, now, listed(ids), now),
        )
        return int(cursor.rowcount)


def _taken(received: receiving.Received) -> Taken:
    row: Message = received.row
    values = [getattr(row, name) for name in _OF_MESSAGE]
    attributes = json.dumps(row.content.attributes)
    return Taken._make((*values, row.content.body, attributes, row.receipt, row.received_ms or 0))
