"""What a request to an API needs to know of it, remembered for as long as its revision stands.

Every change of an API raises the revision; one small SELECT a request tells whether what is remembered still holds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from invocations.arns import FunctionReference, function_arn
from invocations.decisions.api_routes import DEFAULT, Match, RouteKey, match_http, match_rest, read_key
from invocations.decisions.cors import Cors
from invocations.decisions.integration_uri import function_of
from invocations.flows import permissions
from invocations.flows.http_api import rows
from invocations.models import Api
from invocations.values import Scope
from lambdaplay.db.pool import pooled
from lambdaplay.db.prepared import Select

PRINCIPAL = "apigateway.amazonaws.com"
_REMEMBERED = 1000


@dataclass(frozen=True)
class Stage:
    name: str
    variables: Mapping[str, str]
    deployment_id: str


@dataclass(frozen=True)
class Target:
    """An integration."""

    uri: str
    payload_version: str
    timeout_seconds: float


@dataclass(frozen=True)
class Route:
    route_id: str
    target: Target | None  # None: nothing is behind it


@dataclass(frozen=True)
class Served:
    """An API as requests meet it."""

    api_id: str
    scope: Scope
    rest: bool
    closed: bool
    cors: Cors | None
    binary_types: tuple[str, ...]
    execute_arn: str
    stages: Mapping[str, Stage]
    routes: Mapping[RouteKey, Route]

    def match(self, method: str, path: str) -> Match | None:
        """The route for a request; `path` without the stage, still percent-encoded."""
        return (match_rest if self.rest else match_http)(self.routes, method, path)

    def source_arn(self, stage: str, method: str, key: RouteKey) -> str:
        """What the function's policy sees as the caller: parameters stand in it by their names."""
        return f"{self.execute_arn}/{stage}/{DEFAULT if key.path == DEFAULT else method + key.path}"


def _mark(api_id: str) -> QuerySet[Any, tuple[Any, ...]]:
    return Api.objects.filter(api_id=api_id).values_list("pk", "revision")


_MARK = Select(_mark, api_id=str)
_known: OrderedDict[str, tuple[tuple[Any, ...], Served]] = OrderedDict()


@pooled()
def find(api_id: str) -> Served | None:
    """The API with that id, whoever's it is."""
    marks = _MARK(api_id=api_id)
    if not marks:
        return None
    mark = marks[0]
    known = _known.get(api_id)
    if known is not None and known[0] == mark:
        return known[1]
    # Read after its revision: a change in between makes this entry stale, and the next request reads again.
    found = _read(mark[0])
    if found is not None:
        _known[api_id] = (mark, found)
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
    return found


def function_behind(target: Target, stage: Stage) -> FunctionReference | None:
    """The function in this stage; None when the stage's variables make no function's ARN."""
    return function_of(target.uri, stage.variables)


def permitted(function: FunctionReference, source_arn: str, account: str) -> bool:
    """Whether the function's policy lets API Gateway call it for that stage and route."""
    arn = function_arn(str(function.account), str(function.region), function.name, function.qualifier)
    return permissions.allows(arn, PRINCIPAL, source_arn, account)


def _read(pk: int) -> Served | None:
    api = Api.objects.filter(pk=pk).first()
    if api is None:
        return None
    return Served(
        api_id=api.api_id,
        scope=api.scope,
        rest=api.kind == Api.Kind.REST,
        closed=api.closed,
        cors=None if api.cors is None else Cors.read(api.cors),
        binary_types=tuple(api.binary_types),
        execute_arn=api.execute_arn,
        stages={row.name: Stage(row.name, dict(row.variables), row.deployment_id) for row in api.stages.all()},
        routes={
            read_key(row.key): Route(
                row.route_id,
                None
                if row.integration is None
                else Target(row.integration.uri, row.integration.payload_version, row.integration.timeout_ms / 1000),
            )
            for row in rows.routes(api)
        },
    )
