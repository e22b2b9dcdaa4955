"""A bus's policy: who of other accounts may put events on it, or look at it and change its rules.

The account that owns the bus may do everything, as everywhere here. A statement with a condition that is not evaluated
is refused when it is set, so that none is stored without acting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from invocations.decisions.policy import OPERATORS, Asking, allows
from invocations.engines.events import limits
from invocations.engines.events.errors import InvalidRequest, NotFound, PolicyTooLong, Unsupported, invalid
from invocations.models import Bus

PUT = "events:PutEvents"
_KEYS = ("aws:sourcearn", "aws:sourceaccount", "aws:principalaccount", "events:source", "events:detail-type")
_ORGANIZATION = "lambdaplay knows no organizations, so it cannot act on a Condition about one."


def lets(bus: Bus, account: str, action: str, facts: Mapping[str, str] | None = None) -> bool:
    """Whether the bus's owner, or its policy, lets this account do the action (`events:PutEvents`)."""
    if account == bus.account:
        return True
    known = {"aws:PrincipalAccount": account, "aws:SourceAccount": account, **(facts or {})}
    return allows(_statements(bus.policy), Asking(account, action, bus.arn, known))


def checked(text: str) -> str:
    """Return a whole policy as it is stored. Raises ValidationException, PolicyLengthExceededException."""
    try:
        for statement in _many(json.loads(text)["Statement"]):
            _check(statement)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise invalid("Policy", "Unable to parse policy document.") from None
    return _short_enough(text)


def _check(statement: Mapping[str, Any]) -> None:
    if statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError
    for member in ("NotPrincipal", "NotAction", "NotResource"):
        if member in statement:
            raise Unsupported(f"lambdaplay does not offer {member} in a bus's Policy.")
    if not isinstance(statement["Principal"], str | dict) or not _many(statement["Action"]):
        raise ValueError
    for operator, keys in statement.get("Condition", {}).items():
        for key in keys:
            if operator.lower() not in OPERATORS or key.lower() not in _KEYS:
                raise Unsupported(f"lambdaplay does not offer the condition {operator} on {key} in a Policy.")


def _short_enough(text: str) -> str:
    if len(text.encode()) > limits.POLICY_BYTES:
        raise PolicyTooLong("The policy of an event bus cannot exceed 10 KB in size.")
    return text


def with_statement(bus: Bus, sid: str, action: str, principal: str, condition: Mapping[str, str] | None) -> str:
    """The policy with a statement more, or with the one of that id replaced. Raises BusRefusal."""
    if condition is not None:
        raise Unsupported(_ORGANIZATION)
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": action,
        "Resource": bus.arn,
    }
    return _written([*(one for one in _statements(bus.policy) if one.get("Sid") != sid), statement])


def without_statement(bus: Bus, sid: str) -> str:
    """The policy without that statement; "" when none is left. Raises ResourceNotFoundException."""
    statements = _statements(bus.policy)
    if not statements:
        raise NotFound("EventBus does not have a policy.")
    left = [one for one in statements if one.get("Sid") != sid]
    if len(left) == len(statements):
        raise NotFound("Statement with the provided id does not exist.")
    return _written(left)


def required(name: str, value: str | None) -> str:
    if value is None:
        raise InvalidRequest(f"Parameter(s) {name} must be specified.")
    return value


def _written(statements: list[dict[str, Any]]) -> str:
    if not statements:
        return ""
    return _short_enough(json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")))


def _statements(policy: str) -> list[dict[str, Any]]:
    return _many(json.loads(policy)["Statement"]) if policy else []


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
