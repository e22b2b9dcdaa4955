"""Queues in the admin: addresses, permissions, the list. Rows are changed by the engine alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations.admin import queue_page, queue_verbs
from invocations.admin.pages import page, wants_json
from invocations.engines.sqs import queues
from invocations.forms.queues import CreateQueueForm
from invocations.models import Queue
from invocations.values import Scope

ROWS = 25
EXAMPLE = "aws sqs create-queue --queue-name orders"

_POSTS = {
    "send": queue_verbs.send,
    "purge": queue_verbs.purge,
    "redrive": queue_verbs.redrive,
    "cancel_redrive": queue_verbs.cancel_redrive,
}


@admin.register(Queue)
class QueueAdmin(ModelAdmin):  # type: ignore[misc]
    """Where are the messages?"""

    actions: ClassVar[Any] = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("make/", view(require_POST(self.make)), name="invocations_queue_make"),
            *(
                path(f"<int:pk>/{name}/", view(self._posting(name)), name=f"invocations_queue_{name}")
                for name in _POSTS
            ),
            path("<int:pk>/messages/<int:message>/", view(self.message), name="invocations_queue_message"),
            *super().get_urls(),
        ]

    def _posting(self, name: str) -> Any:
        def answer(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            return _POSTS[name](request, get_object_or_404(Queue, pk=pk))

        return require_POST(answer)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._list(request, None)

    def _list(self, request: HttpRequest, form: CreateQueueForm | None) -> HttpResponse:
        self._must_view(request)
        asked = request.GET.get("name", "").strip()[:80]
        rows = Queue.objects.order_by("name", "id")
        if asked:
            rows = rows.filter(name__icontains=asked)
        after = request.GET.get("after", "")[:80]
        if after:
            rows = rows.filter(name__gt=after)
        found = list(rows[: ROWS + 1])
        shown = [_row(queue) for queue in found[:ROWS]]
        older = found[ROWS - 1].name if len(found) > ROWS else None
        if wants_json(request):
            return JsonResponse({"queues": [_document(row) for row in shown], "after": older})
        context = {
            "rows": shown,
            "asked": asked,
            "older": older,
            "newer": bool(after),
            "example": EXAMPLE,
            "form": form or CreateQueueForm(),
            "may_add": self.has_add_permission(request),
        }
        return page(request, "console/queue_list.html", "Queues", context, status=400 if form else 200)

    def make(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        scope = Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
        return queue_verbs.create(request, scope, lambda form: self._list(request, form))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The admin's own form knows no attributes: the one of the list does."""
        return HttpResponseRedirect(reverse("admin:invocations_queue_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._must_view(request)
        return queue_page.queue_page(request, _queue(object_id), self.has_change_permission(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return queue_verbs.delete(request, _queue(object_id))

    def message(self, request: HttpRequest, pk: int, message: int) -> HttpResponse:
        self._must_view(request)
        return queue_page.message_page(request, get_object_or_404(Queue, pk=pk), message)

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _queue(object_id: str) -> Queue:
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        raise Http404("No such queue.")
    return get_object_or_404(Queue, pk=int(object_id))


def _row(queue: Queue) -> dict[str, Any]:
    home = (settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    dead = Queue.objects.within(queue.scope).filter(name=queue.redrive_target.rpartition(":")[2]).first()
    return {
        "queue": queue,
        "counts": queues.counts(queue),
        "dead_letter_queue": dead if queue.redrive_target else None,
        "is_target": bool(queues.sources_of(queue, most=1)),
        "elsewhere": "" if (queue.account, queue.region) == home else f"{queue.account} / {queue.region}",
    }


def _document(row: dict[str, Any]) -> dict[str, Any]:
    queue, counts = row["queue"], row["counts"]
    return {
        "name": queue.name,
        "arn": queue.arn,
        "fifo": queue.fifo,
        "visible": counts.visible,
        "in_flight": counts.in_flight,
        "delayed": counts.delayed,
        "dead_letter_queue": queue.redrive_target or None,
    }
