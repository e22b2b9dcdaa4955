"""Which values AWS's service model allows for a member, and in which words a violation is told.

The model is botocore's, so ranges, patterns and enumerations are read, not retyped. Doors that parse a request by the
model (the AWS endpoint) and doors that do not (forms, commands) get one text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any


@cache
def shape_metadata(shape: str, service: str = "lambda") -> dict[str, Any]:
    """Return the constraints of a shape: any of `min`, `max`, `pattern`, `enum`."""
    return dict(_model(service).shape_for(shape).metadata)


@cache
def _model(service: str) -> Any:
    import botocore.session  # here: most commands never ask, and it is a tenth of their start

    return botocore.session.get_session().get_service_model(service)


def text_violation(shape: str, value: str, field: str) -> str | None:
    """Return what is wrong with a string member (`field` in lowerCamel), or None."""
    rules = shape_metadata(shape)
    if len(value) < rules.get("min", 0):
        return violation(value, field, f"Member must have length greater than or equal to {rules['min']}")
    if len(value) > rules.get("max", len(value)):
        return violation(value, field, f"Member must have length less than or equal to {rules['max']}")
    if "enum" in rules and value not in rules["enum"]:
        return violation(value, field, f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]")
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
        return violation(value, field, f"Member must satisfy regular expression pattern: {rules['pattern']}")
    return None


def range_violation(value: int, lowest: int, highest: int, field: str) -> str | None:
    """Return what is wrong with a number, or None."""
    if value < lowest:
        return violation(value, field, f"Member must have value greater than or equal to {lowest}")
    if value > highest:
        return violation(value, field, f"Member must have value less than or equal to {highest}")
    return None


def violation(value: object, field: str, constraint: str) -> str:
    return f"Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"


def detected(violations: Iterable[str]) -> str:
    """Join violations to the text of one ValidationException."""
    found = list(violations)
    return f"{len(found)} validation error{'' if len(found) == 1 else 's'} detected: {'; '.join(found)}"
