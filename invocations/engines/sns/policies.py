"""A topic's access policy: who of other accounts, and which services, may do what.

The account that owns the topic may do everything, as everywhere here. A statement with a condition that is not
evaluated is refused when it is set, so that none is stored without acting.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from invocations.decisions import policy
from invocations.decisions.policy import Asking
from invocations.engines.sns.errors import AuthorizationError, InvalidParameter
from invocations.models import Topic

# What a label may permit. Source: AWS's AddPermission page.
ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
_KEYS = (
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:principalaccount",
    "sns:protocol",
    "sns:endpoint",
)
_LABEL = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"\d{12}")


def default(topic: Topic) -> str:
    """The policy of a topic whose owner has set none: the owner's account alone."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in ACTIONS],
        "Resource": topic.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic.account}},
    }
    return _compact({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def current(topic: Topic) -> str:
    return topic.policy or default(topic)


def checked(text: str) -> str:
    """Return the policy as it is stored. Raises InvalidParameter for what is no policy or cannot be evaluated."""
    try:
        statements = _many(json.loads(text)["Statement"])
        if not statements:
            raise ValueError
        for statement in statements:
            _check(statement)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidParameter("Policy Error: null") from None
    return text


def _check(statement: Mapping[str, Any]) -> None:
    if statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError
    for member in ("NotPrincipal", "NotAction", "NotResource"):
        if member in statement:
            raise InvalidParameter(f"Policy Reason: lambdaplay does not offer {member} in a topic's Policy.")
    if not isinstance(statement["Principal"], str | dict) or not _many(statement["Action"]):
        raise ValueError
    for operator, keys in statement.get("Condition", {}).items():
        for key in keys:
            if operator.lower() not in policy.OPERATORS or key.lower() not in _KEYS:
                raise InvalidParameter(
                    f"Policy Reason: lambdaplay does not offer the condition {operator} on {key} in a topic's Policy."
                )


def allows(topic: Topic, principal: str, action: str, context: Mapping[str, str] | None = None) -> bool:
    """Whether the policy lets a principal (12-digit account or service name) do the action (`Publish`).

    `context` has the request's condition keys: `aws:SourceArn`, `aws:SourceAccount`, `sns:Protocol`, `sns:Endpoint`.
    """
    facts = dict(context or {})
    if principal.isdigit():
        facts |= {"aws:PrincipalAccount": principal, "aws:SourceOwner": principal}
    asking = Asking(principal, f"sns:{action}", topic.arn, facts)
    return policy.allows(_many(json.loads(current(topic))["Statement"]), asking)


def require(topic: Topic, account: str, caller_arn: str, action: str, context: Mapping[str, str] | None = None) -> None:
    """Raise AuthorizationError unless that account may do it."""
    if account == topic.account or allows(topic, account, action, context):
        return
    raise AuthorizationError(
        f"User: {caller_arn} is not authorized to perform: SNS:{action} on resource: {topic.arn} because no "
        f"resource-based policy allows the SNS:{action} action"
    )


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def with_permission(topic: Topic, label: str, accounts: Sequence[str], actions: Sequence[str]) -> str:
    """The policy with a statement more. Raises InvalidParameter."""
    if not _LABEL.fullmatch(label):
        raise InvalidParameter("Label")
    if not accounts or not all(_ACCOUNT.fullmatch(account or "") for account in accounts):
        raise InvalidParameter("AWSAccountId")
    for action in actions or ("",):
        if action not in ACTIONS:
            raise InvalidParameter("Policy statement action out of service scope!")
    document = json.loads(current(topic))
    statements = _many(document["Statement"])
    if any(statement.get("Sid") == label for statement in statements):
        raise InvalidParameter("Statement already exists")
    principals = [f"arn:aws:iam::{account}:root" for account in accounts]
    statements.append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": _few(principals)},
            "Action": _few([f"SNS:{action}" for action in actions]),
            "Resource": topic.arn,
        }
    )
    return _compact({**document, "Statement": statements})


def without_permission(topic: Topic, label: str) -> str:
    """The policy without that label's statement; as it was when there is none."""
    document = json.loads(current(topic))
    left = [statement for statement in _many(document["Statement"]) if statement.get("Sid") != label]
    return _compact({**document, "Statement": left}) if left else ""


def _few(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
