"""The tables. Each transition of a row is a method of its model."""

from invocations.models.access_key import AccessKey
from invocations.models.clock_state import ClockState
from invocations.models.delivery import Delivery, DeliveryBody
from invocations.models.event_invoke_config import EventInvokeConfig
from invocations.models.function import Alias, Function, FunctionVersion, TestEvent
from invocations.models.heartbeat import Heartbeat
from invocations.models.invocation import Attempt, AttemptOutput, Invocation, Payload
from invocations.models.queue import DedupId, DeletedQueue, Message, MessageBody, MoveTask, Queue

__all__ = [
    "AccessKey",
    "Alias",
    "Attempt",
    "AttemptOutput",
    "ClockState",
    "DedupId",
    "DeletedQueue",
    "Delivery",
    "DeliveryBody",
    "EventInvokeConfig",
    "Function",
    "FunctionVersion",
    "Heartbeat",
    "Invocation",
    "Message",
    "MessageBody",
    "MoveTask",
    "Payload",
    "Queue",
    "TestEvent",
]
