"""API Gateway: HTTP APIs (`apigatewayv2`). The older REST operations share its signing name; refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel

from invocations.errors import ValidationException
from invocations.flows.http_api.errors import BadApiRequest, unsupported
from invocations.limits import MIB
from invocations.values import Caller
from invocations.wire.call import Answer, Call
from invocations.wire.http import Request, Response
from invocations.wire.plan import Plan
from invocations.wire.protocol import constraints, rest_json
from invocations.wire.services.apigateway import apis, integrations, routes, stages, tags

SERVICE = "apigateway"
MODEL = "apigatewayv2"
_OLDER = "apigateway"

OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    **apis.OPERATIONS,
    **integrations.OPERATIONS,
    **routes.OPERATIONS,
    **stages.OPERATIONS,
    **tags.OPERATIONS,
}


def prepare(operation: OperationModel, params: dict[str, Any]) -> None:
    """The model's constraints under this service's own code."""
    if operation.input_shape is None:
        return
    try:
        constraints.validate(operation.input_shape, params)
    except ValidationException as wrong:
        raise BadApiRequest(wrong.message) from None


def direct(request: Request) -> Plan | None:
    """Refuse the operations of REST APIs, whose paths have no version."""
    if request.path.startswith("/v2/"):
        return None

    def run(caller: Caller, body: bytes, request_id: str) -> Response:
        name, _ = rest_json.operation_of(_OLDER, request)
        raise unsupported(
            f"{name} of API Gateway's REST APIs; apigatewayv2 makes HTTP APIs, and `manage.py api create --rest` or "
            "the console make REST APIs"
        )

    return Plan(MIB, "requested", run)
