"""Statements of a queue's policy by label."""

from __future__ import annotations

import re
from collections.abc import Callable

from invocations.engines.sqs import policies, queues
from invocations.engines.sqs.errors import OverLimitOfActions, invalid
from invocations.wire.call import Answer, Call
from invocations.wire.services.sqs.addressing import queue_of

_LABEL = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"\d{12}")


def add_permission(call: Call) -> Answer:
    queue = queue_of(call)
    label, accounts, actions = call.params["Label"], call.params["AWSAccountIds"], call.params["Actions"]
    if not _LABEL.fullmatch(label):
        raise invalid(
            label, "Label", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
        )
    for account in accounts:
        if not _ACCOUNT.fullmatch(account or ""):
            raise invalid(f"[{', '.join(map(str, accounts))}]", "PrincipalId", "Unable to verify.")
    if len(actions) > policies.LABEL_ACTIONS:
        raise OverLimitOfActions(len(actions), policies.LABEL_ACTIONS)
    queues.change(queue, {"Policy": policies.with_permission(queue, label, accounts, actions)})
    return Answer()


def remove_permission(call: Call) -> Answer:
    queue = queue_of(call)
    queues.change(queue, {"Policy": policies.without_permission(queue, call.params["Label"])})
    return Answer()


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "AddPermission": add_permission,
    "RemovePermission": remove_permission,
}
