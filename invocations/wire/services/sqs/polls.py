"""Long polls have a share of the web threads. Beyond it they are answered soon, and never with an error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from invocations import limits
from invocations.engines.sqs import waiting

T = TypeVar("T")

_held = threading.BoundedSemaphore(limits.HELD_POLLS)
_hurried = threading.BoundedSemaphore(limits.HURRIED_POLLS)


def poll(queue_arn: str, seconds: float, attempt: Callable[[], list[T]]) -> list[T]:
    """Attempt at once; when that gives nothing, wait up to `seconds` for more, as long as there is a place to wait."""
    found = attempt()
    if found or seconds <= 0:
        return found
    for places, longest in ((_held, seconds), (_hurried, min(seconds, limits.BRIEF_POLL_SECONDS))):
        if places.acquire(blocking=False):
            try:
                return waiting.until(queue_arn, longest, attempt)
            finally:
                places.release()
    return []
