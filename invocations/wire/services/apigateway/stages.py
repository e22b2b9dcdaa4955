"""Stages. They serve every change at once, so AutoDeploy is the only way there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.flows.http_api import rows, stages
from invocations.flows.http_api.errors import unsupported
from invocations.flows.http_api.stages import Wishes
from invocations.models import ApiStage
from invocations.wire.call import Answer, Call
from invocations.wire.services.apigateway.asking import api_of, listed, refuse


def create_stage(call: Call) -> Answer:
    api, params = api_of(call), call.params
    _refuse(call)
    if not params.get("AutoDeploy"):
        raise unsupported("stages that wait for a deployment; with AutoDeploy a stage serves every change at once")
    return Answer(shape(stages.create(api.scope, api.api_id, params["StageName"], _wishes(params))))


def get_stage(call: Call) -> Answer:
    return Answer(shape(rows.stage(api_of(call), call.params["StageName"])))


def get_stages(call: Call) -> Answer:
    return listed(call, api_of(call).stages.all(), shape)


def update_stage(call: Call) -> Answer:
    api, params = api_of(call), call.params
    _refuse(call)
    if params.get("AutoDeploy") is False:
        raise unsupported("stages that wait for a deployment")
    return Answer(shape(stages.update(api.scope, api.api_id, params["StageName"], _wishes(params))))


def delete_stage(call: Call) -> Answer:
    api = api_of(call)
    stages.delete(api.scope, api.api_id, call.params["StageName"])
    return Answer()


def shape(row: ApiStage) -> dict[str, Any]:
    found: dict[str, Any] = {
        "AutoDeploy": True,
        "CreatedDate": row.created_at,
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "DeploymentId": row.deployment_id,
        "LastDeploymentStatusMessage": f"Successfully deployed stage with deployment ID '{row.deployment_id}'",
        "LastUpdatedDate": row.updated_at,
        "RouteSettings": {},
        "StageName": row.name,
        "StageVariables": row.variables,
        "Tags": row.tags,
    }
    if row.description:
        found["Description"] = row.description
    return {"ApiGatewayManaged": True, **found} if row.managed else found


def _refuse(call: Call) -> None:
    refuse(
        call,
        "AccessLogSettings",
        "ClientCertificateId",
        "DeploymentId",
        "RouteSettings",
        DefaultRouteSettings=({"DetailedMetricsEnabled": False},),
    )


def _wishes(params: dict[str, Any]) -> Wishes:
    return Wishes(params.get("Description"), params.get("StageVariables"), params.get("Tags"))


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateStage": create_stage,
    "GetStage": get_stage,
    "GetStages": get_stages,
    "UpdateStage": update_stage,
    "DeleteStage": delete_stage,
}
