"""Which group a request means: by name, or by an ARN that may end in `:*`."""

from __future__ import annotations

import base64
import json
from typing import Any

from invocations.flows.log_groups import Group, InvalidParameter, NotFound, find
from invocations.wire.call import Call


def group_of(call: Call) -> Group:
    """Raises InvalidParameter when no name, or two, are given; NotFound."""
    name, identifier = call.params.get("logGroupName"), call.params.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise InvalidParameter("Exactly one of logGroupName and logGroupIdentifier must be specified.")
    return find(call.caller.scope, name if name is not None else name_in(call, str(identifier)))


def name_in(call: Call, text: str) -> str:
    """The group's name in an ARN of the caller's own account and region, or the text itself."""
    if not text.startswith("arn:"):
        return text
    parts = text.split(":", 6)
    scope = call.caller.scope
    if len(parts) < 7 or parts[2] != "logs" or parts[5] != "log-group":
        raise InvalidParameter(f"{text} is not the ARN of a log group.")
    if (parts[3], parts[4]) != (scope.region, scope.account):
        raise NotFound
    return parts[6].removesuffix(":*")


def token(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def read_token(text: str, kind: str, length: int) -> list[Any]:
    """The values of a token that `token` made of `kind` and whole numbers or text. Raises InvalidParameter."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != length + 1 or values[0] != kind:
        raise InvalidParameter("The specified nextToken is invalid.")
    if not all(isinstance(value, str) or (type(value) is int and 0 <= value < 2**63) for value in values[1:]):
        raise InvalidParameter("The specified nextToken is invalid.")
    return values[1:]
