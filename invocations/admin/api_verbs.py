"""What the buttons of an API's page do. Each says what it did, or why not, and leads back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invocations.admin.api_page import api_page, apis_crumb
from invocations.admin.pages import page, plain
from invocations.admin.previews import preview
from invocations.errors import LambdaplayError
from invocations.flows.http_api import apis, making, stages, trying
from invocations.forms import refusal_sentence
from invocations.forms.apis import CreateApiForm, RouteForm, StageForm, TryForm
from invocations.forms.cors import CorsForm
from invocations.models import Api
from invocations.values import Scope

PREVIEW_BYTES = 64 * 1024


def create(request: HttpRequest, scope: Scope, again: Callable[[CreateApiForm], HttpResponse]) -> HttpResponse:
    """Make an API with its first route; `again` shows the form with what is wrong."""
    form = CreateApiForm(request.POST)
    if not form.is_valid():
        return again(form)
    given = form.cleaned_data
    try:
        made = making.create(
            scope,
            apis.Wishes(name=given["name"]),
            given["kind"],
            form.stage_name(),
            form.route(scope),
            allow=given["allow"],
        )
    except LambdaplayError as refusal:
        form.add_error(None, refusal_sentence(refusal))
        return again(form)
    messages.success(request, " ".join([f"{made.api.name} is there.", *made.allowed]))
    return _back(made.api)


def add_route(request: HttpRequest, api: Api) -> HttpResponse:
    form = RouteForm(request.POST)

    def save() -> str:
        route = form.route(api.scope)
        made = making.add_route(api, route, allow=form.cleaned_data["allow"])
        return " ".join([f"{route.key} leads to the function.", *made.allowed])

    return _submit(request, api, "route_form", form, save)


def remove_route(request: HttpRequest, api: Api) -> HttpResponse:
    def save() -> str:
        making.remove_route(api, plain(request.POST.get("route"), 8))
        return "The route is gone."

    return _submit(request, api, "", None, save)


def grant(request: HttpRequest, api: Api) -> HttpResponse:
    def save() -> str:
        return " ".join(making.grant_all(api)) or "Nothing was missing."

    return _submit(request, api, "", None, save)


def save_stage(request: HttpRequest, api: Api) -> HttpResponse:
    form = StageForm(request.POST)

    def save() -> str:
        name, wishes = form.cleaned_data["name"], stages.Wishes(variables=form.cleaned_data["variables"])
        if api.stages.filter(name=name).exists():
            stages.update(api.scope, api.api_id, name, wishes)
            return f"The stage {name} has these variables now."
        stages.create(api.scope, api.api_id, name, wishes)
        return f"The stage {name} is there."

    return _submit(request, api, "stage_form", form, save)


def delete_stage(request: HttpRequest, api: Api) -> HttpResponse:
    def save() -> str:
        name = plain(request.POST.get("stage"), 128)
        stages.delete(api.scope, api.api_id, name)
        return f"The stage {name} is gone."

    return _submit(request, api, "", None, save)


def save_cors(request: HttpRequest, api: Api) -> HttpResponse:
    form = CorsForm(request.POST)

    def save() -> str:
        cors = form.cors()
        apis.update(api.scope, api.api_id, apis.Wishes(cors=cors))
        return "Browsers are told these rules now." if cors else "There are no cross-origin rules now."

    return _submit(request, api, "cors_form", form, save)


def try_out(request: HttpRequest, api: Api) -> HttpResponse:
    form = TryForm(list(api.stages.values_list("name", flat=True)), request.POST)
    shown: dict[str, Any] = {"try_form": form}
    if not form.is_valid():
        return api_page(request, api, forms=shown, status=400)
    given = form.cleaned_data
    try:
        tried = trying.try_out(
            api, given["stage"], given["method"], given["target"], given["headers"], given["body"].encode()
        )
    except LambdaplayError as refusal:
        form.add_error(None, refusal_sentence(refusal))
        return api_page(request, api, forms=shown, status=503)
    return api_page(request, api, forms={**shown, "tried": tried, "answer": preview("body", tried.body, PREVIEW_BYTES)})


def delete(request: HttpRequest, api: Api) -> HttpResponse:
    if request.method == "POST":
        apis.delete(api.scope, api.api_id)
        messages.success(request, f"{api.name} is deleted.")
        return HttpResponseRedirect(reverse("admin:invocations_api_changelist"))
    context = {"api": api, "routes": api.routes.count(), "stages": api.stages.count()}
    return page(request, "console/api_delete.html", f"Delete {api.name}", context, [apis_crumb()])


def _submit(request: HttpRequest, api: Api, name: str, form: Form | None, save: Callable[[], str]) -> HttpResponse:
    """Save and lead back, or show the page with what is wrong."""
    if form is not None and not form.is_valid():
        return api_page(request, api, forms={name: form}, status=400)
    try:
        messages.success(request, save())
    except LambdaplayError as refusal:
        if form is None:
            messages.error(request, refusal_sentence(refusal))
            return _back(api)
        form.add_error(None, refusal_sentence(refusal))
        return api_page(request, api, forms={name: form}, status=400)
    return _back(api)


def _back(api: Api) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:invocations_api_change", args=[api.pk]))
