"""Whether a browser's upload keeps to the policy that was signed for it. Pure.

Source: Amazon S3, "POST policy": every field but the signature's own must be named by a condition, and every condition
must hold. Names are compared without regard to case, values exactly.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from invocations.errors import AccessDenied, Refusal, RequestEntityTooLarge

_FREE = frozenset(("file", "policy", "signature", "awsaccesskeyid", "x-amz-signature"))
_IGNORED = "x-ignore-"


def check(policy: str, fields: Mapping[str, str], size: int, now: datetime) -> None:
    """`policy` in base64; `fields` by lower-case name, the bucket among them; `size` of the file, bytes.

    Raises AccessDenied with S3's text, InvalidPolicyDocument, EntityTooSmall, RequestEntityTooLarge.
    """
    document = _document(policy)
    if _expiration(document) <= now:
        raise _broken("Policy expired.")
    named = set()
    for condition in document["conditions"]:
        for operator, name, value in _steps(condition):
            if operator == "content-length-range":
                _check_size(name, value, size)
                continue
            named.add(name)
            _check(operator, name, value, fields)
    extra = [name for name in fields if name not in named | _FREE and not name.startswith(_IGNORED)]
    if extra:
        raise _broken(f"Extra input fields: {', '.join(extra)}")


def _document(policy: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.b64decode(policy, validate=True))
        if isinstance(found["conditions"], list) and isinstance(found["expiration"], str):
            return dict(found)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        pass
    raise Refusal("Invalid Policy: Invalid JSON.", code="InvalidPolicyDocument")


def _expiration(document: Mapping[str, Any]) -> datetime:
    try:
        found = datetime.fromisoformat(document["expiration"])
    except ValueError:
        raise Refusal("Invalid Policy: Invalid 'expiration' value.", code="InvalidPolicyDocument") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _steps(condition: Any) -> list[tuple[str, Any, Any]]:
    """One condition as (operator, name, value); an object is as many as it has members."""
    if isinstance(condition, dict) and all(isinstance(value, str) for value in condition.values()):
        return [("eq", name.lower(), value) for name, value in condition.items()]
    if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[0], str):
        operator, name, value = condition[0].lower(), condition[1], condition[2]
        if operator == "content-length-range" and _is_number(name) and _is_number(value):
            return [(operator, int(name), int(value))]
        if operator in ("eq", "starts-with") and str(name).startswith("$") and isinstance(value, str):
            return [(operator, name[1:].lower(), value)]
    raise Refusal("Invalid Policy: Invalid Simple-Condition.", code="InvalidPolicyDocument")


def _is_number(value: Any) -> bool:
    return (isinstance(value, int) and value >= 0) or (isinstance(value, str) and value.isascii() and value.isdigit())


def _check_size(least: int, most: int, size: int) -> None:
    if size < least:
        raise Refusal("Your proposed upload is smaller than the minimum allowed size", code="EntityTooSmall")
    if size > most:
        raise RequestEntityTooLarge("Your proposed upload exceeds the maximum allowed size")


def _check(operator: str, name: str, value: str, fields: Mapping[str, str]) -> None:
    given = fields.get(name)
    holds = given is not None and (given == value if operator == "eq" else given.startswith(value))
    if not holds:
        raise _broken(f'Policy Condition failed: ["{operator}", "${name}", "{value}"]')


def _broken(why: str) -> AccessDenied:
    return AccessDenied(f"Invalid according to Policy: {why}")
