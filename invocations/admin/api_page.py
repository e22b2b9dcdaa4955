"""One API: where it is called, which request goes to which function, whether that may, and a request to try it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations.admin.pages import Crumb, page, wants_json
from invocations.arns import short_name
from invocations.decisions.api_routes import DEFAULT
from invocations.decisions.integration_uri import function_of
from invocations.flows.http_api import apis, granting, rows
from invocations.forms.apis import RouteForm, StageForm, TryForm
from invocations.forms.cors import CorsForm
from invocations.forms.variables import variables_to_text
from invocations.models import Api, ApiRoute, Function


def apis_crumb() -> Crumb:
    return ("APIs", reverse("admin:invocations_api_changelist"))


def api_page(
    request: HttpRequest,
    api: Api,
    may_change: bool = True,
    forms: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show it. `forms` are those that were refused, and what a tried request gave."""
    stages = list(api.stages.all())
    lacking = granting.lacking(api)
    routes = [_route(api, row, lacking) for row in rows.routes(api)]
    if wants_json(request):
        return JsonResponse(_document(api, routes))
    names = [stage.name for stage in stages]
    context = {
        "api": api,
        "elsewhere": elsewhere(api),
        "stages": [
            {
                "row": stage,
                "address": apis.path_address(api, stage.name),
                "host": _host(api, stage.name),
                "curl": f"curl '{apis.path_address(api, stage.name)}{_sample(routes)}'",
                "variables": variables_to_text(stage.variables),
            }
            for stage in stages
        ],
        "routes": routes,
        "lacking": bool(lacking),
        "may_change": may_change,
        "functions": [one["name"] for one in Function.objects.filter(**_scope(api)).values("name")[:100]],
        "route_form": RouteForm(),
        "stage_form": StageForm(),
        "cors_form": CorsForm(initial=CorsForm.initial_of(api.cors)),
        "try_form": TryForm(names),
        **(forms or {}),
    }
    return page(request, "console/api.html", api.name, context, [apis_crumb()], status)


def elsewhere(api: Api) -> str:
    home = (settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    return "" if (api.account, api.region) == home else f"{api.account} / {api.region}"


def _scope(api: Api) -> dict[str, str]:
    return {"account": api.account, "region": api.region}


def _host(api: Api, stage: str) -> str:
    host = f"http://{api.api_id}.execute-api.{api.region}.localhost:{settings.LAMBDAPLAY_PORT}"
    return f"{host}/" if stage == DEFAULT else f"{host}/{stage}/"


def _sample(routes: list[dict[str, Any]]) -> str:
    """A path that a route takes."""
    path = next((str(one["row"].key).partition(" ")[2] for one in routes), "/")
    return path.replace("{", "").replace("+}", "").replace("}", "") or "/"


def _route(api: Api, row: ApiRoute, lacking: list[granting.Lack]) -> dict[str, Any]:
    found: dict[str, Any] = {"row": row, "name": "", "place": "", "stages": []}
    if row.integration is None:
        return found
    found["name"] = short_name(row.integration.uri)
    named = function_of(row.integration.uri, {})
    if named is not None:
        found["name"] = named.name if named.qualifier is None else f"{named.name}:{named.qualifier}"
        function = Function.objects.filter(account=named.account, region=named.region, name=named.name).first()
        found["place"] = "" if function is None else reverse("admin:invocations_function_change", args=[function.pk])
    found["stages"] = [lack.stage for lack in lacking if lack.route_id == row.route_id]
    return found


def _document(api: Api, routes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": api.api_id,
        "name": api.name,
        "kind": api.kind,
        "cors": api.cors,
        "stages": {stage.name: apis.path_address(api, stage.name) for stage in api.stages.all()},
        "routes": [
            {"id": one["row"].route_id, "key": one["row"].key, "function": one["name"], "not_permitted": one["stages"]}
            for one in routes
        ],
    }
