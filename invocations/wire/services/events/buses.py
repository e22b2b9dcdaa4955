"""Operations on buses and their policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.engines.events import buses, policies, tagging
from invocations.engines.events.buses import Permission
from invocations.engines.events.naming import BusName
from invocations.models import Bus
from invocations.wire.call import Answer, Call
from invocations.wire.services.events.addressing import bus_of, page, refuse

# What a bus may be given on AWS and nothing here would act on.
_NOT_OFFERED = ("EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def create_event_bus(call: Call) -> Answer:
    refuse(call, *_NOT_OFFERED)
    params = call.params
    tags = tagging.checked(params.get("Tags") or [])
    bus = buses.create(call.caller.scope, params["Name"], params.get("Description") or "", tags)
    return Answer({"EventBusArn": bus.arn, "Description": bus.description or None})


def update_event_bus(call: Call) -> Answer:
    """AWS empties nothing here: what is left out stays."""
    refuse(call, *_NOT_OFFERED)
    bus = buses.need(BusName(call.caller.scope, call.params.get("Name") or "default"))
    if call.params.get("Description") is not None:
        buses.describe_as(bus, call.params["Description"])
        bus.description = call.params["Description"]
    return Answer({"Arn": bus.arn, "Name": bus.name, "Description": bus.description or None})


def describe_event_bus(call: Call) -> Answer:
    return Answer(_described(buses.need(bus_of(call, "Name"))))


def list_event_buses(call: Call) -> Answer:
    prefix = call.params.get("NamePrefix") or ""
    found, token = page(
        call, lambda after, most: buses.listed(call.caller.scope, prefix, after, most), lambda bus: bus.name
    )
    return Answer({"EventBuses": [_described(bus) for bus in found], "NextToken": token})


def _described(bus: Bus) -> dict[str, Any]:
    return {
        "Name": bus.name,
        "Arn": bus.arn,
        "Description": bus.description or None,
        "Policy": bus.policy or None,
        "CreationTime": bus.created_at,
        "LastModifiedTime": bus.modified_at,
    }


def delete_event_bus(call: Call) -> Answer:
    buses.delete(BusName(call.caller.scope, call.params["Name"]))
    return Answer()


def put_permission(call: Call) -> Answer:
    params, named = call.params, bus_of(call)
    if params.get("Policy") is not None:
        buses.set_policy(named, params["Policy"])
        return Answer()
    required = {name: policies.required(name, params.get(name)) for name in ("Action", "Principal", "StatementId")}
    permission = Permission(required["StatementId"], required["Action"], required["Principal"], params.get("Condition"))
    buses.permit(named, permission)
    return Answer()


def remove_permission(call: Call) -> Answer:
    params, named = call.params, bus_of(call)
    if params.get("RemoveAllPermissions"):
        buses.forbid(named, None)
    else:
        buses.forbid(named, policies.required("StatementId", params.get("StatementId")))
    return Answer()


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateEventBus": create_event_bus,
    "UpdateEventBus": update_event_bus,
    "DescribeEventBus": describe_event_bus,
    "ListEventBuses": list_event_buses,
    "DeleteEventBus": delete_event_bus,
    "PutPermission": put_permission,
    "RemovePermission": remove_permission,
}
