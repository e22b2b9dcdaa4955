"""Operations on schedules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.engines.scheduler import limits, schedules
from invocations.engines.scheduler.checking import ScheduleSpec
from invocations.engines.scheduler.errors import InvalidSchedulerRequest, unsupported
from invocations.engines.scheduler.requests import once
from invocations.models import Schedule
from invocations.wire.call import Answer, Call
from invocations.wire.services.scheduler.pages import number, page

_FLEXIBLE = "FLEXIBLE"


def create_schedule(call: Call) -> Answer:
    return _put(call, schedules.create)


def update_schedule(call: Call) -> Answer:
    return _put(call, schedules.update)


def _put(call: Call, put: Callable[..., Schedule]) -> Answer:
    scope, params = call.caller.scope, call.params
    spec = _spec(params)
    arn = once(scope, call.operation, params, lambda: put(scope, _group(params), spec).arn)
    return Answer({"ScheduleArn": arn})


def _group(params: dict[str, Any]) -> str:
    return params.get("GroupName") or limits.DEFAULT_GROUP


def _spec(params: dict[str, Any]) -> ScheduleSpec:
    if params.get("KmsKeyArn") is not None:
        raise unsupported("KmsKeyArn: what schedules hold is not encrypted here")
    given = {
        "zone": params.get("ScheduleExpressionTimezone"),
        "start_at": params.get("StartDate"),
        "end_at": params.get("EndDate"),
        "completion": params.get("ActionAfterCompletion"),
        "state": params.get("State"),
        "description": params.get("Description"),
    }
    return ScheduleSpec(
        name=params["Name"],
        expression=params["ScheduleExpression"],
        target=params["Target"],
        window_minutes=_window(params["FlexibleTimeWindow"]),
        **{name: value for name, value in given.items() if value is not None},
    )


def _window(given: dict[str, Any]) -> int | None:
    minutes: int | None = given.get("MaximumWindowInMinutes")
    if given["Mode"] == _FLEXIBLE and minutes is None:
        raise InvalidSchedulerRequest("MaximumWindowInMinutes must be specified when the mode is FLEXIBLE.")
    if given["Mode"] != _FLEXIBLE and minutes is not None:
        raise InvalidSchedulerRequest("MaximumWindowInMinutes must not be specified when the mode is OFF.")
    return minutes


def get_schedule(call: Call) -> Answer:
    row = schedules.need(call.caller.scope, _group(call.params), call.params["Name"])
    return Answer(
        {
            **_summary(row),
            "ScheduleExpression": row.expression,
            "ScheduleExpressionTimezone": row.zone,
            "StartDate": row.start_at,
            "EndDate": row.end_at,
            "Description": row.description or None,
            "Target": row.target,
            "FlexibleTimeWindow": _windowed(row.window_minutes),
            "ActionAfterCompletion": row.completion,
        }
    )


def _windowed(minutes: int | None) -> dict[str, Any]:
    return {"Mode": "OFF"} if minutes is None else {"Mode": _FLEXIBLE, "MaximumWindowInMinutes": minutes}


def list_schedules(call: Call) -> Answer:
    scope, params = call.caller.scope, call.params
    group, prefix, state = params.get("GroupName"), params.get("NamePrefix") or "", params.get("State")
    found, token = page(
        call,
        lambda before, most: schedules.listed(scope, group, prefix, state, number(before), most),
        lambda row: str(row.pk),
    )
    shown = [{**_summary(row), "Target": {"Arn": row.target["Arn"]}} for row in found]
    return Answer({"Schedules": shown, "NextToken": token})


def _summary(row: Schedule) -> dict[str, Any]:
    return {
        "Arn": row.arn,
        "Name": row.name,
        "GroupName": row.group.name,
        "State": row.state,
        "CreationDate": row.created_at,
        "LastModificationDate": row.modified_at,
    }


def delete_schedule(call: Call) -> Answer:
    scope, params = call.caller.scope, call.params

    def remove() -> str:
        schedules.delete(scope, _group(params), params["Name"])
        return ""

    once(scope, call.operation, params, remove)
    return Answer()


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateSchedule": create_schedule,
    "GetSchedule": get_schedule,
    "UpdateSchedule": update_schedule,
    "DeleteSchedule": delete_schedule,
    "ListSchedules": list_schedules,
}
