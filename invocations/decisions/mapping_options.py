"""Which options an event source takes, within which bounds, with which defaults. Pure; the texts are AWS's.

An option that a source does not take is refused, and so is one that lambdaplay would not act on: none is stored idly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from invocations.decisions.constraints import detected, range_violation
from invocations.decisions.record_filters import FILTERS_MAX, Filter, InvalidFilter, compile_filters
from invocations.errors import InvalidParameterValue, UnsupportedOption, ValidationException

SQS, FIFO, KINESIS, DYNAMODB = "sqs", "sqs-fifo", "kinesis", "dynamodb"
MSK, SELF_MANAGED = "kafka-msk", "kafka"  # Kafka that AWS runs, and that somebody else runs
KAFKA = (MSK, SELF_MANAGED)
REPORT = "ReportBatchItemFailures"
AGE_LEAST = 60

BAD_FILTER = "Invalid filter pattern definition."
BAD_DESTINATION = "Unsupported DestinationConfig parameter for given event source mapping type."
NO_WINDOW = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
FIFO_WINDOW = "Batching window is not supported for FIFO queues"


@dataclass(frozen=True)
class Options:
    """A mapping's options. In an update None leaves the option as it is; a scaling limit of 0 removes it.

    A mapping of Kafka that never had a window stores None: AWS's half second, which no number brings back.
    """

    enabled: bool | None = None
    batch_size: int | None = None
    window_seconds: int | None = None
    max_concurrency: int | None = None
    report_failures: bool | None = None
    filters: tuple[str, ...] | None = None
    starting_position: str | None = None
    starting_timestamp: datetime | None = None
    parallelization_factor: int | None = None
    max_retries: int | None = None
    max_record_age_seconds: int | None = None
    bisect: bool | None = None
    tumbling_window_seconds: int | None = None
    on_failure: str | None = None  # ARN, or kafka://topic; "" for none
    on_success: str | None = None  # never taken


_STREAM_ONLY = {
    "parallelization_factor": "parallelizationFactor",
    "max_retries": "maximumRetryAttempts",
    "max_record_age_seconds": "maximumRecordAgeInSeconds",
    "bisect": "bisectBatchOnFunctionError",
    "tumbling_window_seconds": "tumblingWindowInSeconds",
    "starting_position": "startingPosition",
    "starting_timestamp": "startingPositionTimestamp",
}
_QUEUE_ONLY = {"max_concurrency": "scalingConfig"}
_NOT_OF_KAFKA = {
    **_QUEUE_ONLY,
    **{name: _STREAM_ONLY[name] for name in ("parallelization_factor", "tumbling_window_seconds")},
}
# Values that ask for nothing, so that every source takes them.
_NOTHING = {"tumbling_window_seconds": 0, "bisect": False, "max_concurrency": 0}


@dataclass(frozen=True)
class _Source:
    defaults: Options
    refused: Mapping[str, str] = field(default_factory=dict)
    data_key: str = ""  # of filters
    plain_filters: bool = True
    is_stream: bool = False


_QUEUE = Options(True, 10, 0, 0, False, ())
_STREAM = Options(
    True,
    100,
    0,
    0,
    False,
    (),
    parallelization_factor=1,
    max_retries=-1,
    max_record_age_seconds=-1,
    bisect=False,
    tumbling_window_seconds=0,
    on_failure="",
)
_TOPIC = replace(_STREAM, window_seconds=None, parallelization_factor=None, tumbling_window_seconds=None)
_SOURCES = {
    SQS: _Source(_QUEUE, _STREAM_ONLY, "body"),
    FIFO: _Source(_QUEUE, _STREAM_ONLY, "body"),
    KINESIS: _Source(_STREAM, _QUEUE_ONLY, "data", plain_filters=False, is_stream=True),
    DYNAMODB: _Source(_STREAM, _QUEUE_ONLY, "", is_stream=True),
    MSK: _Source(_TOPIC, _NOT_OF_KAFKA, "value", is_stream=True),
    SELF_MANAGED: _Source(_TOPIC, _NOT_OF_KAFKA, "value", is_stream=True),
}
# Of the API, what is known and not acted on.
_NOT_OFFERED = {
    "KMSKeyArn": "filters are not encrypted with KMS keys",
    "MetricsConfig": "batches are shown in the console, not as CloudWatch metrics",
    "LoggingConfig": "batches are shown in the console, not in system logs",
    "ProvisionedPollerConfig": "use ScalingConfig to limit an SQS mapping's concurrency",
}
_OF_OTHERS = (
    "Topics",
    "Queues",
    "SourceAccessConfigurations",
    "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
)
# Read by decisions/kafka_options.py.
_KAFKA_MEMBERS = {
    "ProvisionedPollerConfig",
    "Topics",
    "SourceAccessConfigurations",
    "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedKafkaEventSourceConfig",
}


def refuse_members(kind: str, given: Mapping[str, Any]) -> None:
    """Raise for members of a request that this kind of source does not take, or that would be stored idly."""
    taken = _KAFKA_MEMBERS if kind in KAFKA else set()
    for name, why in _NOT_OFFERED.items():
        if given.get(name) and name not in taken:
            raise UnsupportedOption(f"lambdaplay does not support {name}: {why}.")
    for name in _OF_OTHERS:
        if given.get(name) and name not in taken:
            raise unsupported(name[0].lower() + name[1:])


def unsupported(name: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Unsupported '{name}' parameter for given event source mapping type.")


def defaults(kind: str) -> Options:
    return _SOURCES[kind].defaults


def data_key(kind: str) -> str:
    return _SOURCES[kind].data_key


def compile_patterns(kind: str, patterns: Iterable[str]) -> tuple[Filter, ...]:
    """The filters of a mapping with this kind of source. Raises InvalidFilter."""
    source = _SOURCES[kind]
    return compile_filters(patterns, source.data_key, plain_allowed=source.plain_filters)


def is_stream(kind: str) -> bool:
    return _SOURCES[kind].is_stream


def merged(kind: str, stored: Options, given: Options) -> Options:
    """Check what is given for this kind of source and return all options as they are to be.

    Raises ValidationException for what is out of range, InvalidParameterValue for what the source does not take.
    """
    source = _SOURCES[kind]
    _check_taken(source, given)
    changes = {name: value for name, value in vars(given).items() if value is not None and name != "on_success"}
    found = replace(stored, **changes)
    _check_ranges(found)
    _check_window(kind, found)
    _check_filters(kind, given.filters)
    return found


def _check_taken(source: _Source, given: Options) -> None:
    if given.on_success or (given.on_failure is not None and not source.is_stream):
        raise InvalidParameterValue(BAD_DESTINATION)
    for name, told in source.refused.items():
        if getattr(given, name) not in (None, _NOTHING.get(name)):
            raise unsupported(told)


def _check_ranges(found: Options) -> None:
    age = found.max_record_age_seconds
    if age is not None and age != -1 and age < AGE_LEAST:
        problem = range_violation(age, AGE_LEAST, 604_800, "maximumRecordAgeInSeconds")
        raise ValidationException(detected([str(problem)]))


def _check_window(kind: str, found: Options) -> None:
    size, window = found.batch_size or 0, found.window_seconds or 0
    if kind == FIFO:
        if window:
            raise InvalidParameterValue(FIFO_WINDOW)
        if size > 10:
            raise ValidationException(detected([str(range_violation(size, 1, 10, "batchSize"))]))
    if kind == SQS and size > 10 and window == 0:
        raise InvalidParameterValue(NO_WINDOW)


def _check_filters(kind: str, patterns: tuple[str, ...] | None) -> None:
    if not patterns:
        return
    if len(patterns) > FILTERS_MAX:
        raise InvalidParameterValue(
            f"FilterCriteria holds {len(patterns)} filters; an event source mapping takes at most {FILTERS_MAX}."
        )
    try:
        compile_patterns(kind, patterns)
    except InvalidFilter:
        raise InvalidParameterValue(BAD_FILTER) from None


def check_start(kind: str, arn: str, given: Options, now: datetime) -> None:
    """Raise unless a stream mapping to be created says where it starts."""
    if not is_stream(kind):
        return
    if given.starting_position is None:
        raise InvalidParameterValue(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if given.starting_position != "AT_TIMESTAMP":
        if given.starting_timestamp is not None:
            raise unsupported("startingPositionTimestamp")
        return
    if kind == DYNAMODB:
        raise InvalidParameterValue(f"Unsupported starting position for arn type: {arn}")
    if given.starting_timestamp is None:
        raise InvalidParameterValue("Need to specify a timestamp")
    if given.starting_timestamp > now:
        raise InvalidParameterValue("StartingPositionTimestamp must not lie in the future.")


def visibility_problem(visibility_seconds: int, timeout_seconds: int) -> str:
    """What is wrong with a queue's visibility timeout for this function; "" when nothing is."""
    if visibility_seconds >= timeout_seconds:
        return ""
    return (
        f"Queue visibility timeout: {visibility_seconds} seconds is less than "
        f"Function timeout: {timeout_seconds} seconds"
    )
