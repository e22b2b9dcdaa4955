"""The statement that lets an API call a function, in one step, and which routes lack one."""

from __future__ import annotations

from dataclasses import dataclass

from invocations.arns import FunctionReference
from invocations.decisions.api_routes import ANY
from invocations.decisions.grants import Grant
from invocations.decisions.policy import INVOKE_FUNCTION
from invocations.errors import ResourceConflict
from invocations.flows import permissions
from invocations.flows.http_api import serving
from invocations.flows.http_api.errors import BadApiRequest
from invocations.models import Api
from invocations.values import Scope
from lambdaplay.db.pool import pooled


@dataclass(frozen=True)
class Lack:
    """A route whose function does not let this API call it in that stage."""

    route_id: str
    stage: str
    function: FunctionReference | None  # None: the stage's variables make no ARN


@pooled()
def lacking(api: Api) -> list[Lack]:
    """The routes that would answer with an error for want of a permission, stage by stage."""
    served = serving.find(api.api_id)
    found = []
    for stage in () if served is None else served.stages.values():
        for key, route in served.routes.items() if served is not None else ():
            if route.target is None:
                continue
            function = serving.function_behind(route.target, stage)
            method = "GET" if key.method == ANY else key.method
            source = api.execute_arn if served is None else served.source_arn(stage.name, method, key)
            if function is None or not serving.permitted(function, source, api.account):
                found.append(Lack(route.route_id, stage.name, function))
    return found


@pooled()
def grant(api: Api, uri_function: FunctionReference) -> str:
    """Let all of this API call the function, and say so. Raises ResourceNotFound, BadApiRequest and the like."""
    scope = Scope(str(uri_function.account), str(uri_function.region))
    statement = f"apigateway-{api.api_id}"
    wanted = Grant(statement, INVOKE_FUNCTION, serving.PRINCIPAL, source_arn=f"{api.execute_arn}/*")
    try:
        permissions.add(scope, uri_function.name, uri_function.qualifier, wanted)
    except ResourceConflict as taken:
        raise BadApiRequest(
            f"{uri_function.name} has a statement {statement} that does not allow it; remove that first."
        ) from taken
    where = f" ({uri_function.qualifier})" if uri_function.qualifier else ""
    return f"API Gateway may call {uri_function.name}{where} for this API: the statement {statement} is added."
