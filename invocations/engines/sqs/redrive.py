"""Messages that were received too often move to the dead-letter queue, when the next receive would take them."""

from __future__ import annotations

from collections.abc import Sequence

from invocations.engines.sqs import attributes, hooks
from invocations.engines.sqs.errors import QueueDoesNotExist
from invocations.engines.sqs.moments import now_ms
from invocations.engines.sqs.queues import find_arn
from invocations.models import Message, Queue


def dead_letter_queue(queue: Queue) -> Queue | None:
    """Where the queue's dead messages go; None when it has no redrive policy or its target does not take them."""
    if not queue.redrive_target:
        return None
    try:
        dead = find_arn(queue.redrive_target)
    except QueueDoesNotExist:
        return None
    return dead if attributes.allows_source(dead, queue.arn) else None


def bury(queue: Queue, dead: Queue, ids: Sequence[int]) -> None:
    """Move messages, inside the caller's transaction. Ids, bodies and receive counts stay; FIFO starts a new age."""
    changes = {"queue": dead, "receipt": "", "visible_ms": now_ms(), "dead_letter_source": queue.arn}
    if not dead.fifo:
        Message.objects.filter(pk__in=ids).update(**changes)
    else:
        for row, sequence in zip(sorted(ids), places(dead, len(ids)), strict=True):
            Message.objects.filter(pk=row).update(**changes, sequence=sequence, sent_ms=now_ms())
    hooks.announce(dead.arn)


def places(queue: Queue, count: int) -> range:
    """Reserve the next places of a FIFO queue, inside the caller's transaction."""
    locked = Queue.objects.select_for_update(no_key=True).filter(pk=queue.pk).first()
    if locked is None:
        raise QueueDoesNotExist
    first = locked.last_sequence + 1
    Queue.objects.filter(pk=queue.pk).update(last_sequence=locked.last_sequence + count)
    return range(first, first + count)
