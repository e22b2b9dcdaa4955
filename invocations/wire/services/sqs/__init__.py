"""SQS: JSON for today's SDKs, the query protocol for older ones."""

from __future__ import annotations

from collections.abc import Callable

from invocations.limits import MIB
from invocations.wire.call import Answer, Call
from invocations.wire.services.sqs import batches, messages, move_tasks, permissions, queues

__all__ = ["LIMITS", "MODEL", "OPERATIONS", "SERVICE", "UNCHECKED", "WAITS"]

SERVICE = "sqs"
MODEL = "sqs"


class _Everything:
    """SQS words all of its refusals itself; none is the front end's."""

    def __contains__(self, path: object) -> bool:
        return True


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    **queues.OPERATIONS,
    **messages.OPERATIONS,
    **batches.OPERATIONS,
    **permissions.OPERATIONS,
    **move_tasks.OPERATIONS,
}
UNCHECKED = dict.fromkeys(OPERATIONS, _Everything())
# A MiB of messages, written with escapes (JSON: up to six bytes for one) or percent signs. A form names its operation
# only inside: "".
LIMITS = dict.fromkeys(("SendMessage", "SendMessageBatch", ""), 8 * MIB)
WAITS = frozenset(("ReceiveMessage",))
