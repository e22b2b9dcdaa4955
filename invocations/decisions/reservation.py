"""How much concurrency a function may reserve."""

from __future__ import annotations

from invocations import limits


def reservation_problem(asked: int, reserved_by_others: int) -> str | None:
    """Return AWS's text when too little would stay for functions without a reservation, or None."""
    if limits.ACCOUNT_CONCURRENCY - reserved_by_others - asked >= limits.UNRESERVED_CONCURRENCY_MIN:
        return None
    return (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        f"its minimum value of [{limits.UNRESERVED_CONCURRENCY_MIN}]."
    )
