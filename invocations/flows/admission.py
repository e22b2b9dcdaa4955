"""How many synchronous calls one web process holds at once. Beyond: 429 at once, never a queue.

Calls from inside functions have a share of their own: each frees its caller, so they must not wait behind callers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from invocations import limits
from invocations.errors import TooManyRequests
from invocations.values import Caller

_calls = threading.BoundedSemaphore(limits.HELD_CALLS)
_nested = threading.BoundedSemaphore(limits.HELD_NESTED_CALLS)


@contextmanager
def admitted(caller: Caller) -> Iterator[None]:
    """Hold a place while the function runs. Raises TooManyRequests when there is none."""
    places = [_calls] if caller.environment_id is None else [_nested, _calls]
    taken = next((place for place in places if place.acquire(blocking=False)), None)
    if taken is None:
        raise TooManyRequests("CallerRateLimitExceeded")
    try:
        yield
    finally:
        taken.release()
