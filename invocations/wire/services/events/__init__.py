"""EventBridge. Archives, replays, API destinations, connections, partner sources and global endpoints are refused."""

from __future__ import annotations

from collections.abc import Callable

from invocations.limits import MIB
from invocations.wire.call import Answer, Call
from invocations.wire.services.events import buses, publishing, rules, targets

__all__ = ["LIMITS", "MODEL", "OPERATIONS", "SERVICE"]

SERVICE = "events"
MODEL = "events"

OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    **buses.OPERATIONS,
    **rules.OPERATIONS,
    **targets.OPERATIONS,
    **publishing.OPERATIONS,
}
# A MiB of events, whose details are JSON inside JSON: up to six bytes for one.
LIMITS = {"PutEvents": 8 * MIB}
