"""Whether the statements of a resource policy let somebody do something. Pure.

Statements are as AWS writes them. An explicit Deny wins, and what no statement allows is denied. Operators and
condition keys as in IAM's reference: keys without regard to case, all conditions must hold, any of a condition's
values will do, and a key that the request does not have fails its condition.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Statement = Mapping[str, Any]

OPERATORS = frozenset(("arnequals", "arnlike", "bool", "stringequals", "stringlike"))
SOURCE_ARN, SOURCE_ACCOUNT = "AWS:SourceArn", "AWS:SourceAccount"
URL_AUTH_TYPE, VIA_URL = "lambda:FunctionUrlAuthType", "lambda:InvokedViaFunctionUrl"
INVOKE_FUNCTION, INVOKE_FUNCTION_URL = "lambda:InvokeFunction", "lambda:InvokeFunctionUrl"
GET_LAYER_VERSION = "lambda:GetLayerVersion"
ARN_PARTS = 6


@dataclass(frozen=True)
class Asking:
    """Who asks for what. `principal` is a 12-digit account, a service (`sns.amazonaws.com`), or "*": anybody."""

    principal: str
    action: str  # "lambda:InvokeFunction"
    resource: str  # ARN, with its qualifier
    facts: Mapping[str, str] = field(default_factory=dict)  # condition keys; an empty value is one that is not there


def allows(statements: Iterable[Statement], asking: Asking) -> bool:
    """Whether some statement allows it and none denies it."""
    effects = {statement.get("Effect") for statement in statements if covers(statement, asking)}
    return "Allow" in effects and "Deny" not in effects


def covers(statement: Statement, asking: Asking) -> bool:
    """Whether the statement is about this principal, action, resource and circumstances."""
    facts = {key.lower(): value for key, value in asking.facts.items() if value}
    return (
        _names(statement.get("Principal"), asking.principal)
        and any(like(action.lower(), asking.action.lower()) for action in _many(statement.get("Action", [])))
        and any(like(resource, asking.resource) for resource in _many(statement.get("Resource", asking.resource)))
        and all(
            _holds(operator.lower(), [str(value) for value in _many(values)], facts.get(key.lower()))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def with_statement(document: str, statement: Statement) -> str:
    """Return a policy ("" is none yet) with that statement in the place of any with the same Sid."""
    before: dict[str, Any] = json.loads(document) if document else {"Version": "2012-10-17", "Statement": []}
    kept = [one for one in _many(before["Statement"]) if one.get("Sid") != statement["Sid"]]
    return json.dumps({**before, "Statement": [*kept, statement]}, separators=(",", ":"))


def _names(stated: Any, principal: str) -> bool:
    if stated == "*":
        return True
    if not isinstance(stated, Mapping):
        return False
    if "*" in _many(stated.get("AWS", [])):
        return True  # the same as a plain "*": everybody, services included
    kind = "Service" if "." in principal else "AWS"
    known = {"*", principal, f"arn:aws:iam::{principal}:root"}
    return any(one in known for one in _many(stated.get(kind, [])))


def _holds(operator: str, values: list[str], fact: str | None) -> bool:
    if fact is None or operator not in OPERATORS:
        return False
    if operator in ("arnequals", "arnlike"):
        return any(_arn_like(value, fact) for value in values)
    if operator == "stringlike":
        return any(like(value, fact) for value in values)
    if operator == "bool":
        return fact.lower() in [value.lower() for value in values]
    return fact in values


def _arn_like(pattern: str, arn: str) -> bool:
    """Each of the six parts is compared by itself: a wildcard does not reach over a colon before the resource."""
    wanted, given = pattern.split(":", ARN_PARTS - 1), arn.split(":", ARN_PARTS - 1)
    return len(wanted) == len(given) == ARN_PARTS and all(map(like, wanted, given))


def like(pattern: str, text: str) -> bool:
    """Whether `text` fits a pattern in which `*` stands for anything and `?` for one character."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    collapsed = re.sub(r"\*+", "*", pattern)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(character, re.escape(character)) for character in collapsed), re.S)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
