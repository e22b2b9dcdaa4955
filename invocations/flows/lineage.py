"""Which invocation led to this one. Known from the credentials a function calls with, not from what it says."""

from __future__ import annotations

from dataclasses import dataclass

from invocations.errors import UnusablePart
from invocations.runtime import client
from invocations.values import Caller


@dataclass(frozen=True)
class Lineage:
    """`hops`: how many invocations led here; 0 for one that a person or program outside began."""

    hops: int = 0
    request_id: str = ""  # of the invocation that caused this one


def lineage_of(caller: Caller) -> Lineage:
    """Return where the caller's chain stands: one further than the invocation now running in its environment."""
    if caller.environment_id is None:
        return Lineage()
    try:
        running = client.running_in(caller.environment_id)
    except UnusablePart:
        running = None
    return Lineage() if running is None else Lineage(running.hops + 1, running.request_id)
