from __future__ import annotations

from typing import Any

import pytest

from invocations.runtime.host.admission import throttle_reason

RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
ACCOUNT = "ConcurrentInvocationLimitExceeded"


def spec(
    function: str = "f", reserved: int | None = None, limit: int = 1000, region: str = "r", provisioned: int = 0
) -> dict[str, Any]:
    return {
        "function_arn": function, "account": "a", "region": region, "reserved": reserved, "unreserved_limit": limit,
        "provisioned": provisioned,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "busy", "reason"),
    [
        (spec(), [], None),
        (spec(reserved=0), [], RESERVED),  # zero is a limit
        (spec(reserved=1), [], None),
        (spec(reserved=1), [spec(reserved=1)], RESERVED),
        (spec(reserved=2), [spec(reserved=2)], None),
        (spec(reserved=1), [spec("g", reserved=1)], None),  # others do not count against a reservation
        (spec(reserved=1), [spec("g")] * 5000, None),  # nor does what is unreserved
        (spec(reserved=2, provisioned=2), [], RESERVED),  # all of it is set aside for what is provisioned
        (spec(reserved=3, provisioned=2), [], None),
        (spec(reserved=3, provisioned=2), [spec(reserved=3)], RESERVED),
        (spec(limit=0), [], ACCOUNT),
        (spec(limit=1, provisioned=5), [], None),  # who counted the limit has taken them off already
        (spec(limit=2), [spec("g")], None),
        (spec(limit=2), [spec("g"), spec("h")], ACCOUNT),
        (spec(limit=2), [spec("g", reserved=5)] * 5, None),  # reserved ones have a pool of their own
        (spec(limit=1), [spec("g", region="elsewhere")], None),
    ],
)
def test_a_limit_is_the_reservation_or_what_all_others_share(
    asked: dict[str, Any], busy: list[dict[str, Any]], reason: str | None
) -> None:
    assert throttle_reason(asked, busy) == reason
