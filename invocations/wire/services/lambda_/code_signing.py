"""Code-signing configurations, and which function has which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.flows import code_signing
from invocations.models import CodeSigningConfig
from invocations.wire.call import Answer, Call
from invocations.wire.services.lambda_ import shapes


def create_config(call: Call) -> Answer:
    params = call.params
    row = code_signing.create(
        call.caller.scope,
        params["AllowedPublishers"]["SigningProfileVersionArns"],
        description=params.get("Description"),
        policy=_policy(params),
        tags=params.get("Tags"),
    )
    return Answer({"CodeSigningConfig": _shape(row)})


def update_config(call: Call) -> Answer:
    params = call.params
    row = code_signing.update(
        call.caller.scope,
        params["CodeSigningConfigArn"],
        publishers=(params.get("AllowedPublishers") or {}).get("SigningProfileVersionArns"),
        description=params.get("Description"),
        policy=_policy(params),
    )
    return Answer({"CodeSigningConfig": _shape(row)})


def get_config(call: Call) -> Answer:
    return Answer(
        {"CodeSigningConfig": _shape(code_signing.get(call.caller.scope, call.params["CodeSigningConfigArn"]))}
    )


def delete_config(call: Call) -> Answer:
    code_signing.delete(call.caller.scope, call.params["CodeSigningConfigArn"])
    return Answer()


def list_configs(call: Call) -> Answer:
    page = code_signing.list_configs(call.caller.scope, call.params.get("Marker") or None, call.params.get("MaxItems"))
    return Answer({"CodeSigningConfigs": [_shape(row) for row in page.items], "NextMarker": page.next_marker})


def list_functions(call: Call) -> Answer:
    params = call.params
    page = code_signing.list_functions(
        call.caller.scope, params["CodeSigningConfigArn"], params.get("Marker") or None, params.get("MaxItems")
    )
    return Answer({"FunctionArns": [row.arn() for row in page.items], "NextMarker": page.next_marker})


def put_function_config(call: Call) -> Answer:
    arn = call.params["CodeSigningConfigArn"]
    function = code_signing.attach(call.caller.scope, call.params["FunctionName"], arn)
    return Answer({"CodeSigningConfigArn": arn, "FunctionName": function.name})


def get_function_config(call: Call) -> Answer:
    function = code_signing.of_function(call.caller.scope, call.params["FunctionName"])
    config = function.code_signing_config
    return Answer({} if config is None else {"CodeSigningConfigArn": config.arn, "FunctionName": function.name})


def delete_function_config(call: Call) -> Answer:
    code_signing.detach(call.caller.scope, call.params["FunctionName"])
    return Answer()


def _policy(params: dict[str, Any]) -> str | None:
    return (params.get("CodeSigningPolicies") or {}).get("UntrustedArtifactOnDeployment")


def _shape(row: CodeSigningConfig) -> dict[str, Any]:
    found: dict[str, Any] = {
        "CodeSigningConfigId": row.config_id,
        "CodeSigningConfigArn": row.arn,
        "AllowedPublishers": {"SigningProfileVersionArns": row.publishers},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": str(row.policy)},
        "LastModified": shapes.modified(row.last_modified),
    }
    return found if row.description is None else {**found, "Description": row.description}


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateCodeSigningConfig": create_config,
    "UpdateCodeSigningConfig": update_config,
    "GetCodeSigningConfig": get_config,
    "DeleteCodeSigningConfig": delete_config,
    "ListCodeSigningConfigs": list_configs,
    "ListFunctionsByCodeSigningConfig": list_functions,
    "PutFunctionCodeSigningConfig": put_function_config,
    "GetFunctionCodeSigningConfig": get_function_config,
    "DeleteFunctionCodeSigningConfig": delete_function_config,
}
