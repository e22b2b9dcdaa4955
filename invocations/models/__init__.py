"""The tables. Each transition of a row is a method of its model."""

from invocations.models.access_key import AccessKey
from invocations.models.delivery import Delivery, DeliveryBody
from invocations.models.event_invoke_config import EventInvokeConfig
from invocations.models.function import Alias, Function, FunctionVersion, TestEvent
from invocations.models.heartbeat import Heartbeat
from invocations.models.invocation import Attempt, AttemptOutput, Invocation, Payload

__all__ = [
    "AccessKey",
    "Alias",
    "Attempt",
    "AttemptOutput",
    "Delivery",
    "DeliveryBody",
    "EventInvokeConfig",
    "Function",
    "FunctionVersion",
    "Heartbeat",
    "Invocation",
    "Payload",
    "TestEvent",
]
