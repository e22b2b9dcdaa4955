"""SNS: the query protocol, which is all that its model knows."""

from __future__ import annotations

from collections.abc import Callable

from invocations.limits import MIB
from invocations.wire.call import Answer, Call
from invocations.wire.services.sns import publishing, subscriptions, topics

__all__ = ["LIMITS", "MODEL", "OPERATIONS", "SERVICE", "UNSIGNED"]

SERVICE = "sns"
MODEL = "sns"
OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    **topics.OPERATIONS,
    **subscriptions.OPERATIONS,
    **publishing.OPERATIONS,
}
# A form names its operation only inside: "". A MiB of messages, written with percent signs.
LIMITS = {"": 8 * MIB}
# What the links in messages lead to: a GET without a signature.
UNSIGNED = frozenset(("ConfirmSubscription", "Unsubscribe"))
