"""Operations on schedule groups and their tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.engines.scheduler import groups
from invocations.engines.scheduler.requests import once
from invocations.models import ScheduleGroup
from invocations.wire.call import Answer, Call
from invocations.wire.services.scheduler.pages import page


def create_schedule_group(call: Call) -> Answer:
    scope, params = call.caller.scope, call.params

    def make() -> str:
        return groups.create(scope, params["Name"], params.get("Tags") or ()).arn

    return Answer({"ScheduleGroupArn": once(scope, call.operation, params, make)})


def get_schedule_group(call: Call) -> Answer:
    return Answer(_described(groups.need(call.caller.scope, call.params["Name"])))


def list_schedule_groups(call: Call) -> Answer:
    scope, prefix = call.caller.scope, call.params.get("NamePrefix") or ""
    found, token = page(call, lambda after, most: groups.listed(scope, prefix, after, most), lambda row: row.name)
    return Answer({"ScheduleGroups": [_described(row) for row in found], "NextToken": token})


def _described(row: ScheduleGroup) -> dict[str, Any]:
    return {
        "Arn": row.arn,
        "Name": row.name,
        "State": "ACTIVE",
        "CreationDate": row.created_at,
        "LastModificationDate": row.modified_at,
    }


def delete_schedule_group(call: Call) -> Answer:
    scope, params = call.caller.scope, call.params

    def remove() -> str:
        groups.delete(scope, params["Name"])
        return ""

    once(scope, call.operation, params, remove)
    return Answer()


def tag_resource(call: Call) -> Answer:
    groups.tag(call.caller.scope, call.params["ResourceArn"], call.params["Tags"])
    return Answer()


def untag_resource(call: Call) -> Answer:
    groups.untag(call.caller.scope, call.params["ResourceArn"], call.params["TagKeys"])
    return Answer()


def list_tags_for_resource(call: Call) -> Answer:
    tags = groups.of_arn(call.caller.scope, call.params["ResourceArn"]).tags
    return Answer({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateScheduleGroup": create_schedule_group,
    "GetScheduleGroup": get_schedule_group,
    "ListScheduleGroups": list_schedule_groups,
    "DeleteScheduleGroup": delete_schedule_group,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
