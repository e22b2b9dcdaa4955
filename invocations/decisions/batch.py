"""When a batch is handed over, and how many records it takes. Pure.

AWS invokes when the first of these holds: the batching window is over, BatchSize is reached, or the event would pass
6 MB. Sizes are bytes of the whole JSON text, base64 growth and metadata included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from invocations import limits

HEAD, TAIL = b'{"Records":[', b"]}"


def fitting(sizes: Sequence[int], most: int, room: int = limits.SYNC_REQUEST_BYTES) -> int:
    """Return how many of the records, from the first on, make one event; at least one when there is one.

    `sizes` are of the records' JSON texts, `room` of the whole event. A record that is too large even alone is handed
    over alone: the invocation then says what is wrong with it.
    """
    total = len(HEAD) + len(TAIL)
    for count, size in enumerate(sizes[:most]):
        total += size + (1 if count else 0)
        if total > room and count:
            return count
    return min(len(sizes), most)


def event_of(
    records: Sequence[bytes], more: Mapping[str, Any] | None = None, envelope: tuple[bytes, bytes] = (HEAD, TAIL)
) -> bytes:
    """The event's JSON text from its records' texts, with further members beside them."""
    head, tail = envelope
    if more:
        tail = b"]," + json.dumps(more, separators=(",", ":")).encode()[1:]
    return head + b",".join(records) + tail


def is_full(sizes: Sequence[int], most: int) -> bool:
    """Whether nothing more could be added: as many as BatchSize, or the next one might pass 6 MB."""
    return len(sizes) >= most or sum(sizes) + len(sizes) + len(HEAD) + len(TAIL) >= limits.SYNC_REQUEST_BYTES


def window_end(first_read: datetime, window_seconds: float) -> datetime:
    """When a batch that has begun is handed over at the latest (product time)."""
    return first_read + timedelta(seconds=window_seconds)
