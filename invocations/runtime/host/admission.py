"""Whether a function may have one more environment. Pure: counts in, AWS's throttle reason out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def throttle_reason(asked: dict[str, Any], busy: Iterable[dict[str, Any]]) -> str | None:
    """Compare with what is busy now. Specs carry `function_arn`, `account`, `region`, `reserved`, `unreserved_limit`.

    A reserved function counts against its reservation alone (0 throttles every call); all others of the account and
    region share what is left. Source: AWS Lambda's concurrency page; reasons from the service model.
    """
    if asked["reserved"] is not None:
        mine = sum(1 for spec in busy if spec["function_arn"] == asked["function_arn"])
        return "ReservedFunctionConcurrentInvocationLimitExceeded" if mine >= asked["reserved"] else None
    place = (asked["account"], asked["region"])
    shared = sum(1 for spec in busy if spec["reserved"] is None and (spec["account"], spec["region"]) == place)
    return "ConcurrentInvocationLimitExceeded" if shared >= asked["unreserved_limit"] else None
