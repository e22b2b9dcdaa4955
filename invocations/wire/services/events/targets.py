"""Operations on the targets of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.engines.events import rules, targets
from invocations.engines.events.targets import TargetSpec
from invocations.models import RuleTarget
from invocations.wire.call import Answer, Call
from invocations.wire.services.events.addressing import bus_of, page

# Parameters of targets that are not offered.
_OTHERS = (
    "KinesisParameters",
    "RunCommandParameters",
    "EcsParameters",
    "BatchParameters",
    "HttpParameters",
    "RedshiftDataParameters",
    "SageMakerPipelineParameters",
    "AppSyncParameters",
)


def put_targets(call: Call) -> Answer:
    targets.put(bus_of(call), call.params["Rule"], [_spec(one) for one in call.params["Targets"]])
    return Answer({"FailedEntryCount": 0, "FailedEntries": []})


def _spec(given: dict[str, Any]) -> TargetSpec:
    transformer = given.get("InputTransformer") or {}
    retry = given.get("RetryPolicy") or {}
    sqs = given.get("SqsParameters")
    return TargetSpec(
        target_id=given["Id"],
        arn=given["Arn"],
        role_arn=given.get("RoleArn"),
        constant=given.get("Input"),
        path=given.get("InputPath"),
        template=transformer.get("InputTemplate"),
        paths=transformer.get("InputPathsMap") or {},
        has_sqs_parameters=sqs is not None,
        group=(sqs or {}).get("MessageGroupId"),
        max_retries=retry.get("MaximumRetryAttempts"),
        max_age_seconds=retry.get("MaximumEventAgeInSeconds"),
        dead_letter_arn=(given.get("DeadLetterConfig") or {}).get("Arn"),
        others=[name for name in _OTHERS if given.get(name) is not None],
    )


def remove_targets(call: Call) -> Answer:
    failed = targets.remove(bus_of(call), call.params["Rule"], call.params["Ids"])
    entries = [{"TargetId": one.target_id, "ErrorCode": one.code, "ErrorMessage": one.message} for one in failed]
    return Answer({"FailedEntryCount": len(entries), "FailedEntries": entries})


def list_targets_by_rule(call: Call) -> Answer:
    rule = rules.need(bus_of(call), call.params["Rule"])
    found, token = page(call, lambda after, most: targets.listed(rule, after, most), lambda target: target.target_id)
    return Answer({"Targets": [written(target) for target in found], "NextToken": token})


def written(target: RuleTarget) -> dict[str, Any]:
    """A target as AWS answers it: what was not given is not there."""
    transformer = {"InputPathsMap": target.paths or None, "InputTemplate": target.template}
    retry = {"MaximumRetryAttempts": target.max_retries, "MaximumEventAgeInSeconds": target.max_age_seconds}
    return {
        "Id": target.target_id,
        "Arn": target.arn,
        "RoleArn": target.role_arn or None,
        "Input": target.constant or None,
        "InputPath": target.path or None,
        "InputTransformer": transformer if target.template else None,
        "SqsParameters": {"MessageGroupId": target.group} if target.group else None,
        "DeadLetterConfig": {"Arn": target.dead_letter_arn} if target.dead_letter_arn else None,
        "RetryPolicy": retry if any(value is not None for value in retry.values()) else None,
    }


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PutTargets": put_targets,
    "RemoveTargets": remove_targets,
    "ListTargetsByRule": list_targets_by_rule,
}
