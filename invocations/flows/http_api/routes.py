"""Routes: which requests go to which integration."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from invocations import limits
from invocations.decisions.api_routes import DEFAULT, BadRouteKey, RouteKey, read_key
from invocations.flows.http_api import rows
from invocations.flows.http_api.errors import ApiConflict, ApiPartNotFound, BadApiRequest, unsupported
from invocations.models import Api, ApiIntegration, ApiRoute
from invocations.values import Scope
from lambdaplay.db.pool import pooled

TARGET = "integrations/"
_FORMAT = (
    "The provided route key is not formatted properly for HTTP protocol. "
    'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
)


@dataclass(frozen=True)
class Wishes:
    """None: not given. `target` is `integrations/<id>`."""

    key: str | None = None
    target: str | None = None
    operation_name: str | None = None


@pooled()
def create(scope: Scope, api_id: str, wishes: Wishes) -> ApiRoute:
    """Raises ApiPartNotFound, BadApiRequest for a key or target that is none, ApiConflict for a key that is there."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = add(api, wishes)
        rows.changed(api)
    return row


@pooled()
def update(scope: Scope, api_id: str, route_id: str, wishes: Wishes) -> ApiRoute:
    """Change what is given. Raises as `create` does."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = rows.route(api, route_id)
        if wishes.key is not None and wishes.key != row.key:
            rows.refuse_managed(row, "Route")
        save(api, row, wishes)
        rows.changed(api)
    return row


@pooled()
def delete(scope: Scope, api_id: str, route_id: str) -> None:
    """Raises ApiPartNotFound, BadApiRequest for one that quick creation made."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = rows.route(api, route_id)
        rows.refuse_managed(row, "Route")
        row.delete()
        rows.changed(api)


def add(api: Api, wishes: Wishes, *, managed: bool = False) -> ApiRoute:
    """Make one inside a transaction of the caller's."""
    if wishes.key is None:
        raise BadApiRequest(_FORMAT)
    return save(api, ApiRoute(api=api, route_id=rows.new_id(7), managed=managed), wishes)


def save(api: Api, row: ApiRoute, wishes: Wishes) -> ApiRoute:
    """Write what is wished into a route, inside a transaction of the caller's."""
    if wishes.key is not None:
        key = _key(api, wishes.key)
        row.key, row.shape = str(key), key.shape
    if wishes.target is not None:
        row.integration = _integration(api, wishes.target)
    if wishes.operation_name is not None:
        row.operation_name = wishes.operation_name
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise ApiConflict(f"Route with key {row.key} already exists for this API") from None
    return row


def _key(api: Api, text: str) -> RouteKey:
    try:
        key = read_key(text)
    except BadRouteKey as problem:
        raise BadApiRequest(f"{_FORMAT}: {problem}") from problem
    if key.path == DEFAULT and api.kind == Api.Kind.REST:
        raise BadApiRequest("A REST API has no $default route; ANY /{proxy+} takes what other routes leave.")
    if len(text) > limits.ROUTE_KEY_CHARACTERS:
        raise BadApiRequest(f"A route key has at most {limits.ROUTE_KEY_CHARACTERS} characters.")
    return key


def _integration(api: Api, target: str) -> ApiIntegration:
    if not target.startswith(TARGET):
        raise unsupported(f"the target {target}; integrations/<id> is one")
    try:
        return rows.integration(api, target.removeprefix(TARGET))
    except ApiPartNotFound as missing:
        raise BadApiRequest(missing.message) from None
