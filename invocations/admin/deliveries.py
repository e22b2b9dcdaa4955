"""Deliveries: what is on its way to destinations and dead-letter queues, what arrived, what did not."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin

from invocations.admin.pages import back, page, wants_json
from invocations.arns import parse_arn, short_name
from invocations.flows import deliver
from invocations.models import Delivery, DeliveryBody, Invocation

ROWS = 25
REPLAYED = 500  # at once, by one button
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
STATES = {"pending": Delivery.State.PENDING, "sent": Delivery.State.SENT, "undeliverable": Delivery.State.FAILED}
WORDS = {state.value: word for word, state in STATES.items()}


class DeliveryFilter(forms.Form):
    """The filters of the list. Every field is optional; the URL is the form."""

    state = forms.ChoiceField(required=False, choices=[("", "any state"), *((word, word) for word in STATES)])
    kind = forms.ChoiceField(required=False, choices=[("", "any kind"), *((one, one) for one in Delivery.Kind.values)])
    destination = forms.CharField(required=False, max_length=350)
    source = forms.CharField(required=False, max_length=512)
    request_id = forms.CharField(required=False, max_length=36)


@admin.register(Delivery)
class DeliveryAdmin(ModelAdmin):  # type: ignore[misc]
    """A list with one verb. Rows are written by the flows; those that tell of an invocation go with it."""

    actions: ClassVar[Any] = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("replay/", view(self.replay_all), name="invocations_delivery_replay_all"),
            path("<int:pk>/replay/", view(self.replay), name="invocations_delivery_replay"),
            path("<int:pk>/body/", view(self.body), name="invocations_delivery_body"),
            # None of Django's own pages: nothing of a delivery is edited.
            path("", view(self.changelist_view), name="invocations_delivery_changelist"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._must_view(request)
        filters = DeliveryFilter(request.GET)
        filters.is_valid()
        rows = _narrowed(filters)
        before = request.GET.get("before", "")
        if before.isascii() and before.isdigit():
            rows = rows.filter(id__lt=int(before[:18]))
        found = list(rows.select_related("invocation").order_by("-id")[: ROWS + 1])
        shown, older = found[:ROWS], found[ROWS - 1].pk if len(found) > ROWS else None
        if wants_json(request):
            return JsonResponse({"deliveries": [document(row) for row in shown], "older": older})
        query = request.GET.copy()
        for key in ("before", "format"):
            query.pop(key, None)
        context = {
            "filters": filters,
            "filtered": any(filters.cleaned_data.values()),
            "rows": [(row, WORDS[row.state], _place(row.destination), _place(row.source_arn)) for row in shown],
            "older": older,
            "query": query.urlencode(),
            "may_replay": self.has_change_permission(request),
        }
        return page(request, "console/delivery_list.html", "Deliveries", context)

    @method_decorator(require_POST)
    def replay(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        row = get_object_or_404(Delivery, pk=pk)
        if deliver.replay(row.pk):
            messages.success(request, f"The delivery to {row.destination} is tried again now.")
        else:
            messages.warning(
                request, f"The delivery to {row.destination} is {WORDS[row.state]}: nothing to send again."
            )
        return back(request, reverse("admin:invocations_delivery_changelist"))

    @method_decorator(require_POST)
    def replay_all(self, request: HttpRequest) -> HttpResponse:
        """Every undeliverable one that fits the filters of the page, REPLAYED at most."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        filters = DeliveryFilter(request.POST)
        filters.is_valid()
        rows = _narrowed(filters).filter(state=Delivery.State.FAILED).order_by("id")
        found = list(rows.values_list("pk", flat=True)[: REPLAYED + 1])
        count = sum(deliver.replay(pk) for pk in found[:REPLAYED])
        more = f" There are more: the first {REPLAYED} were taken." if len(found) > REPLAYED else ""
        messages.success(request, f"{count} deliveries are tried again now.{more}")
        return back(request, reverse("admin:invocations_delivery_changelist"))

    @method_decorator(require_GET)
    def body(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bytes as they are sent, as a download: never shown as a page of this server."""
        self._must_view(request)
        row = get_object_or_404(Delivery.objects.select_related("invocation"), pk=pk)
        content = DeliveryBody.objects.filter(pk=row.pk).first()
        if content is None:
            raise Http404("What was sent is not kept any more: it is older than LAMBDAPLAY_KEEP_PAYLOADS_DAYS.")
        name = _UNSAFE.sub("-", f"{row.key}.json" if row.invocation is None else _record_name(row.invocation, row.kind))
        return HttpResponse(
            bytes(content.body),
            content_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _place(target: str) -> tuple[str, str]:
    """Service and name of an ARN; a URL is its own name."""
    arn = parse_arn(target)
    return ("" if arn is None else arn.service), short_name(target)


def _record_name(invocation: Invocation, kind: str) -> str:
    return f"{invocation.function}-{invocation.request_id}-{kind}.json"


def document(row: Delivery) -> dict[str, object]:
    """A delivery as JSON."""
    return {
        "id": row.pk,
        "request_id": None if row.invocation is None else row.invocation.request_id,
        "source": row.source_arn or None,
        "caused_by": row.caused_by or None,
        "kind": row.kind,
        "destination": row.destination,
        "state": WORDS[row.state],
        "tries": row.tries,
        "created_at": row.created_at.isoformat(),
        "due_at": row.due_at.isoformat() if row.state == Delivery.State.PENDING else None,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "last_error": row.last_error,
    }


def _narrowed(filters: DeliveryFilter) -> QuerySet[Delivery]:
    rows = Delivery.objects.all()
    given = filters.cleaned_data
    if given.get("state"):
        rows = rows.filter(state=STATES[given["state"]])
    if given.get("destination"):
        rows = rows.filter(destination__contains=given["destination"].strip())
    if given.get("kind"):
        rows = rows.filter(kind=given["kind"])
    if given.get("source"):
        rows = rows.filter(source_arn__contains=given["source"].strip())
    if given.get("request_id"):
        rows = rows.filter(caused_by__startswith=given["request_id"].strip())
    return rows
