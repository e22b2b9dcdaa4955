"""What a schedule is to be, and all that may be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from invocations.arns import Arn, parse_arn
from invocations.decisions.cron import InvalidSchedule
from invocations.decisions.payloads import json_error
from invocations.decisions.schedule_input import takes_json
from invocations.decisions.schedule_times import Expression, Once, read, zone_named
from invocations.engines.scheduler import limits
from invocations.engines.scheduler.errors import InvalidSchedulerRequest, unsupported
from invocations.models import Schedule
from invocations.values import Scope

KINDS = ("lambda", "sqs", "sns", "events")
# Parameters by the kind of target that they belong to; those of kinds that are not offered are refused.
_PARAMETERS = {"SqsParameters": "sqs", "EventBridgeParameters": "events"}
_OTHERS = (
    "EcsParameters",
    "EventBridgePutEventsV2Parameters",
    "EventBridgePutRawEventsParameters",
    "KinesisParameters",
    "SageMakerPipelineParameters",
)


@dataclass(frozen=True)
class ScheduleSpec:
    """A schedule as CreateSchedule and UpdateSchedule give it: what is left out is AWS's default, also in an update."""

    name: str
    expression: str
    target: Mapping[str, Any]  # the service model's members
    zone: str = "UTC"
    start_at: datetime | None = None
    end_at: datetime | None = None
    window_minutes: int | None = None  # None: OFF
    completion: str = Schedule.Completion.NONE
    state: str = Schedule.State.ENABLED
    description: str = ""


def check(spec: ScheduleSpec, scope: Scope, now: datetime) -> None:
    """Raise ValidationException for the first thing that is wrong."""
    expression = expression_of(spec.expression)
    zone_of(spec.zone)
    if not isinstance(expression, Once):
        _check_dates(spec, now)
    _check_target(spec.target, scope)


def expression_of(text: str) -> Expression:
    """Raises ValidationException: AWS gives no reason, the console does."""
    try:
        return read(text)
    except InvalidSchedule:
        raise InvalidSchedulerRequest(f"Invalid Schedule Expression {text}.") from None


def zone_of(name: str) -> tzinfo:
    """Raises ValidationException."""
    found = zone_named(name)
    if found is None:
        raise InvalidSchedulerRequest(f"Invalid Schedule Expression Timezone {name}.")
    return found


def _check_dates(spec: ScheduleSpec, now: datetime) -> None:
    if spec.start_at is not None and spec.start_at < now - limits.LATE_START:
        raise InvalidSchedulerRequest("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if spec.end_at is not None and spec.end_at < now:
        raise InvalidSchedulerRequest("The EndDate you specify cannot be in the past.")
    if spec.start_at is not None and spec.end_at is not None and spec.end_at <= spec.start_at:
        raise InvalidSchedulerRequest("The EndDate you specify must come after the StartDate.")


def _check_target(target: Mapping[str, Any], scope: Scope) -> None:
    arn = _arn(target["Arn"])
    if arn.service == "scheduler":
        raise unsupported(f"universal targets ({arn.text}); a schedule sends to {_offered()}")
    if arn.service not in KINDS:
        raise unsupported(f"{arn.service} ({arn.text}) as a schedule's target; a schedule sends to {_offered()}")
    for name in _OTHERS:
        if target.get(name) is not None:
            raise unsupported(f"{name} of a schedule's target")
    for name, service in _PARAMETERS.items():
        if target.get(name) is not None and service != arn.service:
            raise InvalidSchedulerRequest(f"{name} is not supported for target {arn.text}.")
    _check_parts(target, arn)
    letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    if letters is not None and _arn(letters).region != scope.region:
        raise InvalidSchedulerRequest(f"The dead letter queue {letters} must be in the region {scope.region}.")


def _check_parts(target: Mapping[str, Any], arn: Arn) -> None:
    if arn.service == "events" and target.get("EventBridgeParameters") is None:
        raise InvalidSchedulerRequest(f"EventBridgeParameters must be specified for target {arn.text}.")
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    if arn.service == "sqs" and arn.resource.endswith(".fifo") and group is None:
        raise InvalidSchedulerRequest(f"SqsParameters.MessageGroupId must be specified for target {arn.text}.")
    given = target.get("Input")
    if given is not None and takes_json(arn) and (problem := json_error(given.encode())) is not None:
        raise InvalidSchedulerRequest(f"Input for target {arn.text} must be well-formed JSON: {problem}")


def _arn(text: str) -> Arn:
    arn = parse_arn(text)
    if arn is None:
        raise InvalidSchedulerRequest(f"Provided Arn {text} is not in correct format.")
    return arn


def _offered() -> str:
    return "Lambda functions, SQS queues, SNS topics and event buses"
