"""Integrations: functions behind an API, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.flows.http_api import integrations, rows
from invocations.flows.http_api.errors import unsupported
from invocations.flows.http_api.integrations import Wishes
from invocations.models import ApiIntegration
from invocations.wire.call import Answer, Call
from invocations.wire.services.apigateway.asking import api_of, listed, refuse

_PROXY = "AWS_PROXY"
_FIRST_FORMAT = "1.0"


def create_integration(call: Call) -> Answer:
    api = api_of(call)
    _refuse(call)
    wishes = _wishes(call.params, call.params.get("PayloadFormatVersion") or _FIRST_FORMAT)
    return Answer(shape(integrations.create(api.scope, api.api_id, wishes)))


def get_integration(call: Call) -> Answer:
    return Answer(shape(rows.integration(api_of(call), call.params["IntegrationId"])))


def get_integrations(call: Call) -> Answer:
    return listed(call, api_of(call).integrations.all(), shape)


def update_integration(call: Call) -> Answer:
    api, params = api_of(call), call.params
    _refuse(call)
    wishes = _wishes(params, params.get("PayloadFormatVersion"))
    return Answer(shape(integrations.update(api.scope, api.api_id, params["IntegrationId"], wishes)))


def delete_integration(call: Call) -> Answer:
    api = api_of(call)
    integrations.delete(api.scope, api.api_id, call.params["IntegrationId"])
    return Answer()


def shape(row: ApiIntegration) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ConnectionType": "INTERNET",
        "IntegrationId": row.integration_id,
        "IntegrationMethod": "POST",
        "IntegrationType": _PROXY,
        "IntegrationUri": row.uri,
        "PayloadFormatVersion": row.payload_version,
        "TimeoutInMillis": row.timeout_ms,
    }
    if row.description:
        found["Description"] = row.description
    return {"ApiGatewayManaged": True, **found} if row.managed else found


def _refuse(call: Call) -> None:
    kind = call.params.get("IntegrationType")
    if kind not in (None, _PROXY):
        raise unsupported(f"IntegrationType {kind}; {_PROXY} to a function is")
    refuse(
        call,
        "IntegrationSubtype",
        "ConnectionId",
        "ContentHandlingStrategy",
        "CredentialsArn",
        "PassthroughBehavior",
        "RequestParameters",
        "RequestTemplates",
        "ResponseParameters",
        "TemplateSelectionExpression",
        "TlsConfig",
        ConnectionType=("INTERNET",),
        IntegrationMethod=("POST",),
    )


def _wishes(params: dict[str, Any], version: str | None) -> Wishes:
    return Wishes(params.get("IntegrationUri"), version, params.get("TimeoutInMillis"), params.get("Description"))


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateIntegration": create_integration,
    "GetIntegration": get_integration,
    "GetIntegrations": get_integrations,
    "UpdateIntegration": update_integration,
    "DeleteIntegration": delete_integration,
}
