"""Waiting room: what will happen next? Events that wait, events that run, and the two verbs of an operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from invocations import clock
from invocations.admin.event_facts import waiting_words
from invocations.admin.event_page import MAY_STEER, stepping
from invocations.admin.event_spans import reason_of
from invocations.admin.pages import page, wants_json
from invocations.flows import waiting
from invocations.flows.policies import policy_of
from invocations.models import Attempt, Delivery, Invocation
from invocations.values import Scope

ROWS = 25
MAY_SEE = "invocations.view_invocation"
State = Invocation.State
REASONS = {
    "new": Q(claim_no=0),
    "retry": Q(failures__gt=0, deferrals=0),
    "deferred": Q(deferrals__gt=0),
    "lost": Q(lost__gt=0),
}


class WaitingFilter(forms.Form):
    """The filters of the waiting room. Every field is optional; the URL is the form."""

    function = forms.CharField(required=False, max_length=64)
    reason = forms.ChoiceField(
        required=False,
        choices=[
            ("", "any reason"), ("new", "queued, not tried yet"), ("retry", "retry"),
            ("deferred", "throttled or deferred"), ("lost", "lost runner"),
        ],
    )  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One event of the room."""

    row: Invocation
    attempts: int
    reason: str
    sentence: str


def places() -> list[URLPattern]:
    """To be put into the admin's addresses below `invocations/invocation/`."""
    view = admin.site.admin_view
    return [
        path("<uuid:request_id>/run-now/", view(run_now), name="invocations_waiting_run_now"),
        path("<uuid:request_id>/cancel/", view(cancel), name="invocations_waiting_cancel"),
    ]


@require_safe
def waiting_room(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(MAY_SEE):
        raise PermissionDenied
    filters = WaitingFilter(request.GET)
    filters.is_valid()
    now = clock.now()
    rows, following = _page(_narrowed(filters), request.GET)
    lines = _lines(rows, now)
    running = _lines(list(_running(filters)[:ROWS]), now)
    figures = waiting.figures()
    if wants_json(request):
        return JsonResponse(
            {"waiting": [_document(one) for one in lines], "running": [_document(one) for one in running],
             "count": figures.waiting, "next": following}
        )  # fmt: skip
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "filters": filters,
        "filtered": any(filters.cleaned_data.values()),
        "lines": lines,
        "running": running,
        "figures": figures,
        "counted": waiting.COUNTED,
        "following": following,
        "query": query.urlencode(),
        "now": now,
        "may_steer": request.user.has_perm(MAY_STEER),
        **stepping(request),
        "deliveries": _deliveries() if request.user.has_perm("invocations.view_delivery") else [],
        "may_replay": request.user.has_perm("invocations.change_delivery"),
        "example": "aws lambda invoke --function-name hello --invocation-type Event /dev/stdout",
    }
    return page(request, "console/waiting.html", "Waiting room", context)


@require_POST
def run_now(request: HttpRequest, request_id: object) -> HttpResponse:
    return _verb(request, str(request_id), waiting.run_now)


@require_POST
def cancel(request: HttpRequest, request_id: object) -> HttpResponse:
    return _verb(request, str(request_id), waiting.cancel)


def _verb(request: HttpRequest, request_id: str, verb: Callable[[str], waiting.Happened]) -> HttpResponse:
    if not request.user.has_perm(MAY_STEER):
        raise PermissionDenied
    happened = verb(request_id)
    (messages.success if happened.done else messages.warning)(request, happened.sentence)
    if request.POST.get("next") == "event":
        return HttpResponseRedirect(reverse("admin:invocations_invocation_detail", args=[request_id]))
    return HttpResponseRedirect(reverse("waiting"))


def _narrowed(filters: WaitingFilter) -> QuerySet[Invocation]:
    rows = Invocation.objects.filter(state=State.QUEUED)
    given = filters.cleaned_data
    if given.get("function"):
        rows = rows.filter(function=given["function"])
    return rows.filter(REASONS[given["reason"]]) if given.get("reason") else rows


def _running(filters: WaitingFilter) -> QuerySet[Invocation]:
    rows = Invocation.objects.filter(state=State.RUNNING).order_by("lease_until")
    named = filters.cleaned_data.get("function")
    return rows.filter(function=named) if named else rows


def _deliveries() -> list[Delivery]:
    """The deliveries that are due next; all of them are on their own page."""
    rows = Delivery.objects.filter(state=Delivery.State.PENDING).select_related("invocation")
    return list(rows.order_by("due_at", "id")[:ROWS])


def _page(rows: QuerySet[Invocation], query: QueryDict) -> tuple[list[Invocation], str | None]:
    """The next to be due first. The key is due time and id, so that what is due meanwhile shifts nothing."""
    after = _key(query.get("after", ""))
    if after is not None:
        due, pk = after
        rows = rows.filter(Q(due_at__gt=due) | Q(due_at=due, id__gt=pk), due_at__gte=due)
    found = list(rows.order_by("due_at", "id")[: ROWS + 1])
    shown = found[:ROWS]
    last = shown[-1] if len(found) > ROWS else None
    key = None if last is None or last.due_at is None else f"{last.due_at.isoformat()},{last.pk}"
    return shown, key


def _key(text: str) -> tuple[datetime, int] | None:
    moment, _, number = text.partition(",")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    try:
        due = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if due.tzinfo is None else (due, int(number))


def _lines(rows: Sequence[Invocation], now: datetime) -> list[Line]:
    attempts: dict[int, list[Attempt]] = {}
    for attempt in Attempt.objects.filter(invocation__in=[row.pk for row in rows]).order_by("id"):
        attempts.setdefault(attempt.invocation_id, []).append(attempt)
    policies = {
        key: policy_of(key[2], Scope(key[0], key[1]), key[3])
        for key in {(row.account, row.region, row.function, row.qualifier) for row in rows}
    }
    lines = []
    for row in rows:
        policy, made = policies[row.account, row.region, row.function, row.qualifier], attempts.get(row.pk, [])
        if row.state == State.QUEUED:
            reason = reason_of(row, made, policy)
            lines.append(Line(row, len(made), reason.words, waiting_words(row, reason, policy, now)))
        else:
            lines.append(Line(row, len(made), "running", ""))
    return lines


def _document(line: Line) -> dict[str, Any]:
    row = line.row
    return {
        "request_id": row.request_id,
        "function": row.function,
        "qualifier": row.qualifier or None,
        "reason": line.reason,
        "sentence": line.sentence or None,
        "attempts": line.attempts,
        "accepted_at": row.accepted_at.isoformat(),
        "due_at": None if row.due_at is None else row.due_at.isoformat(),
    }
