"""Invocations: the list with its filters, and one invocation's whole life."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from invocations.admin import prove_page, waiting
from invocations.admin.documents import invocation_document, invocation_line
from invocations.admin.event_page import event_page
from invocations.admin.history import HistoryFilter, history_page, narrowed
from invocations.admin.pages import invocations_crumb, page, wants_json
from invocations.admin.previews import Preview, preview
from invocations.admin.story import tell
from invocations.admin.timeline import timeline
from invocations.models import AttemptOutput, Function, Invocation, Payload

PREVIEW_BYTES = 16 * 1024  # of each payload and of the log; the rest is a download away


@admin.register(Invocation)
class InvocationAdmin(ModelAdmin):  # type: ignore[misc]
    """Read only: history is written by the flows and deleted by retention."""

    actions: ClassVar[Any] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invocation | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invocation | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            *waiting.places(),
            *prove_page.places(),
            path("<uuid:request_id>/", view(self.detail), name="invocations_invocation_detail"),
            path("<uuid:request_id>/<str:part>/raw/", view(self.raw), name="invocations_invocation_raw"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._must_view(request)
        filters = HistoryFilter(request.GET)
        filters.is_valid()
        shown = history_page(narrowed(filters), request.GET)
        if wants_json(request):
            return JsonResponse({"invocations": [invocation_line(row) for row in shown.rows], "older": shown.older})
        context = {
            "filters": filters,
            "shown": shown,
            "filtered": any(value for value in filters.cleaned_data.values()),
            "query": _without_keys(request),
            "example": "echo '{}' | aws lambda invoke --function-name hello --payload fileb:///dev/stdin /dev/stdout",
        }
        return page(request, "console/invocation_list.html", "Invocations", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The admin's own links end here too."""
        row = Invocation.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        if row is None:
            raise Http404("No such invocation.")
        return self._detail(request, row)

    def detail(self, request: HttpRequest, request_id: object) -> HttpResponse:
        return self._detail(request, _find(request_id))

    def _detail(self, request: HttpRequest, row: Invocation) -> HttpResponse:
        self._must_view(request)
        if row.invocation_type == Invocation.Type.ASYNC:
            return event_page(request, row)
        attempts = list(row.attempts.all())
        payload = Payload.objects.filter(pk=row.pk).first()
        log = b"" if payload is None else bytes(payload.log)
        sentences = [tell(attempt, row, log) for attempt in attempts]
        if wants_json(request):
            return JsonResponse(invocation_document(row, attempts, sentences))
        function = Function.objects.filter(account=row.account, region=row.region, name=row.function).first()
        context = {
            "row": row,
            "attempts": attempts,
            "sentences": sentences,
            "line": timeline(row, attempts),
            "function": function,
            "payload": payload,
            "parts": [] if payload is None else _previews(payload),
            "arn": f"arn:aws:lambda:{row.region}:{row.account}:function:{row.function}",
        }
        return page(request, "console/invocation.html", row.request_id[:8], context, [invocations_crumb()])

    def raw(self, request: HttpRequest, request_id: object, part: str) -> HttpResponse:
        """The bytes as they came or went, as a download: never shown as a page of this server."""
        self._must_view(request)
        if part not in ("request", "response", "log"):
            raise Http404("No such part.")
        row = _find(request_id)
        payload = _bytes_of(row, part, request.GET.get("attempt", ""))
        if payload is None:
            raise Http404("The payload is no longer kept.")
        ending = "log" if part == "log" else "json"
        name = f"{row.function}-{row.request_id}-{part}.{ending}"
        return HttpResponse(
            bytes(getattr(payload, part)),
            content_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _bytes_of(row: Invocation, part: str, attempt: str) -> Payload | AttemptOutput | None:
    """Where the part lies: with the invocation, or with the attempt of an event that the address names."""
    if part == "request" or not (attempt.isascii() and attempt.isdigit() and len(attempt) < 7):
        return Payload.objects.filter(pk=row.pk).first()
    return AttemptOutput.objects.filter(attempt__invocation=row, attempt__attempt_no=int(attempt)).first()


def _find(request_id: object) -> Invocation:
    row = Invocation.objects.filter(request_id=str(request_id)).first()
    if row is None:
        raise Http404("No such invocation.")
    return row


def _without_keys(request: HttpRequest) -> str:
    """The filters of this page, for the links to its neighbours."""
    query = request.GET.copy()
    for key in ("before", "after", "format"):
        query.pop(key, None)
    for key in [key for key, value in query.items() if not value]:
        del query[key]
    return query.urlencode()


def _previews(payload: Payload) -> list[Preview]:
    return [preview(name, bytes(getattr(payload, name)), PREVIEW_BYTES) for name in ("request", "response", "log")]
