"""Topics in the admin: addresses, permissions, the list. Rows are changed by the engine alone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations.admin import topic_page, topic_verbs
from invocations.admin.pages import page, plain, wants_json
from invocations.forms.topics import CreateTopicForm
from invocations.models import Subscription, Topic
from invocations.values import Scope

ROWS = 25
EXAMPLE = "aws sns create-topic --name orders"

_POSTS = {"publish": topic_verbs.publish, "subscribe": topic_verbs.subscribe, "unsubscribe": topic_verbs.unsubscribe}


@admin.register(Topic)
class TopicAdmin(ModelAdmin):  # type: ignore[misc]
    """Who gets what is published?"""

    actions: ClassVar[Any] = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("make/", view(require_POST(self.make)), name="invocations_topic_make"),
            *(
                path(f"<int:pk>/{name}/", view(self._posting(name)), name=f"invocations_topic_{name}")
                for name in _POSTS
            ),
            path("<int:pk>/messages/<int:message>/", view(self.message), name="invocations_topic_message"),
            *super().get_urls(),
        ]

    def _posting(self, name: str) -> Any:
        def answer(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            return _POSTS[name](request, get_object_or_404(Topic, pk=pk))

        return require_POST(answer)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._list(request, None)

    def _list(self, request: HttpRequest, form: CreateTopicForm | None) -> HttpResponse:
        self._must_view(request)
        asked = plain(request.GET.get("name"), 256).strip()
        rows = _counted().order_by("name", "id")
        if asked:
            rows = rows.filter(name__icontains=asked)
        after = plain(request.GET.get("after"), 256)
        if after:
            rows = rows.filter(name__gt=after)
        found = list(rows[: ROWS + 1])
        older = found[ROWS - 1].name if len(found) > ROWS else None
        if wants_json(request):
            return JsonResponse({"topics": [_document(topic) for topic in found[:ROWS]], "after": older})
        context = {
            "rows": [(topic, _elsewhere(topic)) for topic in found[:ROWS]],
            "asked": asked,
            "older": older,
            "newer": bool(after),
            "example": EXAMPLE,
            "form": form or CreateTopicForm(),
            "may_add": self.has_add_permission(request),
        }
        return page(request, "console/topic_list.html", "Topics", context, status=400 if form else 200)

    def make(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        scope = Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
        return topic_verbs.create(request, scope, lambda form: self._list(request, form))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The admin's own form knows no attributes: the one of the list does."""
        return HttpResponseRedirect(reverse("admin:invocations_topic_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._must_view(request)
        return topic_page.topic_page(request, _topic(object_id), self.has_change_permission(request))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        return topic_verbs.delete(request, _topic(object_id))

    def message(self, request: HttpRequest, pk: int, message: int) -> HttpResponse:
        self._must_view(request)
        return topic_page.message_page(request, get_object_or_404(Topic, pk=pk), message)

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _topic(object_id: str) -> Topic:
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        raise Http404("No such topic.")
    return get_object_or_404(Topic, pk=int(object_id))


def _counted() -> QuerySet[Topic, Any]:
    states = Subscription.State
    return Topic.objects.annotate(
        confirmed=Count("subscriptions", filter=Q(subscriptions__state=states.CONFIRMED)),
        pending=Count("subscriptions", filter=Q(subscriptions__state=states.PENDING)),
    )


def _elsewhere(topic: Topic) -> str:
    home = (settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    return "" if (topic.account, topic.region) == home else f"{topic.account} / {topic.region}"


def _document(topic: Any) -> dict[str, Any]:
    return {
        "name": topic.name,
        "arn": topic.arn,
        "fifo": topic.fifo,
        "subscriptions": topic.confirmed,
        "pending": topic.pending,
    }
