"""APIs themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.flows.http_api import apis
from invocations.flows.http_api.apis import Quick, Wishes
from invocations.flows.http_api.errors import unsupported
from invocations.models import Api
from invocations.wire.call import Answer, Call
from invocations.wire.services.apigateway.asking import api_of, max_results, refuse

_SELECTION = "$request.method $request.path"
_KEY_SELECTION = "$request.header.x-api-key"


def create_api(call: Call) -> Answer:
    params = call.params
    if params["ProtocolType"] != Api.Kind.HTTP:
        raise unsupported(f"ProtocolType {params['ProtocolType']}; HTTP is")
    _refuse(call)
    if params.get("RouteKey") is not None and params.get("Target") is None:
        raise unsupported("RouteKey without Target in CreateApi")
    quick = None if params.get("Target") is None else Quick(params["Target"], params.get("RouteKey"))
    return Answer(shape(apis.create(call.caller.scope, _wishes(params), quick)))


def get_api(call: Call) -> Answer:
    return Answer(shape(api_of(call)))


def get_apis(call: Call) -> Answer:
    page = apis.list_apis(call.caller.scope, call.params.get("NextToken"), max_results(call), Api.Kind.HTTP)
    return Answer({"Items": [shape(row) for row in page.items], "NextToken": page.next_marker})


def update_api(call: Call) -> Answer:
    api, params = api_of(call), call.params
    _refuse(call)
    given = params.get("Target"), params.get("RouteKey")
    quick = None if given == (None, None) else Quick(*given)
    return Answer(shape(apis.update(api.scope, api.api_id, _wishes(params), quick)))


def delete_api(call: Call) -> Answer:
    api = api_of(call)
    apis.delete(api.scope, api.api_id)
    return Answer()


def delete_cors_configuration(call: Call) -> Answer:
    api = api_of(call)
    apis.delete_cors(api.scope, api.api_id)
    return Answer()


def shape(api: Api) -> dict[str, Any]:
    found = {
        "ApiEndpoint": apis.address(api),
        "ApiId": api.api_id,
        "ApiKeySelectionExpression": _KEY_SELECTION,
        "CorsConfiguration": api.cors,
        "CreatedDate": api.created_at,
        "DisableExecuteApiEndpoint": api.closed,
        "IpAddressType": "ipv4",
        "Name": api.name,
        "ProtocolType": str(api.kind),
        "RouteSelectionExpression": _SELECTION,
        "Tags": api.tags,
    }
    if api.description:
        found["Description"] = api.description
    if api.version:
        found["Version"] = api.version
    return found


def _refuse(call: Call) -> None:
    refuse(
        call,
        "CredentialsArn",
        "DisableSchemaValidation",
        ApiKeySelectionExpression=(_KEY_SELECTION,),
        IpAddressType=("ipv4",),
        RouteSelectionExpression=(_SELECTION, "${request.method} ${request.path}"),
    )


def _wishes(params: dict[str, Any]) -> Wishes:
    return Wishes(
        name=params.get("Name"),
        description=params.get("Description"),
        version=params.get("Version"),
        cors=params.get("CorsConfiguration"),
        closed=params.get("DisableExecuteApiEndpoint"),
        tags=params.get("Tags"),
    )


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateApi": create_api,
    "GetApi": get_api,
    "GetApis": get_apis,
    "UpdateApi": update_api,
    "DeleteApi": delete_api,
    "DeleteCorsConfiguration": delete_cors_configuration,
}
