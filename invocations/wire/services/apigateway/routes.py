"""Routes. Whoever may reach the port may call them: authorizers are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.flows.http_api import routes, rows
from invocations.flows.http_api.routes import TARGET, Wishes
from invocations.models import ApiRoute
from invocations.wire.call import Answer, Call
from invocations.wire.services.apigateway.asking import api_of, listed, refuse

_OPEN = "NONE"


def create_route(call: Call) -> Answer:
    api = api_of(call)
    _refuse(call)
    return Answer(shape(routes.create(api.scope, api.api_id, _wishes(call.params))))


def get_route(call: Call) -> Answer:
    return Answer(shape(rows.route(api_of(call), call.params["RouteId"])))


def get_routes(call: Call) -> Answer:
    return listed(call, rows.routes(api_of(call)), shape)


def update_route(call: Call) -> Answer:
    api = api_of(call)
    _refuse(call)
    return Answer(shape(routes.update(api.scope, api.api_id, call.params["RouteId"], _wishes(call.params))))


def delete_route(call: Call) -> Answer:
    api = api_of(call)
    routes.delete(api.scope, api.api_id, call.params["RouteId"])
    return Answer()


def shape(row: ApiRoute) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ApiKeyRequired": False,
        "AuthorizationType": _OPEN,
        "RouteId": row.route_id,
        "RouteKey": row.key,
    }
    if row.integration is not None:
        found["Target"] = TARGET + row.integration.integration_id
    if row.operation_name:
        found["OperationName"] = row.operation_name
    return {"ApiGatewayManaged": True, **found} if row.managed else found


def _refuse(call: Call) -> None:
    refuse(
        call,
        "ApiKeyRequired",
        "AuthorizationScopes",
        "AuthorizerId",
        "ModelSelectionExpression",
        "RequestModels",
        "RequestParameters",
        "RouteResponseSelectionExpression",
        AuthorizationType=(_OPEN,),
    )


def _wishes(params: dict[str, Any]) -> Wishes:
    return Wishes(params.get("RouteKey"), params.get("Target"), params.get("OperationName"))


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateRoute": create_route,
    "GetRoute": get_route,
    "GetRoutes": get_routes,
    "UpdateRoute": update_route,
    "DeleteRoute": delete_route,
}
