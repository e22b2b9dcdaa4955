"""Functions in the admin: addresses, permissions, and which page answers which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin

from invocations.admin import (
    function_concurrency,
    function_create,
    function_event_verbs,
    function_list,
    function_page,
    function_permission_verbs,
    function_url_verbs,
    function_verbs,
    invoke_panel,
    version_diff,
)
from invocations.models import Function

View = Callable[[HttpRequest, Function], HttpResponse | FileResponse]

# name: (path below the function, view, needs the right to change)
_POSTS: dict[str, tuple[str, View]] = {
    "save_code": ("code/", function_verbs.save_code),
    "save_configuration": ("configuration/", function_verbs.save_configuration),
    "save_concurrency": ("concurrency/", function_verbs.save_concurrency),
    "save_provisioned": ("provisioned/", function_verbs.save_provisioned),
    "delete_provisioned": ("provisioned/delete/", function_verbs.delete_provisioned),
    "save_event_config": ("events-config/", function_event_verbs.save_event_config),
    "save_dead_letter": ("dead-letter/", function_event_verbs.save_dead_letter),
    "save_recursion": ("recursion/", function_event_verbs.save_recursion),
    "add_permission": ("permissions/", function_permission_verbs.add_permission),
    "remove_permission": ("permissions/remove/", function_permission_verbs.remove_permission),
    "save_url": ("urls/", function_url_verbs.save_url),
    "permit_url": ("urls/permit/", function_url_verbs.permit_url),
    "delete_url": ("urls/delete/", function_url_verbs.delete_url),
    "publish": ("publish/", function_verbs.publish),
    "delete_version": ("versions/delete/", function_verbs.delete_version),
    "save_alias": ("aliases/", function_verbs.save_alias),
    "delete_alias": ("aliases/delete/", function_verbs.delete_alias),
    "save_event": ("events/", function_verbs.save_event),
    "delete_event": ("events/delete/", function_verbs.delete_event),
    "invoke": ("invoke/", invoke_panel.invoke_function),
}
_GETS: dict[str, tuple[str, View]] = {
    "environments": ("environments/", function_page.environments),
    "provisioned": ("provisioned/now/", function_page.provisioned),
    "concurrency": ("concurrency/now/", function_concurrency.concurrency),
    "compare": ("versions/compare/", version_diff.compare_page),
    "package": ("package/", function_page.package),
}


@admin.register(Function)
class FunctionAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows are changed by the flows alone: none of Django's own editing pages is left."""

    actions: ClassVar[Any] = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            *(
                path(
                    f"<int:pk>/{below}",
                    view(self._guarded(require_POST, page, True)),
                    name=f"invocations_function_{name}",
                )
                for name, (below, page) in _POSTS.items()
            ),
            *(
                path(
                    f"<int:pk>/{below}",
                    view(self._guarded(require_GET, page, False)),
                    name=f"invocations_function_{name}",
                )
                for name, (below, page) in _GETS.items()
            ),
            *super().get_urls(),
        ]

    def _guarded(self, method: Callable[..., Any], page: View, changes: bool) -> Callable[..., HttpResponse]:
        def answer(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
            allowed = self.has_change_permission(request) if changes else self.has_view_permission(request)
            if not allowed:
                raise PermissionDenied
            return page(request, get_object_or_404(Function, pk=pk))

        guarded: Callable[..., HttpResponse] = method(answer)
        return guarded

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return function_list.function_list(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return function_create.create(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return function_page.function_page(request, _function(object_id))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return function_verbs.delete(request, _function(object_id))


def _function(object_id: str) -> Function:
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        raise Http404("No such function.")
    return get_object_or_404(Function, pk=int(object_id))
