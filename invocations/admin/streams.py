"""Streams in the admin: addresses, permissions, the list. Rows are changed by the engine alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations import clock
from invocations.admin import stream_page, stream_verbs
from invocations.admin.pages import page, plain, wants_json
from invocations.engines.kinesis import browsing
from invocations.models import Stream

ROWS = 25
EXAMPLE = "aws kinesis create-stream --stream-name rides --shard-count 4"


@admin.register(Stream)
class StreamAdmin(ModelAdmin):  # type: ignore[misc]
    """What is in the shards?"""

    actions: ClassVar[Any] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/put/", view(require_POST(self.put)), name="invocations_stream_put"),
            path("<int:pk>/<int:number>/<int:place>/", view(self.record), name="invocations_stream_record"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._must_view(request)
        asked, after = plain(request.GET.get("name"), 128).strip(), plain(request.GET.get("after"), 128)
        rows = Stream.objects.order_by("name", "id")
        if asked:
            rows = rows.filter(name__icontains=asked)
        if after:
            rows = rows.filter(name__gt=after)
        found = list(rows[: ROWS + 1])
        shown = [_row(stream) for stream in found[:ROWS]]
        older = found[ROWS - 1].name if len(found) > ROWS else None
        if wants_json(request):
            return JsonResponse({"streams": [_document(row) for row in shown], "after": older})
        context = {"rows": shown, "asked": asked, "older": older, "newer": bool(after), "example": EXAMPLE}
        return page(request, "console/stream_list.html", "Streams", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._must_view(request)
        return stream_page.stream_page(request, _stream(object_id), self.has_change_permission(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return stream_verbs.delete(request, _stream(object_id))

    def put(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return stream_verbs.put(request, get_object_or_404(Stream, pk=pk))

    def record(self, request: HttpRequest, pk: int, number: int, place: int) -> HttpResponse:
        self._must_view(request)
        return stream_page.record_page(request, get_object_or_404(Stream, pk=pk), number, place)

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _stream(object_id: str) -> Stream:
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        raise Http404("No such stream.")
    return get_object_or_404(Stream, pk=int(object_id))


def _row(stream: Stream) -> dict[str, Any]:
    home = (settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    lanes = browsing.lanes(stream)
    return {
        "stream": stream,
        "status": stream.status_at(clock.real()),
        "open": sum(not lane.view.closed for lane in lanes),
        "closed": sum(lane.view.closed for lane in lanes),
        "records": sum(lane.records for lane in lanes),
        "newest": max((lane.newest for lane in lanes if lane.newest is not None), default=None),
        "elsewhere": "" if (stream.account, stream.region) == home else f"{stream.account} / {stream.region}",
    }


def _document(row: dict[str, Any]) -> dict[str, Any]:
    stream = row["stream"]
    return {
        "name": stream.name,
        "arn": stream.arn,
        "status": row["status"],
        "mode": stream.mode,
        "open_shards": row["open"],
        "closed_shards": row["closed"],
        "records": row["records"],
    }
