"""Provisioned concurrency: what may be asked for, whose environments it means, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from invocations import limits

IN_PROGRESS, READY, FAILED = "IN_PROGRESS", "READY", "FAILED"


def request_problem(asked: int, beside: int, reserved: int | None, unreserved: int) -> str | None:
    """Return AWS's text when so many cannot be provisioned, or None.

    `beside`: what the function's other versions and aliases have provisioned. `unreserved`: what the account has left
    for functions without a reservation, this request not counted.
    """
    if reserved is not None:
        if asked + beside <= reserved:
            return None
        return (
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )
    if asked > unreserved:
        return (
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            f"[{unreserved}]."
        )
    if unreserved - asked < limits.UNRESERVED_CONCURRENCY_MIN:
        return (
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
            f"minimum value of [{limits.UNRESERVED_CONCURRENCY_MIN}]."
        )
    return None


def reservation_conflict(asked: int, provisioned: int) -> str | None:
    """Return AWS's text, its blanks included, when a reservation would not hold what is provisioned."""
    if asked >= provisioned:
        return None
    return (
        f" ReservedConcurrentExecutions  {asked} should not be lower than function's total provisioned concurrency "
        f"[{provisioned}]."
    )


def split(requested: int, main: str, weights: Mapping[str, float]) -> dict[str, int]:
    """Return how many each version gets: by an alias's weights, rounded; versions that get none are left out."""
    shares = {version: int(requested * weight + 0.5) for version, weight in weights.items()}
    return {version: share for version, share in {main: requested - sum(shares.values()), **shares}.items() if share}


@dataclass(frozen=True)
class Progress:
    """`allocated`: ready, or being initialised."""

    available: int
    allocated: int
    status: str
    reason: str = ""


def progress(requested: int, ready: int, started: int, reason: str) -> Progress:
    """Judge by what there is; `reason` is why there is not more."""
    if ready >= requested:
        return Progress(requested, requested, READY)
    return Progress(ready, min(started, requested), FAILED if reason else IN_PROGRESS, reason)
