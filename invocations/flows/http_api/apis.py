"""APIs: made, changed, listed and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from invocations import clock
from invocations.decisions.api_routes import DEFAULT
from invocations.flows.http_api import integrations, routes, rows, stages
from invocations.flows.http_api.errors import BadApiRequest
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.models import Api
from invocations.neighbours import resolves_here
from invocations.values import Scope
from lambdaplay.db.pool import pooled

PATH_FORM = "/_lambdaplay/api/"


@dataclass(frozen=True)
class Wishes:
    """What an API is to be. None: not given."""

    name: str | None = None
    description: str | None = None
    version: str | None = None
    cors: Mapping[str, Any] | None = None
    closed: bool | None = None
    tags: Mapping[str, str] | None = None
    binary_types: tuple[str, ...] | None = None

    def values(self) -> dict[str, Any]:
        """The columns that change. Raises BadApiRequest."""
        found = {name: value for name, value in vars(self).items() if value is not None}
        if self.cors is not None:
            found["cors"] = _checked(self.cors)
        if self.binary_types is not None:
            found["binary_types"] = list(self.binary_types)
        return found


@dataclass(frozen=True)
class Quick:
    """Quick creation: one function behind one route, and the stage `$default`. None: not given."""

    target: str | None = None
    route_key: str | None = None


@pooled()
def create(
    scope: Scope, wishes: Wishes, quick: Quick | None = None, kind: str = Api.Kind.HTTP, stage: str | None = None
) -> Api:
    """Make an API; with a function, a route and a stage when `quick` is given, with a stage if one is named.

    Raises BadApiRequest; then nothing is made.
    """
    with transaction.atomic():
        api = Api.objects.create(
            account=scope.account,
            region=scope.region,
            api_id=rows.new_id(10),
            kind=kind,
            created_at=clock.real(),
            **wishes.values(),
        )
        if quick is not None:
            behind = integrations.add(api, integrations.Wishes(uri=quick.target), managed=True)
            wanted = routes.Wishes(quick.route_key or DEFAULT, routes.TARGET + behind.integration_id)
            routes.add(api, wanted, managed=True)
            stages.add(api, DEFAULT, managed=True)
        if stage is not None:
            stages.add(api, stage)
    return api


@pooled()
def list_apis(scope: Scope, marker: str | None, max_items: int | None, kind: str | None = None) -> Page[Api]:
    """A page of an account's APIs, the oldest first."""
    after = 0 if marker is None else read_marker(marker)[1]
    size = page_size(max_items)
    found = Api.objects.within(scope).filter(pk__gt=after).order_by("pk")
    if kind is not None:
        found = found.filter(kind=kind)
    return cut(list(found[: size + 1]), size, lambda row: (row.api_id, row.pk))


@pooled()
def update(scope: Scope, api_id: str, wishes: Wishes, quick: Quick | None = None) -> Api:
    """Change what is given; `quick` changes what quick creation made. Raises ApiPartNotFound, BadApiRequest."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        if quick is not None:
            _change_quick(api, quick)
        rows.changed(api, wishes.values())
        api.refresh_from_db()
    return api


@pooled()
def delete(scope: Scope, api_id: str) -> None:
    """Delete the API with all its parts. Raises ApiPartNotFound."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        api.routes.all().delete()  # they protect their integrations
        api.delete()


@pooled()
def delete_cors(scope: Scope, api_id: str) -> None:
    with transaction.atomic():
        rows.changed(rows.lock(scope, api_id), {"cors": None})


def address(api: Api, stage: str = DEFAULT) -> str:
    """Where it is called: a host name of its own where such names lead here, else a path. No slash at its end."""
    if not names_lead_here():
        return path_address(api, stage)
    base = urlsplit(settings.LAMBDAPLAY_URL)
    host = f"{base.scheme}://{api.api_id}.execute-api.{api.region}.localhost" + (f":{base.port}" if base.port else "")
    return host if stage == DEFAULT else f"{host}/{stage}"


def path_address(api: Api, stage: str = DEFAULT) -> str:
    """The address below a path, which works everywhere; there every stage stands in it."""
    return f"{settings.LAMBDAPLAY_URL.rstrip('/')}{PATH_FORM}{api.api_id}/{stage}"


@cache
def names_lead_here() -> bool:
    return bool(settings.LAMBDAPLAY_LOOPBACK) and resolves_here("probe.execute-api.localhost")


def _change_quick(api: Api, quick: Quick) -> None:
    route = rows.routes(api).filter(managed=True).first()
    if route is None or route.integration is None:
        raise BadApiRequest("Only an API that was made by quick create has a target and a route key of its own.")
    if quick.target is not None:
        wished = integrations.Wishes(uri=quick.target).values(api)
        api.integrations.filter(pk=route.integration.pk).update(**wished)
    if quick.route_key is not None:
        routes.save(api, route, routes.Wishes(key=quick.route_key))


def _checked(cors: Mapping[str, Any]) -> dict[str, Any] | None:
    """Browsers refuse credentials for everybody, and so does AWS."""
    if cors.get("AllowCredentials") and "*" in (cors.get("AllowOrigins") or ()):
        raise BadApiRequest("allowCredentials is not supported when allowOrigin is *")
    return dict(cors) or None
