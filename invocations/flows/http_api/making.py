"""For people: an API or a route with the function behind it in one step."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from invocations.arns import function_arn, parse_function
from invocations.flows.http_api import apis, granting, integrations, routes, rows
from invocations.flows.http_api.errors import BadApiRequest
from invocations.models import Api, ApiRoute
from invocations.values import Scope
from lambdaplay.db.pool import pooled


@dataclass(frozen=True)
class RouteTo:
    """A route and its function. None: what is usual for the kind of API."""

    key: str
    function_arn: str
    payload_version: str | None = None
    timeout_ms: int | None = None

    def wishes(self) -> integrations.Wishes:
        return integrations.Wishes(self.function_arn, self.payload_version, self.timeout_ms)


def arn_of(scope: Scope, reference: str) -> str:
    """The ARN of a function that people name in any form. Raises BadApiRequest."""
    named = parse_function(reference.strip())
    if named is None:
        raise BadApiRequest(f"{reference} is no function's name or ARN.")
    return function_arn(named.account or scope.account, named.region or scope.region, named.name, named.qualifier)


@dataclass(frozen=True)
class Made:
    """`allowed`: a sentence for each statement that was added."""

    api: Api
    allowed: list[str]


@pooled()
def create(scope: Scope, wishes: apis.Wishes, kind: str, stage: str, route: RouteTo | None, *, allow: bool) -> Made:
    """Make an API with a stage, and a route if one is given; `allow` lets it call the function.

    Raises BadApiRequest, and ResourceNotFound when what is to be allowed is not there; then nothing is made.
    """
    with transaction.atomic():
        api = apis.create(scope, wishes, kind=kind, stage=stage)
        if route is not None:
            _add(api, route)
        return Made(api, grant_all(api) if allow else [])


@pooled()
def add_route(api: Api, route: RouteTo, *, allow: bool) -> Made:
    """Lead one more route to a function; an integration that is just so is used again. Raises as `create` does."""
    with transaction.atomic():
        locked = rows.lock(api.scope, api.api_id)
        _add(locked, route)
        rows.changed(locked)
        return Made(locked, grant_all(locked) if allow else [])


def grant_all(api: Api) -> list[str]:
    """Let the API call every function behind it, and say of each what was added."""
    missing = {lack.function for lack in granting.lacking(api) if lack.function is not None}
    return [granting.grant(api, function) for function in sorted(missing, key=str)]


@pooled()
def remove_route(api: Api, route_id: str) -> None:
    """Take a route away, and the integration that nothing leads to any more."""
    with transaction.atomic():
        locked = rows.lock(api.scope, api.api_id)
        row = rows.route(locked, route_id)
        rows.refuse_managed(row, "Route")
        behind = row.integration
        row.delete()
        if behind is not None and not behind.managed and not behind.routes.exists():
            behind.delete()
        rows.changed(locked)


def _add(api: Api, route: RouteTo) -> ApiRoute:
    wished = {**integrations.usual(api), **route.wishes().values(api)}
    behind = api.integrations.filter(managed=False, description="", **wished).first()
    if behind is None:
        behind = integrations.add(api, route.wishes())
    return routes.add(api, routes.Wishes(route.key, routes.TARGET + behind.integration_id))
