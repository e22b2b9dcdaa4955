"""An API's rows, found, locked and made a new revision. Texts are AWS's where they are known."""

from __future__ import annotations

import secrets

from django.db.models import QuerySet

from invocations import clock
from invocations.flows.http_api.errors import CONCURRENT, ApiConflict, ApiPartNotFound, BadApiRequest
from invocations.models import Api, ApiIntegration, ApiRoute, ApiStage
from invocations.values import Scope
from lambdaplay.db.pool import pooled

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@pooled()
def get(scope: Scope, api_id: str) -> Api:
    """Raises ApiPartNotFound."""
    return _one(Api.objects.within(scope), scope, api_id)


def lock(scope: Scope, api_id: str) -> Api:
    """The API, its row locked until the transaction ends: changes of one API queue here. Raises ApiPartNotFound."""
    return _one(Api.objects.within(scope).select_for_update(), scope, api_id)


def changed(api: Api, values: dict[str, object] | None = None) -> None:
    """Make what was changed a new revision, deployed to every stage. Raises ApiConflict."""
    if not api.change(values or {}):
        raise ApiConflict(CONCURRENT)
    ApiStage.objects.filter(api=api).update(deployment_id=new_id(6), updated_at=clock.real())


def new_id(characters: int) -> str:
    """Letters and digits that begin with a letter."""
    return secrets.choice(_ALPHABET[:26]) + "".join(secrets.choice(_ALPHABET) for _ in range(characters - 1))


def integration(api: Api, integration_id: str) -> ApiIntegration:
    """Raises ApiPartNotFound."""
    row = api.integrations.filter(integration_id=integration_id).first()
    if row is None:
        raise ApiPartNotFound(f"Invalid Integration identifier specified {integration_id}")
    return row


def route(api: Api, route_id: str) -> ApiRoute:
    """Raises ApiPartNotFound."""
    row = routes(api).filter(route_id=route_id).first()
    if row is None:
        raise ApiPartNotFound(f"Invalid Route identifier specified {route_id}")
    return row


def routes(api: Api) -> QuerySet[ApiRoute]:
    """With what is behind them."""
    return api.routes.select_related("integration").order_by("pk")


def stage(api: Api, name: str) -> ApiStage:
    """Raises ApiPartNotFound."""
    row = api.stages.filter(name=name).first()
    if row is None:
        raise ApiPartNotFound("Invalid stage identifier specified")
    return row


def refuse_managed(row: ApiIntegration | ApiRoute | ApiStage, what: str) -> None:
    """Raise BadApiRequest for a part that quick creation made."""
    if row.managed:
        raise BadApiRequest(
            f"This {what} was made by quick create and is managed by API Gateway; change it with UpdateApi, "
            "or delete the API."
        )


def _one(rows: QuerySet[Api], scope: Scope, api_id: str) -> Api:
    row = rows.filter(api_id=api_id).first()
    if row is None:
        raise ApiPartNotFound(f"Invalid API identifier specified {scope.account}:{api_id}")
    return row
