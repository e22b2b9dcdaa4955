"""Aliases that share their calls between two versions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from invocations.decisions.constraints import violation
from invocations.values import LATEST

_FIELD = "routingConfig.additionalVersionWeights"


def choose_version(main: str, weights: Mapping[str, float], draw: float) -> str:
    """Return the version that one call goes to; `draw` is uniform in [0, 1)."""
    reached = 0.0
    for version, weight in weights.items():
        reached += weight
        if draw < reached:
            return version
    return main


def weight_violation(weights: Mapping[str, float]) -> str | None:
    """Return the constraint violation of keys and values that the service model rules out, or None."""
    shown = "{" + ", ".join(f"{version}={weight}" for version, weight in weights.items()) + "}"
    if not all(re.fullmatch("[0-9]+", version) for version in weights):
        constraint = "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, "
        constraint += "Member must have length greater than or equal to 1, "
        constraint += "Member must satisfy regular expression pattern: [0-9]+, Member must not be null]"
        return violation(shown, _FIELD, constraint)
    if not all(0.0 <= weight <= 1.0 for weight in weights.values()):
        constraint = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
        constraint += "Member must have value greater than or equal to 0.0, Member must not be null]"
        return violation(shown, _FIELD, constraint)
    return None


def routing_problem(main: str, weights: Mapping[str, float]) -> str | None:
    """Return AWS's text for a routing that an alias may not have, or None."""
    if len(weights) > 1:
        return "Number of items in AdditionalVersionWeights cannot be greater than 1"
    if main in weights:
        return f"Invalid function version {main}. Function version {main} is already included in routing configuration."
    if weights and main == LATEST:
        return "$LATEST is not supported for an alias pointing to more than 1 version"
    return None
