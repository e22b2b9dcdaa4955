"""APIs in the admin: addresses, permissions, the list. Rows are changed by the flows alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations.admin import api_page, api_verbs
from invocations.admin.pages import page, plain, wants_json
from invocations.flows.http_api import apis
from invocations.forms.apis import CreateApiForm
from invocations.models import Api, Function
from invocations.values import Scope

ROWS = 25
EXAMPLE = "aws apigatewayv2 create-api --name shop --protocol-type HTTP --target FUNCTION_ARN"

_POSTS = {
    "add_route": api_verbs.add_route,
    "remove_route": api_verbs.remove_route,
    "grant": api_verbs.grant,
    "save_stage": api_verbs.save_stage,
    "delete_stage": api_verbs.delete_stage,
    "save_cors": api_verbs.save_cors,
    "try": api_verbs.try_out,
}


@admin.register(Api)
class ApiAdmin(ModelAdmin):  # type: ignore[misc]
    """Which requests reach which function?"""

    actions: ClassVar[Any] = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("make/", view(require_POST(self.make)), name="invocations_api_make"),
            *(path(f"<int:pk>/{name}/", view(self._posting(name)), name=f"invocations_api_{name}") for name in _POSTS),
            *super().get_urls(),
        ]

    def _posting(self, name: str) -> Any:
        def answer(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            return _POSTS[name](request, get_object_or_404(Api, pk=pk))

        return require_POST(answer)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._list(request, None)

    def _list(self, request: HttpRequest, form: CreateApiForm | None) -> HttpResponse:
        self._must_view(request)
        asked, after = plain(request.GET.get("name"), 128).strip(), request.GET.get("after", "")
        rows = _counted().order_by("id")
        if asked:
            rows = rows.filter(name__icontains=asked)
        if after.isascii() and after.isdigit() and len(after) < 19:
            rows = rows.filter(pk__gt=int(after))
        found = list(rows[: ROWS + 1])
        older = found[ROWS - 1].pk if len(found) > ROWS else None
        if wants_json(request):
            return JsonResponse({"apis": [_document(api) for api in found[:ROWS]], "after": older})
        context = {
            "rows": [(api, api_page.elsewhere(api), _address(api)) for api in found[:ROWS]],
            "asked": asked,
            "older": older,
            "newer": bool(after),
            "example": EXAMPLE,
            "form": form or CreateApiForm(),
            "functions": known_functions(),
            "may_add": self.has_add_permission(request),
        }
        return page(request, "console/api_list.html", "APIs", context, status=400 if form else 200)

    def make(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return api_verbs.create(request, _home(), lambda form: self._list(request, form))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form of the list makes a route, too."""
        return HttpResponseRedirect(reverse("admin:invocations_api_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._must_view(request)
        return api_page.api_page(request, _api(object_id), self.has_change_permission(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return api_verbs.delete(request, _api(object_id))

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def known_functions() -> list[str]:
    """Names to choose from."""
    home = _home()
    names = Function.objects.filter(account=home.account, region=home.region).order_by("name")
    return list(names.values_list("name", flat=True)[:100])


def _home() -> Scope:
    return Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)


def _api(object_id: str) -> Api:
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        raise Http404("No such API.")
    return get_object_or_404(Api, pk=int(object_id))


def _counted() -> QuerySet[Api, Any]:
    return Api.objects.annotate(route_count=Count("routes", distinct=True)).prefetch_related("stages")


def _address(api: Api) -> str:
    stage = next(iter(api.stages.all()), None)
    return "" if stage is None else apis.path_address(api, stage.name)


def _document(api: Any) -> dict[str, Any]:
    return {"id": api.api_id, "name": api.name, "kind": api.kind, "routes": api.route_count, "address": _address(api)}
