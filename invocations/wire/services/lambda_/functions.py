"""Create, read, update, delete and list functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.errors import InvalidParameterValue
from invocations.flows import drafts, functions
from invocations.wire.call import Answer, Call
from invocations.wire.code_links import link
from invocations.wire.services.lambda_ import shapes


def create_function(call: Call) -> Answer:
    scope = call.caller.scope
    version = functions.create_function(scope, drafts.draft_from_request(scope, call.params))
    # Also with Publish, which answers the new version, the ARN is the unqualified one (recorded).
    return Answer(shapes.configuration(version))


def get_function(call: Call) -> Answer:
    target = _find(call)
    function = target.function
    members: dict[str, Any] = {
        "Configuration": shapes.configuration(target.version, target.qualifier),
        "Code": {
            "RepositoryType": "S3",
            "Location": link(call.caller.scope, call.headers["host"], target.version.code_sha256),
        },
    }
    if function.tags:
        members["Tags"] = function.tags
    if function.reserved_concurrency is not None:
        members["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return Answer(members)


def get_function_configuration(call: Call) -> Answer:
    target = _find(call)
    return Answer(shapes.configuration(target.version, target.qualifier))


def update_function_code(call: Call) -> Answer:
    params, scope = call.params, call.caller.scope
    code = drafts.code_from_request(scope, params)
    version = functions.update_code(
        scope,
        params["FunctionName"],
        code,
        publish=params.get("Publish", False),
        dry_run=params.get("DryRun", False),
        revision_id=params.get("RevisionId"),
        architecture=drafts.architecture_of(params),
    )
    return Answer(shapes.published(version))


def update_function_configuration(call: Call) -> Answer:
    params = call.params
    changes = drafts.changes_from_request(params)
    version = functions.update_configuration(
        call.caller.scope, params["FunctionName"], changes, params.get("RevisionId")
    )
    return Answer(shapes.configuration(version))


def delete_function(call: Call) -> Answer:
    functions.delete_function(call.caller.scope, call.params["FunctionName"], call.params.get("Qualifier"))
    return Answer({"StatusCode": 204})


def list_functions(call: Call) -> Answer:
    params = call.params
    every = params.get("FunctionVersion") == "ALL"
    if params.get("MasterRegion") is not None:
        return Answer({"Functions": _replicated(every), "NextMarker": None})
    page = functions.list_functions(call.caller.scope, params.get("Marker") or None, params.get("MaxItems"), every)
    show = shapes.qualified if every else shapes.listed
    return Answer({"Functions": [show(version) for version in page.items], "NextMarker": page.next_marker})


def _replicated(every: bool) -> list[dict[str, Any]]:
    """Copies that CloudFront has made of a function in another region: there is no CloudFront here, so none."""
    if not every:
        raise InvalidParameterValue("MasterRegion lists replicas of Lambda@Edge functions: set FunctionVersion to ALL.")
    return []


def _find(call: Call) -> functions.Target:
    params = call.params
    return functions.find(call.caller.scope, params["FunctionName"], params.get("Qualifier"), action=call.operation)


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateFunction": create_function,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_function_configuration,
    "UpdateFunctionCode": update_function_code,
    "UpdateFunctionConfiguration": update_function_configuration,
    "DeleteFunction": delete_function,
    "ListFunctions": list_functions,
}
