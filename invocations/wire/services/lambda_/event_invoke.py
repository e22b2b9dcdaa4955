"""Asynchronous invocation: retries, age and destinations per qualifier; recursion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from invocations.flows import event_invoke_config, recursion
from invocations.models import EventInvokeConfig
from invocations.wire.call import Answer, Call


def put_config(call: Call) -> Answer:
    params = call.params
    row = event_invoke_config.put(call.caller.scope, params["FunctionName"], params.get("Qualifier"), _settings(params))
    return Answer(shape(row))


def update_config(call: Call) -> Answer:
    params = call.params
    row = event_invoke_config.update(
        call.caller.scope, params["FunctionName"], params.get("Qualifier"), _settings(params)
    )
    return Answer(shape(row))


def get_config(call: Call) -> Answer:
    params = call.params
    return Answer(shape(event_invoke_config.get(call.caller.scope, params["FunctionName"], params.get("Qualifier"))))


def delete_config(call: Call) -> Answer:
    event_invoke_config.delete(call.caller.scope, call.params["FunctionName"], call.params.get("Qualifier"))
    return Answer()


def list_configs(call: Call) -> Answer:
    params = call.params
    page = event_invoke_config.list_configs(
        call.caller.scope, params["FunctionName"], params.get("Marker"), params.get("MaxItems")
    )
    return Answer({"FunctionEventInvokeConfigs": [shape(row) for row in page.items], "NextMarker": page.next_marker})


def put_recursion(call: Call) -> Answer:
    params = call.params
    loop = recursion.put_recursion(call.caller.scope, params["FunctionName"], params["RecursiveLoop"])
    return Answer({"RecursiveLoop": loop})


def get_recursion(call: Call) -> Answer:
    return Answer({"RecursiveLoop": recursion.get_recursion(call.caller.scope, call.params["FunctionName"])})


def shape(row: EventInvokeConfig) -> dict[str, Any]:
    """Numbers that are not set are absent; DestinationConfig has both keys, always."""
    found: dict[str, Any] = {"LastModified": row.last_modified, "FunctionArn": row.function.arn(row.qualifier)}
    if row.maximum_retry_attempts is not None:
        found["MaximumRetryAttempts"] = row.maximum_retry_attempts
    if row.maximum_event_age_seconds is not None:
        found["MaximumEventAgeInSeconds"] = row.maximum_event_age_seconds
    found["DestinationConfig"] = {"OnSuccess": _destination(row.on_success), "OnFailure": _destination(row.on_failure)}
    return found


def _destination(arn: str) -> dict[str, str]:
    return {"Destination": arn} if arn else {}


def _settings(params: Mapping[str, Any]) -> event_invoke_config.Settings:
    destinations = params.get("DestinationConfig")
    on_success = on_failure = None
    if destinations is not None:
        # A config that leaves one out has none there.
        on_success = (destinations.get("OnSuccess") or {}).get("Destination", "")
        on_failure = (destinations.get("OnFailure") or {}).get("Destination", "")
    return event_invoke_config.Settings(
        maximum_retry_attempts=params.get("MaximumRetryAttempts"),
        maximum_event_age_seconds=params.get("MaximumEventAgeInSeconds"),
        on_success=on_success,
        on_failure=on_failure,
    )


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PutFunctionEventInvokeConfig": put_config,
    "UpdateFunctionEventInvokeConfig": update_config,
    "GetFunctionEventInvokeConfig": get_config,
    "DeleteFunctionEventInvokeConfig": delete_config,
    "ListFunctionEventInvokeConfigs": list_configs,
    "PutFunctionRecursionConfig": put_recursion,
    "GetFunctionRecursionConfig": get_recursion,
}
