"""Event source mappings in the admin: addresses, permissions, the list. Rows are changed by the flows alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations.admin import filter_page, mapping_page
from invocations.admin.pages import page, plain, wants_json
from invocations.decisions.mapping_options import Options
from invocations.errors import Refusal
from invocations.flows import mappings, settle_mappings
from invocations.models import Mapping

ROWS = 25
EXAMPLE = (
    "aws lambda create-event-source-mapping --function-name adder "
    "--event-source-arn arn:aws:sqs:us-east-1:000000000000:orders"
)


@admin.register(Mapping)
class MappingAdmin(ModelAdmin):  # type: ignore[misc]
    """Are pollers keeping up?"""

    actions: ClassVar[Any] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/filter/", view(self.filter), name="invocations_mapping_filter"),
            path("<int:pk>/switch/", view(require_POST(self.switch)), name="invocations_mapping_switch"),
            path("<int:pk>/batches/<int:batch>/", view(self.batch), name="invocations_mapping_batch"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._must_view(request)
        settle_mappings.settle_due()
        asked = plain(request.GET.get("name", "").strip(), 80)
        after = request.GET.get("after", "")
        rows = Mapping.objects.order_by("id")
        if asked:
            named = Q(source_arn__icontains=asked) | Q(topic__icontains=asked) | Q(servers__icontains=asked)
            rows = rows.filter(named | Q(function__icontains=asked))
        if after.isascii() and after.isdigit() and len(after) < 19:
            rows = rows.filter(id__gt=int(after))
        found = list(rows[: ROWS + 1])
        shown = [mapping_page.line(row) for row in found[:ROWS]]
        older = found[ROWS - 1].pk if len(found) > ROWS else None
        if wants_json(request):
            return JsonResponse({"mappings": [mapping_page.document(one) for one in shown], "after": older})
        context = {"rows": shown, "asked": asked, "older": older, "newer": bool(after), "example": EXAMPLE}
        return page(request, "console/mapping_list.html", "Event sources", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._must_view(request)
        settle_mappings.settle_due()
        if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
            raise Http404("No such mapping.")
        row = get_object_or_404(Mapping, pk=int(object_id))
        return mapping_page.mapping_page(request, row, self.has_change_permission(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        row = get_object_or_404(Mapping, pk=int(object_id) if object_id.isdigit() else 0)
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:invocations_mapping_change", args=[row.pk]))
        try:
            mappings.delete(row.scope, row.uuid)
        except Refusal as refusal:
            return mapping_page.mapping_page(request, row, True, refusal.message)
        return HttpResponseRedirect(reverse("admin:invocations_mapping_changelist"))

    def switch(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Enable a disabled mapping, or disable an enabled one."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        row = get_object_or_404(Mapping, pk=pk)
        try:
            mappings.update(row.scope, row.uuid, Options(enabled=request.POST.get("enabled") == "1"))
        except Refusal as refusal:
            return mapping_page.mapping_page(request, row, True, refusal.message)
        return HttpResponseRedirect(reverse("admin:invocations_mapping_change", args=[pk]))

    def batch(self, request: HttpRequest, pk: int, batch: int) -> HttpResponse:
        self._must_view(request)
        return mapping_page.batch_page(request, get_object_or_404(Mapping, pk=pk), batch)

    def filter(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try filters on records; looking is enough, since nothing changes."""
        self._must_view(request)
        return filter_page.filter_page(request, get_object_or_404(Mapping, pk=pk))

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
