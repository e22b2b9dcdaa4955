"""How many messages are in flight: counted now and then, never often enough to matter."""

from __future__ import annotations

import os

from invocations.engines.sqs import limits
from invocations.engines.sqs.moments import now_ms
from invocations.models import Message, Queue

# Of each queue: how many receives of this process go by before it is counted again.
_left: dict[int, int] = {}
# Between two counts, all processes together are taken to receive this many messages for each receive of ours.
_MARGIN = 1000


def is_full(queue: Queue) -> bool:
    """Whether the queue holds as many messages in flight as it may."""
    left = _left.get(queue.pk, 0)
    if left > 0:
        _left[queue.pk] = left - 1
        return False
    free = limits.IN_FLIGHT - in_flight(queue, limits.IN_FLIGHT)
    _left[queue.pk] = free // _MARGIN
    return free <= 0


def in_flight(queue: Queue, most: int) -> int:
    """Messages in flight, counted up to `most`."""
    flying = Message.objects.filter(queue_id=queue.pk, visible_ms__gt=now_ms()).exclude(receipt="")
    return flying.order_by()[:most].count()


os.register_at_fork(after_in_child=_left.clear)
