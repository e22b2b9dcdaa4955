"""From what AddPermission is given to the statement that AWS makes of it, and to a sentence. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from invocations.decisions.constraints import detected, text_violation
from invocations.decisions.policy import (
    INVOKE_FUNCTION,
    INVOKE_FUNCTION_URL,
    SOURCE_ACCOUNT,
    SOURCE_ARN,
    URL_AUTH_TYPE,
    VIA_URL,
)
from invocations.errors import InvalidParameterValue, UnsupportedOption, ValidationException

ACTIONS = (INVOKE_FUNCTION, INVOKE_FUNCTION_URL, "lambda:*", "*")
TOKEN = "lambda:EventSourceToken"  # noqa: S105 - a condition key

_ORDER = ("Sid", "Effect", "Principal", "Action", "Resource", "Condition")
_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com)")
_IDENTITY = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/\S+)")
# field: the shape of AWS's model that says what it may hold
_SHAPES = {
    "statement_id": ("StatementId", "statementId"),
    "action": ("Action", "action"),
    "principal": ("Principal", "principal"),
    "source_arn": ("Arn", "sourceArn"),
    "source_account": ("SourceOwner", "sourceAccount"),
    "event_source_token": ("EventSourceToken", "eventSourceToken"),
    "principal_org_id": ("PrincipalOrgID", "principalOrgID"),
    "function_url_auth_type": ("FunctionUrlAuthType", "functionUrlAuthType"),
}


@dataclass(frozen=True)
class Grant:
    """Who may do what, and under which circumstances; None is what was not given."""

    statement_id: str
    action: str
    principal: str
    source_arn: str | None = None
    source_account: str | None = None
    event_source_token: str | None = None
    principal_org_id: str | None = None
    function_url_auth_type: str | None = None
    invoked_via_function_url: bool | None = None

    def check(self) -> None:
        """Raise ValidationException for what AWS's model refuses, InvalidParameterValue for what makes no sense."""
        given = {name: getattr(self, name) for name in _SHAPES}
        problems = [text_violation(*_bound(name, value)) for name, value in given.items() if value is not None]
        found = [problem for problem in problems if problem is not None]
        if found:
            raise ValidationException(detected(found))
        if self.principal_org_id is not None:
            raise UnsupportedOption("lambdaplay does not offer PrincipalOrgID: it knows no organizations.")
        if self.action not in ACTIONS:
            raise UnsupportedOption(
                f"lambdaplay does not offer permissions for {self.action}; it acts on {', '.join(ACTIONS)}."
            )
        if self.function_url_auth_type is not None and self.action == INVOKE_FUNCTION:
            raise InvalidParameterValue(f"FunctionUrlAuthType is only supported for {INVOKE_FUNCTION_URL} action")
        if self.invoked_via_function_url is not None and self.action == INVOKE_FUNCTION_URL:
            raise InvalidParameterValue(f"InvokedViaFunctionUrl is only supported for {INVOKE_FUNCTION} action")
        principal_of(self.principal)

    def statement(self, resource: str) -> dict[str, Any]:
        """Return the statement with AWS's order of keys. Raises InvalidParameterValue for a principal that is none."""
        equals = {
            SOURCE_ACCOUNT: self.source_account,
            URL_AUTH_TYPE: self.function_url_auth_type,
            TOKEN: self.event_source_token,
        }
        via = None if self.invoked_via_function_url is None else str(self.invoked_via_function_url).lower()
        conditions = {
            "StringEquals": {key: value for key, value in equals.items() if value is not None},
            "Bool": {} if via is None else {VIA_URL: via},
            "ArnLike": {} if self.source_arn is None else {SOURCE_ARN: self.source_arn},
        }
        conditions = {operator: keys for operator, keys in conditions.items() if keys}
        return {
            "Sid": self.statement_id,
            "Effect": "Allow",
            "Principal": principal_of(self.principal),
            "Action": self.action,
            "Resource": resource,
            **({"Condition": conditions} if conditions else {}),
        }


def _bound(name: str, value: str) -> tuple[str, str, str]:
    shape, field = _SHAPES[name]
    return shape, value, field


def principal_of(given: str) -> str | dict[str, str]:
    """Return a statement's Principal. Raises InvalidParameterValue for what is none."""
    if given == "*":
        return "*"
    if _ACCOUNT.fullmatch(given):
        return {"AWS": f"arn:aws:iam::{given}:root"}
    if _IDENTITY.fullmatch(given):
        return {"AWS": given}
    if _SERVICE.fullmatch(given):
        return {"Service": given}
    raise InvalidParameterValue("The provided principal was invalid. Please check the principal and try again.")


def document(statements: Iterable[Mapping[str, Any]]) -> str:
    """Return the policy as AWS answers it: compact JSON, its keys in AWS's order, which PostgreSQL does not keep."""
    ordered = [{key: one[key] for key in _ORDER if key in one} for one in statements]
    whole = {"Version": "2012-10-17", "Id": "default", "Statement": ordered}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False)


_WHAT = {
    INVOKE_FUNCTION: "invoke it",
    INVOKE_FUNCTION_URL: "call its URL",
    "lambda:*": "invoke it and call its URL",
    "*": "invoke it and call its URL",
}
_WHEN = {
    SOURCE_ARN: "for {}",
    SOURCE_ACCOUNT: "from account {}",
    URL_AUTH_TYPE: "where the URL's AuthType is {}",
    TOKEN: "with the token {}",
}


def layer_sentence(statement: Mapping[str, Any]) -> str:
    """Say in words whom a statement lets use a layer version."""
    principal = statement["Principal"]
    return "Every account may use it." if principal == "*" else f"{next(iter(principal.values()))} may use it."


def sentence(statement: Mapping[str, Any]) -> str:
    """Say in words what a statement allows."""
    principal = statement["Principal"]
    who = "Anybody" if principal == "*" else next(iter(principal.values()))
    conditions = {key: value for keys in statement.get("Condition", {}).values() for key, value in keys.items()}
    words = [_WHEN[key].format(value) for key, value in conditions.items() if key in _WHEN]
    if VIA_URL in conditions:
        words.append("through its URL" if conditions[VIA_URL] == "true" else "but not through its URL")
    return " ".join([who, "may", _WHAT.get(statement["Action"], statement["Action"]), *words]) + "."
