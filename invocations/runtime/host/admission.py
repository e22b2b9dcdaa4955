"""Whether a function may have one more environment. Pure: counts in, AWS's throttle reason out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def throttle_reason(asked: dict[str, Any], busy: Iterable[dict[str, Any]]) -> str | None:
    """Compare with what is busy on demand: of specs `function_arn`, `account`, `region`, `reserved`, `provisioned` and
    `unreserved_limit`.

    A reserved function counts against its reservation alone (0 throttles every call); all others of the account and
    region share what is left. What is provisioned (by all of the function's pools) is set aside: of the reservation
    here, of what is left by who counted it. Source: AWS Lambda's concurrency page; reasons from the service model.
    """
    if asked["reserved"] is not None:
        mine = sum(1 for spec in busy if spec["function_arn"] == asked["function_arn"])
        full = mine >= asked["reserved"] - asked["provisioned"]
        return "ReservedFunctionConcurrentInvocationLimitExceeded" if full else None
    place = (asked["account"], asked["region"])
    shared = sum(1 for spec in busy if spec["reserved"] is None and (spec["account"], spec["region"]) == place)
    return "ConcurrentInvocationLimitExceeded" if shared >= asked["unreserved_limit"] else None
