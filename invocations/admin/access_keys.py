"""Access keys: made and revoked here. The secret is shown once, in the answer that made it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from invocations.admin.pages import page
from invocations.flows.access_keys import create_access_key, default_key_is_good, revoke_access_key
from invocations.models import AccessKey

KEYS_SHOWN = 25


@admin.register(AccessKey)
class AccessKeyAdmin(ModelAdmin):  # type: ignore[misc]
    """A list with two verbs. Rows are never edited: a key is active, at rest (by IAM), or revoked for good."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("make/", view(self.make), name="invocations_accesskey_make"),
            path("<int:pk>/revoke/", view(self.revoke), name="invocations_accesskey_revoke"),
            # None of Django's own pages: they would show secrets, and edit what is never edited.
            path("", view(self.changelist_view), name="invocations_accesskey_changelist"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._list(request, None)

    def _list(self, request: HttpRequest, made: AccessKey | None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        before = request.GET.get("before", "")
        rows = AccessKey.objects.select_related("user").order_by("-id")
        if before.isascii() and before.isdigit():
            rows = rows.filter(id__lt=int(before[:18]))
        keys = list(rows[: KEYS_SHOWN + 1])
        context = {
            "keys": keys[:KEYS_SHOWN],
            "older": keys[KEYS_SHOWN - 1].pk if len(keys) > KEYS_SHOWN else None,
            "made": made,
            "may_add": self.has_add_permission(request),
            "may_revoke": self.has_delete_permission(request),
            "users": User.objects.filter(is_active=True).order_by("username")[:200],
            "loopback": settings.LAMBDAPLAY_LOOPBACK,
            "own_account": settings.LAMBDAPLAY_ACCOUNT,
            "default_key": settings.LAMBDAPLAY_ACCESS_KEY_ID,
            "default_good": default_key_is_good(),
        }
        return page(request, "console/access_keys.html", "Access keys", context)

    @method_decorator([require_POST, never_cache])
    def make(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = request.POST.get("user") or str(request.user.pk)
        if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
            raise Http404("No such user.")
        user = get_object_or_404(User, pk=int(asked), is_active=True)
        # A key is as good as its user's name in the records: only an administrator makes one for somebody else.
        if user != request.user and not request.user.is_superuser:
            raise PermissionDenied
        made = create_access_key(user, settings.LAMBDAPLAY_ACCOUNT)
        return self._list(request, made)

    @method_decorator(require_POST)
    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        key = get_object_or_404(AccessKey, pk=pk)
        revoke_access_key(key.key_id)
        messages.success(request, f"{key.key_id} is revoked. Requests signed with it are refused from now on.")
        return HttpResponseRedirect(reverse("admin:invocations_accesskey_changelist"))
