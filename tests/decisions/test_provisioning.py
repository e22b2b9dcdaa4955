"""What may be provisioned, whose environments it means, and how far it is."""

from __future__ import annotations

import pytest

from invocations.decisions.provisioning import Progress, progress, request_problem, reservation_conflict, split

RESERVED = "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
FLOOR = (
    "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum "
    "value of [100]."
)


@pytest.mark.parametrize(
    ("asked", "beside", "reserved", "unreserved", "problem"),
    [
        (2, 0, 2, 0, None),  # a reservation is the function's own: the account is not asked
        (2, 1, 2, 1000, RESERVED),
        (1, 0, 0, 1000, RESERVED),
        (900, 0, None, 1000, None),
        (901, 0, None, 1000, FLOOR),
        (1000, 0, None, 1000, FLOOR),
        (
            1001,
            0,
            None,
            1000,
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000].",
        ),
        (1, 800, None, 100, FLOOR),
    ],
)
def test_a_request_fits_the_reservation_or_leaves_the_account_its_floor(
    asked: int, beside: int, reserved: int | None, unreserved: int, problem: str | None
) -> None:
    assert request_problem(asked, beside, reserved, unreserved) == problem


def test_a_reservation_holds_what_is_provisioned() -> None:
    assert reservation_conflict(2, 2) is None
    assert reservation_conflict(1, 2) == (
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2]."
    )


@pytest.mark.parametrize(
    ("requested", "weights", "shares"),
    [
        (5, {}, {"1": 5}),
        (10, {"2": 0.1}, {"1": 9, "2": 1}),
        (1, {"2": 0.1}, {"1": 1}),
        (1, {"2": 0.5}, {"2": 1}),
        (3, {"2": 1.0}, {"2": 3}),
        (3, {"2": 0.0}, {"1": 3}),
    ],
)
def test_an_aliass_weights_share_it(requested: int, weights: dict[str, float], shares: dict[str, int]) -> None:
    assert split(requested, "1", weights) == shares


@pytest.mark.parametrize(
    ("ready", "started", "reason", "found"),
    [
        (3, 3, "", Progress(3, 3, "READY")),
        (3, 3, "earlier", Progress(3, 3, "READY")),
        (0, 0, "", Progress(0, 0, "IN_PROGRESS")),
        (1, 3, "", Progress(1, 3, "IN_PROGRESS")),
        (1, 2, "broken", Progress(1, 2, "FAILED", "broken")),
    ],
)
def test_what_there_is_decides(ready: int, started: int, reason: str, found: Progress) -> None:
    assert progress(3, ready, started, reason) == found
