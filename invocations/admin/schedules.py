"""Schedules in the admin: addresses, permissions, the list. Rows are changed by the engine alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations.admin import schedule_page, schedule_verbs
from invocations.admin.pages import page, plain, wants_json
from invocations.engines.scheduler import browsing
from invocations.models import Schedule

ROWS = 25
EXAMPLE = "manage.py schedule create tick 'rate(5 minutes)' --function hello"

_POSTS = {
    "fire": schedule_verbs.fire,
    "enable": schedule_verbs.enable,
    "disable": schedule_verbs.disable,
    "remove": schedule_verbs.remove,
}


@admin.register(Schedule)
class ScheduleAdmin(ModelAdmin):  # type: ignore[misc]
    """When does it fire next, and what was missed?"""

    actions: ClassVar[Any] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path(f"<int:pk>/{name}/", view(self._posting(name)), name=f"invocations_schedule_{name}") for name in _POSTS
        ]
        return [*own, *super().get_urls()]

    def _posting(self, name: str) -> Any:
        def answer(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            return _POSTS[name](request, _schedule(pk))

        return require_POST(answer)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._must_view(request)
        asked, before = plain(request.GET.get("name"), 64).strip(), plain(request.GET.get("before"), 18)
        rows = Schedule.objects.select_related("group").prefetch_related("missed").order_by("-pk")
        if asked:
            rows = rows.filter(name__icontains=asked)
        newer = before.isascii() and before.isdigit()
        found = list((rows.filter(pk__lt=int(before)) if newer else rows)[: ROWS + 1])
        older = found[ROWS - 1].pk if len(found) > ROWS else None
        if wants_json(request):
            shown = [browsing.document(row) for row in found[:ROWS]]
            return JsonResponse({"schedules": shown, "before": older})
        expression, zone = plain(request.GET.get("schedule"), 256), plain(request.GET.get("zone"), 50)
        context = {
            "rows": found[:ROWS],
            "asked_name": asked,
            "older": older,
            "newer": newer,
            "example": EXAMPLE,
            "asked": expression,
            "zone": zone or "UTC",
            "schedule": schedule_page.tried(expression, zone or "UTC"),
        }
        return page(request, "console/schedule_list.html", "Schedules", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._must_view(request)
        if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
            raise Http404("No such schedule.")
        return schedule_page.schedule_page(request, _schedule(int(object_id)), self.has_change_permission(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The button of the page asks and deletes; the admin's own view would go past the engine."""
        return HttpResponseRedirect(reverse("admin:invocations_schedule_changelist"))

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _schedule(pk: int) -> Schedule:
    return get_object_or_404(Schedule.objects.select_related("group"), pk=pk)
