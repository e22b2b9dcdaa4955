"""Messages go together with their bodies: few statements, small transactions, no row without the other."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max

from invocations.engines.sqs.moments import now_ms
from invocations.models import DedupId, Message, MessageBody, Queue

_AT_ONCE = 500  # rows of one transaction: writers of other queues wait for no longer


def remove(ids: Sequence[int]) -> None:
    """Delete messages by key, inside the caller's transaction."""
    MessageBody.objects.filter(pk__in=ids).delete()
    Message.objects.filter(pk__in=ids).delete()


def kept_since(queue: Queue, now: int) -> int:
    """Messages sent at or before this moment (ms) are past their retention."""
    return now - queue.retention_seconds * 1000


def empty(queue: Queue) -> int:
    """Delete every message that is in the queue now; later ones stay. Returns how many."""
    newest = Message.objects.filter(queue=queue).aggregate(last=Max("id"))["last"]
    return 0 if newest is None else _in_pieces(queue, id__lte=newest)


def forget_expired(queue: Queue) -> int:
    """Delete what is past its retention. Returns how many."""
    return _in_pieces(queue, sent_ms__lte=kept_since(queue, now_ms()))


def _in_pieces(queue: Queue, **which: int) -> int:
    gone = 0
    while True:
        with transaction.atomic():
            rows = Message.objects.filter(queue=queue, **which).select_for_update()
            ids = list(rows.values_list("id", flat=True)[:_AT_ONCE])
            if not ids:
                return gone
            remove(ids)
            gone += len(ids)


def remove_row(queue: Queue) -> bool:
    """Delete the queue's own row and what still hangs on it, inside the caller's transaction."""
    if Queue.objects.select_for_update().filter(pk=queue.pk).first() is None:
        return False
    remove(list(Message.objects.filter(queue=queue).values_list("id", flat=True)))
    DedupId.objects.filter(queue=queue).delete()
    Queue.objects.filter(pk=queue.pk).delete()
    return True
