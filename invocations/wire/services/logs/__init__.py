"""CloudWatch Logs: what functions printed, for `aws logs tail` and everything else that reads it. JSON 1.1."""

from __future__ import annotations

from collections.abc import Callable

from invocations.wire.call import Answer, Call
from invocations.wire.services.logs import events, groups

__all__ = ["MODEL", "OPERATIONS", "SERVICE", "UNCHECKED"]

SERVICE = "logs"
MODEL = "logs"
OPERATIONS: dict[str, Callable[[Call], Answer]] = {**groups.OPERATIONS, **events.OPERATIONS}
# A bad name has an error of the service's own; the flow says it.
UNCHECKED = {"CreateLogGroup": ("logGroupName",)}
