"""A queue's policy: who of other accounts, and which services, may do what.

The account that owns the queue may do everything, as everywhere here. A statement with a condition that is not
evaluated is refused when it is set, so that none is stored without acting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from invocations.decisions import policy
from invocations.decisions.policy import Asking
from invocations.engines.sqs.errors import InvalidAttributeValue, invalid
from invocations.models import Queue

ACTIONS = (
    "*",
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
)
LABEL_ACTIONS = 7
_OPERATORS = policy.OPERATORS - {"bool"}  # none of the keys is a truth value
_KEYS = ("aws:sourcearn", "aws:sourceaccount", "aws:principalaccount")


def checked(text: str) -> str:
    """Return the policy as it is stored. Raises InvalidAttributeValue for what is no policy or cannot be evaluated."""
    if text == "":
        return ""
    try:
        document = json.loads(text)
        statements = _many(document["Statement"])
        for statement in statements:
            _check(statement)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidAttributeValue("Invalid value for the parameter Policy.") from None
    return text


def _check(statement: Mapping[str, Any]) -> None:
    if statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError
    for member in ("NotPrincipal", "NotAction", "NotResource"):
        if member in statement:
            raise InvalidAttributeValue(f"lambdaplay does not offer {member} in a queue's Policy.")
    if not isinstance(statement["Principal"], str | dict) or not _many(statement["Action"]):
        raise ValueError
    for operator, keys in statement.get("Condition", {}).items():
        for key in keys:
            if operator.lower() not in _OPERATORS or key.lower() not in _KEYS:
                raise InvalidAttributeValue(f"lambdaplay does not offer the condition {operator} on {key} in a Policy.")


def allows(queue: Queue, principal: str, action: str, context: Mapping[str, str] | None = None) -> bool:
    """Whether the policy lets a principal (12-digit account or service name) do the action (`SendMessage`).

    `context` has the request's condition keys: `aws:SourceArn`, `aws:SourceAccount`.
    """
    if not queue.policy:
        return False
    facts = dict(context or {})
    if principal.isdigit():
        facts["aws:PrincipalAccount"] = principal
    return policy.allows(
        _many(json.loads(queue.policy)["Statement"]), Asking(principal, f"sqs:{action}", queue.arn, facts)
    )


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def with_permission(queue: Queue, label: str, accounts: list[str], actions: list[str]) -> str:
    """The policy with a statement more. Raises InvalidValue for a label that is there, or unknown actions."""
    document = _policy(queue)
    if any(statement.get("Sid") == label for statement in document["Statement"]):
        raise invalid(label, "Label", "Already exists.")
    for action in actions:
        if action not in ACTIONS:
            raise invalid(
                f"SQS:{action}", "ActionName", "Please refer to the appropriate WSDL for a list of valid actions. "
            )
    document["Statement"].append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": _few([f"arn:aws:iam::{account}:root" for account in accounts])},
            "Action": _few([f"SQS:{action}" for action in actions]),
            "Resource": queue.arn,
        }
    )
    return json.dumps(document, separators=(",", ":"))


def without_permission(queue: Queue, label: str) -> str:
    """The policy without that label's statement; "" when none is left. Raises InvalidValue for an unknown label."""
    document = _policy(queue)
    left = [statement for statement in document["Statement"] if statement.get("Sid") != label]
    if len(left) == len(document["Statement"]):
        raise invalid(label, "Label", "can't find label.")
    return json.dumps({**document, "Statement": left}, separators=(",", ":")) if left else ""


def _policy(queue: Queue) -> dict[str, Any]:
    if not queue.policy:
        return {"Version": "2008-10-17", "Id": f"{queue.arn}/SQSDefaultPolicy", "Statement": []}
    document: dict[str, Any] = json.loads(queue.policy)
    return {**document, "Statement": _many(document["Statement"])}


def _few(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
