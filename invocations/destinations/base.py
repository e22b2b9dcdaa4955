"""What every destination is, what it gets and the one error they agree on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from invocations.arns import Arn
from invocations.errors import LambdaplayError
from invocations.values import Attributes, Scope

__all__ = ["Attributes", "Context", "Destination", "Undeliverable"]

ON_SUCCESS, ON_FAILURE, DEAD_LETTER, SCHEDULE = "on-success", "on-failure", "dead-letter", "schedule"

OUTCOMES = frozenset((ON_SUCCESS, ON_FAILURE))
NO_PERMISSIONS, NO_RESOURCE = "NO_PERMISSIONS", "NO_RESOURCE"


class Undeliverable(LambdaplayError):
    """The target did not take it. `permanent`: nor will it later; else it is tried again.

    `code` is EventBridge's word for it, told in dead letters: NO_PERMISSIONS, NO_RESOURCE, THROTTLING ...
    """

    def __init__(self, sentence: str, *, permanent: bool = False, code: str = "") -> None:
        super().__init__(sentence)
        self.permanent = permanent
        self.code = code or ("SDK_CLIENT_ERROR" if permanent else "INTERNAL_ERROR")


@dataclass(frozen=True)
class Context:
    """Where a delivery comes from. One delivery always has the same `key`, however often it is sent."""

    key: str
    scope: Scope  # of the sender: the function that finished, or the topic, rule, mapping, schedule
    function: str  # its name
    function_arn: str  # with the qualifier that was invoked; of a topic, rule, mapping or schedule: its own
    kind: str
    succeeded: bool
    request_id: str  # of the invocation that it tells of; "" when it tells of none
    trace_id: str
    hops: int  # invocations that led to this delivery, the one that it tells of included
    at: datetime  # product time; when the invocation finished, or the parcel was posted
    caused_by: str = ""  # the request id of the last of those invocations
    principal: str = ""  # the service that the target's policy must allow; "": no permission is needed
    policy_arn: str = ""  # what that policy compares with aws:SourceArn
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Destination:
    """`send` raises Undeliverable; it returns when the target has it.

    A `local` one writes to our own database and nowhere else: it is called inside the transaction that marks the
    delivery as sent, so that both happen or neither does. `problem` says, when a destination is configured, what
    is wrong with its ARN ("" when nothing is). A URL comes as an Arn whose `service` is "http" and whose `text` is the
    URL, kafka://topic as one whose `service` is "kafka-topic" and whose `resource` is the topic.
    """

    service: str
    kinds: frozenset[str]
    send: Callable[[Arn, bytes, Attributes, Context], None]
    problem: Callable[[Arn], str] = lambda arn: ""
    local: bool = False
    quick: bool = False  # waits for nothing but our own database: whoever posts a parcel may send it in passing
