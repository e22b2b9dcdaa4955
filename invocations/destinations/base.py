"""What every destination is, what it gets and the one error they agree on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from invocations.arns import Arn
from invocations.errors import LambdaplayError
from invocations.values import Scope

ON_SUCCESS, ON_FAILURE, DEAD_LETTER = "on-success", "on-failure", "dead-letter"

Attributes = Mapping[str, Mapping[str, str]]  # {"name": {"type": "String", "value": ".."}}


class Undeliverable(LambdaplayError):
    """The target did not take it. `permanent`: nor will it later; else it is tried again."""

    def __init__(self, sentence: str, *, permanent: bool = False) -> None:
        super().__init__(sentence)
        self.permanent = permanent


@dataclass(frozen=True)
class Context:
    """Where a delivery comes from. One delivery always has the same `key`, however often it is sent."""

    key: str
    scope: Scope  # of the function that finished
    function: str
    function_arn: str  # with the qualifier that was invoked
    kind: str
    succeeded: bool
    request_id: str  # of the invocation that it tells of
    trace_id: str
    hops: int  # that led to that invocation
    at: datetime  # product time; when the invocation finished


@dataclass(frozen=True)
class Destination:
    """`send` raises Undeliverable; it returns when the target has it.

    A `local` one writes to our own database and nowhere else: it is called inside the transaction that marks the
    delivery as sent, so that both happen or neither does. `problem` says, when a destination is configured, what
    is wrong with its ARN ("" when nothing is).
    """

    service: str
    kinds: frozenset[str]
    send: Callable[[Arn, bytes, Attributes, Context], None]
    problem: Callable[[Arn], str] = lambda arn: ""
    local: bool = False
