"""Buckets in the admin: who is told of their changes, and what was told. Objects are the companion's."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations.admin import bucket_page, bucket_verbs
from invocations.admin.pages import page, plain, wants_json
from invocations.forms.buckets import RuleForm
from invocations.models import Bucket
from invocations.values import Scope

ROWS = 25
EXAMPLE = "manage.py s3_notification add BUCKET FUNCTION"

_POSTS = {"add-rule": bucket_verbs.add, "remove-rule": bucket_verbs.remove, "event-bridge": bucket_verbs.event_bridge}


@admin.register(Bucket)
class BucketAdmin(ModelAdmin):  # type: ignore[misc]
    """Who is told when an object changes?"""

    actions: ClassVar[Any] = None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("make/", view(require_POST(self.make)), name="invocations_bucket_make"),
            *(
                path(f"<int:pk>/{name}/", view(self._posting(name)), name=f"invocations_bucket_{name}")
                for name in _POSTS
            ),
            *super().get_urls(),
        ]

    def _posting(self, name: str) -> Any:
        def answer(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            return _POSTS[name](request, get_object_or_404(Bucket, pk=pk))

        return require_POST(answer)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._list(request, None)

    def _list(self, request: HttpRequest, form: RuleForm | None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        after = plain(request.GET.get("after"), 255)
        rows: QuerySet[Bucket, Any] = Bucket.objects.filter(name__gt=after) if after else Bucket.objects.all()
        found = list(rows.annotate(latest=Max("events__raised_at")).order_by("name", "id")[: ROWS + 1])
        older = found[ROWS - 1].name if len(found) > ROWS else None
        if wants_json(request):
            told = [bucket_page.document(row) for row in found[:ROWS]]
            return JsonResponse({"buckets": told, "after": older})
        context = {
            "rows": found[:ROWS],
            "home": (settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION),
            "older": older,
            "newer": bool(after),
            "example": EXAMPLE,
            "form": form or RuleForm(),
            "may_add": self.has_add_permission(request),
        }
        return page(request, "console/bucket_list.html", "Buckets", context, status=400 if form else 200)

    def make(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        scope = Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
        return bucket_verbs.make(request, scope, lambda form: self._list(request, form))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The admin's own form knows no rules: the one of the list does."""
        return HttpResponseRedirect(reverse("admin:invocations_bucket_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return bucket_page.bucket_page(request, _bucket(object_id), self.has_change_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """A bucket is deleted where it is: its rules go one by one, or with it."""
        return False


def _bucket(object_id: str) -> Bucket:
    if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
        raise Http404("No such bucket.")
    return get_object_or_404(Bucket, pk=int(object_id))
