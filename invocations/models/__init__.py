"""The tables. Each transition of a row is a method of its model."""

from invocations.models.access_key import AccessKey
from invocations.models.api import Api, ApiIntegration, ApiRoute, ApiStage
from invocations.models.bucket import Bucket, ObjectEvent
from invocations.models.bus import Bus, BusEvent, BusEventBody, Rule, RuleTarget
from invocations.models.clock_state import ClockState
from invocations.models.code_signing_config import CodeSigningConfig
from invocations.models.delivery import Delivery, DeliveryBody
from invocations.models.event_invoke_config import EventInvokeConfig
from invocations.models.function import Alias, Function, FunctionVersion, TestEvent
from invocations.models.function_policy import FunctionPolicy
from invocations.models.function_url import FunctionUrl
from invocations.models.heartbeat import Heartbeat
from invocations.models.invocation import Attempt, AttemptOutput, Invocation, Payload
from invocations.models.layer import Layer, LayerVersion
from invocations.models.log_group import LogGroup
from invocations.models.mapping import Batch, BatchRecords, Mapping, Poller
from invocations.models.provisioned_config import ProvisionedConfig
from invocations.models.queue import DedupId, DeletedQueue, Message, MessageBody, MoveTask, Queue
from invocations.models.schedule import MissedFirings, ScheduleWatch
from invocations.models.scheduler import MissedSlots, Schedule, ScheduleGroup, SchedulerRequest
from invocations.models.stream import Shard, Stream, StreamRecord
from invocations.models.temporary_key import TemporaryKey
from invocations.models.topic import Publication, PublicationBody, Subscription, Topic, TopicDedup

__all__ = [
    "AccessKey",
    "Alias",
    "Api",
    "ApiIntegration",
    "ApiRoute",
    "ApiStage",
    "Attempt",
    "AttemptOutput",
    "Batch",
    "BatchRecords",
    "Bucket",
    "Bus",
    "BusEvent",
    "BusEventBody",
    "ClockState",
    "CodeSigningConfig",
    "DedupId",
    "DeletedQueue",
    "Delivery",
    "DeliveryBody",
    "EventInvokeConfig",
    "Function",
    "FunctionPolicy",
    "FunctionUrl",
    "FunctionVersion",
    "Heartbeat",
    "Invocation",
    "Layer",
    "LayerVersion",
    "LogGroup",
    "Mapping",
    "Message",
    "MessageBody",
    "MissedFirings",
    "MissedSlots",
    "MoveTask",
    "ObjectEvent",
    "Payload",
    "Poller",
    "ProvisionedConfig",
    "Publication",
    "PublicationBody",
    "Queue",
    "Rule",
    "RuleTarget",
    "Schedule",
    "ScheduleGroup",
    "ScheduleWatch",
    "SchedulerRequest",
    "Shard",
    "Stream",
    "StreamRecord",
    "Subscription",
    "TemporaryKey",
    "TestEvent",
    "Topic",
    "TopicDedup",
]
