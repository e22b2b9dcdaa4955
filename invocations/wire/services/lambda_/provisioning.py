"""Provisioned concurrency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.flows import provisioning
from invocations.flows.provisioning import Provisioned
from invocations.wire.call import Answer, Call
from invocations.wire.services.lambda_.shapes import modified


def put_config(call: Call) -> Answer:
    params = call.params
    found = provisioning.put(
        call.caller.scope,
        params["FunctionName"],
        params.get("Qualifier"),
        params["ProvisionedConcurrentExecutions"],
    )
    return Answer(shape(found))


def get_config(call: Call) -> Answer:
    params = call.params
    return Answer(shape(provisioning.get(call.caller.scope, params["FunctionName"], params.get("Qualifier"))))


def delete_config(call: Call) -> Answer:
    provisioning.delete(call.caller.scope, call.params["FunctionName"], call.params.get("Qualifier"))
    return Answer()


def list_configs(call: Call) -> Answer:
    params = call.params
    page = provisioning.list_configs(
        call.caller.scope, params["FunctionName"], params.get("Marker") or None, params.get("MaxItems")
    )
    rows = [{"FunctionArn": one.config.function.arn(one.config.qualifier), **shape(one)} for one in page.items]
    return Answer({"ProvisionedConcurrencyConfigs": rows, "NextMarker": page.next_marker})


def shape(found: Provisioned) -> dict[str, Any]:
    progress = found.progress
    return {
        "RequestedProvisionedConcurrentExecutions": found.config.requested,
        "AvailableProvisionedConcurrentExecutions": progress.available,
        "AllocatedProvisionedConcurrentExecutions": progress.allocated,
        "Status": progress.status,
        **({"StatusReason": progress.reason} if progress.reason else {}),
        "LastModified": modified(found.config.last_modified),
    }


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PutProvisionedConcurrencyConfig": put_config,
    "GetProvisionedConcurrencyConfig": get_config,
    "DeleteProvisionedConcurrencyConfig": delete_config,
    "ListProvisionedConcurrencyConfigs": list_configs,
}
