"""Function URL configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.flows import function_urls
from invocations.flows.function_urls import Wishes
from invocations.models import FunctionUrl
from invocations.wire.call import Answer, Call


def create_url(call: Call) -> Answer:
    params = call.params
    row = function_urls.create(call.caller.scope, params["FunctionName"], params.get("Qualifier"), _wishes(params))
    found = shape(row)
    del found["LastModifiedTime"]
    if not row.invoke_mode:
        del found["InvokeMode"]
    return Answer(found)


def get_url(call: Call) -> Answer:
    params = call.params
    return Answer(shape(function_urls.get(call.caller.scope, params["FunctionName"], params.get("Qualifier"))))


def update_url(call: Call) -> Answer:
    params = call.params
    row = function_urls.update(call.caller.scope, params["FunctionName"], params.get("Qualifier"), _wishes(params))
    return Answer(shape(row))


def delete_url(call: Call) -> Answer:
    function_urls.delete(call.caller.scope, call.params["FunctionName"], call.params.get("Qualifier"))
    return Answer()


def list_urls(call: Call) -> Answer:
    params = call.params
    page = function_urls.list_urls(
        call.caller.scope, params["FunctionName"], params.get("Marker"), params.get("MaxItems")
    )
    return Answer({"FunctionUrlConfigs": [shape(row) for row in page.items], "NextMarker": page.next_marker})


def shape(row: FunctionUrl) -> dict[str, Any]:
    found: dict[str, Any] = {
        "FunctionUrl": function_urls.address(row),
        "FunctionArn": row.function_arn,
        "AuthType": row.auth_type,
        "CreationTime": _stamp(row.created_at),
        "LastModifiedTime": _stamp(row.modified_at),
        "InvokeMode": row.invoke_mode or "BUFFERED",
    }
    if row.cors is not None:
        found["Cors"] = row.cors
    return found


def _stamp(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000Z"


def _wishes(params: dict[str, Any]) -> Wishes:
    return Wishes(params.get("AuthType"), params.get("InvokeMode"), params.get("Cors"))


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateFunctionUrlConfig": create_url,
    "GetFunctionUrlConfig": get_url,
    "UpdateFunctionUrlConfig": update_url,
    "DeleteFunctionUrlConfig": delete_url,
    "ListFunctionUrlConfigs": list_urls,
}
