"""Buses in the admin: addresses, permissions, the list. Rows are changed by the engine alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations.admin import bus_page, bus_verbs, rule_form
from invocations.admin.pages import page, plain, wants_json
from invocations.engines.events import browsing, buses
from invocations.engines.events.naming import BusName
from invocations.forms.rules import BusForm
from invocations.models import Bus, BusEvent, Rule
from invocations.values import Scope

ROWS = 25
LOST = 10
EXAMPLE = "aws events create-event-bus --name shop"

_POSTS = {"put": bus_verbs.put, "try": bus_verbs.test_pattern, "check": rule_form.rule_check}
_RULE_POSTS = {
    "try": bus_verbs.test_rule,
    "pattern": bus_verbs.save_pattern,
    "fire": bus_verbs.fire,
    "enable": bus_verbs.enable,
    "disable": bus_verbs.disable,
    "delete": bus_verbs.delete_rule,
    "target": bus_verbs.add_target,
    "untarget": bus_verbs.remove_target,
}


@admin.register(Bus)
class BusAdmin(ModelAdmin):  # type: ignore[misc]
    """What came, which rules took it, where did it go?"""

    actions: ClassVar[Any] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        rule = "<int:pk>/rules/<int:rule>/"
        return [
            *(path(f"<int:pk>/{name}/", view(self._posting(name)), name=f"invocations_bus_{name}") for name in _POSTS),
            *(
                path(f"{rule}{name}/", view(self._rule_posting(name)), name=f"invocations_bus_rule_{name}")
                for name in _RULE_POSTS
            ),
            path("make/", view(require_POST(self.make)), name="invocations_bus_make"),
            path("<int:pk>/rules/add/", view(self.add_rule), name="invocations_bus_add_rule"),
            path(rule, view(self.rule), name="invocations_bus_rule"),
            path("<int:pk>/events/<int:event>/", view(self.event), name="invocations_bus_event"),
            path("lost/<int:event>/", view(self.lost), name="invocations_bus_lost"),
            *super().get_urls(),
        ]

    def _posting(self, name: str) -> Any:
        def answer(request: HttpRequest, pk: int) -> HttpResponse:
            self._must_change(request)
            return _POSTS[name](request, get_object_or_404(Bus, pk=pk))

        return require_POST(answer)

    def _rule_posting(self, name: str) -> Any:
        def answer(request: HttpRequest, pk: int, rule: int) -> HttpResponse:
            self._must_change(request)
            return _RULE_POSTS[name](request, _rule(pk, rule))

        return require_POST(answer)

    def make(self, request: HttpRequest) -> HttpResponse:
        self._must_change(request)
        form, bus = rule_form.make_bus(request, Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION))
        if bus is None:
            return self._list(request, form)
        return HttpResponseRedirect(reverse("admin:invocations_bus_change", args=[bus.pk]))

    def add_rule(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_change(request)
        return rule_form.rule_form_page(request, get_object_or_404(Bus, pk=pk))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._list(request, None)

    def _list(self, request: HttpRequest, form: BusForm | None) -> HttpResponse:
        self._must_view(request)
        buses.need(BusName(Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION), "default"))
        after = plain(request.GET.get("after"), 18)
        start = int(after) if after.isascii() and after.isdigit() else 0
        rows = Bus.objects.filter(pk__gt=start).order_by("pk")
        newest = BusEvent.objects.filter(bus=OuterRef("pk")).order_by("-id").values("received_at")[:1]
        counted = rows.annotate(rule_count=Count("rules"), last_event=Subquery(newest))
        found: list[Any] = list(counted[: ROWS + 1])  # with what was annotated
        older = found[ROWS - 1].pk if len(found) > ROWS else None
        lost = browsing.events(None, most=LOST)[:LOST]
        if wants_json(request):
            shown = [{"name": bus.name, "arn": bus.arn, "rules": bus.rule_count} for bus in found[:ROWS]]
            return JsonResponse({"buses": shown, "lost": [browsing.document(row) for row in lost], "after": older})
        context = {
            "rows": [(bus, _elsewhere(bus)) for bus in found[:ROWS]],
            "older": older,
            "newer": bool(start),
            "lost": lost,
            "example": EXAMPLE,
            "form": form or BusForm(),
            "may_change": self.has_change_permission(request),
        }
        return page(request, "console/bus_list.html", "Buses", context, status=400 if form else 200)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._must_view(request)
        return bus_page.bus_page(request, _bus(object_id), self.has_change_permission(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return bus_verbs.delete(request, _bus(object_id))

    def rule(self, request: HttpRequest, pk: int, rule: int) -> HttpResponse:
        self._must_view(request)
        return bus_page.rule_page(request, _rule(pk, rule), self.has_change_permission(request))

    def event(self, request: HttpRequest, pk: int, event: int) -> HttpResponse:
        self._must_view(request)
        return bus_page.event_page(request, get_object_or_404(Bus, pk=pk), event)

    def lost(self, request: HttpRequest, event: int) -> HttpResponse:
        self._must_view(request)
        return bus_page.event_page(request, None, event)

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _must_change(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied


def _bus(object_id: str) -> Bus:
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        raise Http404("No such bus.")
    return get_object_or_404(Bus, pk=int(object_id))


def _rule(bus: int, pk: int) -> Rule:
    return get_object_or_404(Rule.objects.select_related("bus"), pk=pk, bus=bus)


def _elsewhere(bus: Bus) -> str:
    home = (settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    return "" if (bus.account, bus.region) == home else f"{bus.account} / {bus.region}"
