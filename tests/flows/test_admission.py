"""How many calls a process holds: a bound, and a share of their own for calls from inside functions."""

from __future__ import annotations

import contextlib

import pytest

from invocations import limits
from invocations.errors import TooManyRequests
from invocations.flows.admission import admitted
from invocations.values import Caller, Scope

OUTSIDE = Caller(Scope("000000000000", "us-east-1"), "api", "test", "arn")
INSIDE = Caller(Scope("000000000000", "us-east-1"), "api", "ASIA", "arn", environment_id="e")


def test_calls_beyond_the_bound_are_throttled_and_nested_ones_still_have_room() -> None:
    with contextlib.ExitStack() as held:
        for _ in range(limits.HELD_CALLS):
            held.enter_context(admitted(OUTSIDE))
        with pytest.raises(TooManyRequests) as refused, admitted(OUTSIDE):
            pass
        assert (refused.value.status, refused.value.reason) == (429, "CallerRateLimitExceeded")
        for _ in range(limits.HELD_NESTED_CALLS):
            held.enter_context(admitted(INSIDE))
        with pytest.raises(TooManyRequests), admitted(INSIDE):
            pass
    with admitted(OUTSIDE), admitted(INSIDE):
        pass


def test_a_failing_call_gives_its_place_back() -> None:
    for _ in range(limits.HELD_CALLS + 1):
        with pytest.raises(ZeroDivisionError), admitted(OUTSIDE):
            _ = 1 / 0
