"""SNS filter policies: what a policy may say, and whether a message's attributes or body fit it.

Scope MessageAttributes matches attributes, scope MessageBody the message as a JSON object. The operators are those of
event patterns; limits are SNS's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from invocations.decisions.event_pattern import (
    InvalidPattern,
    Mismatch,
    Pattern,
    compile_tree,
    explain,
)

# No more than JSON has, apart from leading zeros and a plus: Python would read "1_0", " 1" and "inf", too.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)

ATTRIBUTES, BODY = SCOPES = ("MessageAttributes", "MessageBody")

# SNS's limits: keys of a policy (of a nested one the top ones), combinations of values, bytes.
KEYS_MAX = 5
COMBINATIONS_MAX = 150
POLICY_BYTES = 256 * 1024


@dataclass(frozen=True)
class Attribute:
    """A message attribute. `value` is the text of String, String.Array and Number; None for Binary."""

    data_type: str
    value: str | None


@lru_cache(1024)
def compile_policy(text: str, scope: str) -> Pattern | None:
    """Compile a policy's JSON text; None for `{}`, which lets everything through. Raises InvalidPattern with a reason.

    The caller puts SNS's "Invalid parameter: [Attributes Reason: ]FilterPolicy: " before the reason.
    """
    policy = _parsed(text)
    if not policy:
        return None
    if len(policy) > KEYS_MAX:
        raise InvalidPattern(f"Filter policy can not have more than {KEYS_MAX} keys")
    if _combinations(policy, 1, 1, scope) > COMBINATIONS_MAX:
        raise InvalidPattern("Filter policy is too complex")
    return compile_tree(policy)


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text.encode("utf-8", "surrogatepass")) > POLICY_BYTES:
        raise InvalidPattern("Filter policy is too large")
    try:
        policy = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InvalidPattern("failed to parse JSON.") from None
    if not isinstance(policy, Mapping):
        raise InvalidPattern("Filter is not an object")
    return policy


def _refuse(name: str) -> None:
    raise ValueError(name)


def _combinations(policy: Mapping[str, Any], depth: int, combinations: int, scope: str) -> int:
    """SNS multiplies the number of values of each key by the depth the key is at; branches of `$or` add up."""
    for key, value in policy.items():
        if isinstance(value, Mapping):
            if scope == ATTRIBUTES:
                raise InvalidPattern("Filter policy scope MessageAttributes does not support nested filter policy")
            combinations = _combinations(value, depth + 1, combinations, scope)
        elif isinstance(value, list) and key == "$or" and all(isinstance(one, Mapping) for one in value):
            combinations = sum(_combinations(one, depth, combinations, scope) for one in value)
        elif isinstance(value, list):
            combinations *= max(len(value), 1) * depth
    return combinations


def explain_attributes(policy: Pattern | None, attributes: Mapping[str, Attribute]) -> Mismatch | None:
    """None when the attributes fit; else which one does not."""
    if policy is None:
        return None
    # Names are whole keys here: a dot in one joins nothing, and flattening keeps it as it is.
    return explain(policy, {name: _json_of(attribute) for name, attribute in attributes.items()})


def _json_of(attribute: Attribute) -> object:
    """The value as the rules compare it: a Number as a number, a String.Array as a list."""
    kind, value = attribute.data_type, attribute.value
    if value is None:
        return []  # Binary: no rule compares it, and `exists` does not see it
    if kind == "Number" or kind.startswith("Number."):
        return _number(value)
    if kind == "String.Array":
        return _array(value)
    return value


def _number(text: str) -> object:
    if _NUMBER.fullmatch(text) is None:
        return text
    try:
        return int(text)
    except ValueError:
        return float(text)


def _array(text: str) -> object:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return values if isinstance(values, list) else []


def explain_body(policy: Pattern | None, message: str) -> Mismatch | None:
    """None when the message fits; a message that is no JSON object fits no policy."""
    if policy is None:
        return None
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        body = None
    return explain(policy, body)


def fits(policy: Pattern | None, scope: str, message: str, attributes: Mapping[str, Attribute]) -> bool:
    """Whether a message passes a subscription's policy."""
    found = explain_body(policy, message) if scope == BODY else explain_attributes(policy, attributes)
    return found is None
