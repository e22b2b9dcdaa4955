"""The page of an asynchronous invocation: its whole life, kept up to date while it has one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from invocations.admin.documents import invocation_document
from invocations.admin.event_drawing import draw
from invocations.admin.event_facts import Event, Fact, read_event
from invocations.admin.pages import invocations_crumb, page, wants_json
from invocations.admin.previews import Preview, preview
from invocations.flows import clock
from invocations.models import Function, Invocation, Payload

PREVIEW_BYTES = 12 * 1024
MAY_STEER = "invocations.change_invocation"


def event_page(request: HttpRequest, row: Invocation) -> HttpResponse:
    """The page; `?part=brief` is its head and time line alone, `?seen=` answers 204 when nothing has changed."""
    event = read_event(row)
    if wants_json(request):
        return JsonResponse(event_document(event))
    if request.GET.get("seen") == event.revision:
        return HttpResponse(status=204)
    context = {
        "row": row,
        "event": event,
        "svg": draw(event.spans, row.condition, [sending for _, sending, _ in event.deliveries], event.real),
        "address": reverse("admin:invocations_invocation_detail", args=[row.request_id]),
        "may_steer": request.user.has_perm(MAY_STEER),
        **stepping(request),
        "may_replay": request.user.has_perm("invocations.change_delivery"),
        "function": Function.objects.filter(account=row.account, region=row.region, name=row.function).first(),
    }
    if request.GET.get("part") == "brief":
        return render(request, "console/event_brief.html", context)
    payload = Payload.objects.filter(pk=row.pk).first()
    chosen = _chosen(request, event)
    context |= {
        "payload": payload,
        "given": None if payload is None else preview("request", bytes(payload.request), PREVIEW_BYTES),
        "chosen": chosen,
        "pinned": "attempt" in request.GET,
        "outputs": [] if chosen is None else _outputs(chosen),
        "arn": f"arn:aws:lambda:{row.region}:{row.account}:function:{row.function}",
    }
    return page(request, "console/event.html", row.request_id[:8], context, [invocations_crumb()])


def stepping(request: HttpRequest) -> dict[str, Any]:
    """What the button needs that advances the clock to when the next wait ends."""
    return {"due": clock.next_due(), "may_step": request.user.has_perm("invocations.change_clockstate")}


def _chosen(request: HttpRequest, event: Event) -> Fact | None:
    """The attempt that the address names, else the last."""
    number = request.GET.get("attempt", "")
    named = next((fact for fact in event.facts if str(fact.attempt.attempt_no) == number), None)
    return named or (event.facts[-1] if event.facts else None)


def _outputs(fact: Fact) -> list[Preview]:
    output = getattr(fact.attempt, "output", None)
    if output is None:
        return []
    return [preview(name, bytes(getattr(output, name)), PREVIEW_BYTES) for name in ("response", "log")]


def event_document(event: Event) -> dict[str, Any]:
    """The page's data. Times in ISO 8601, product time."""
    row = event.row
    document = invocation_document(row, [fact.attempt for fact in event.facts], [fact.sentence for fact in event.facts])
    for attempt, fact in zip(document["attempts"], event.facts, strict=True):
        attempt |= {"error": fact.error or None, "runner": fact.attempt.runner}
    waiting = row.due_at if row.state == Invocation.State.QUEUED else None
    return {
        **document,
        "sentence": event.headline,
        "failures": row.failures,
        "lost": row.lost,
        "possible_duplicates": event.doubtful,
        "policy": {
            "MaximumRetryAttempts": event.policy.max_retries,
            "MaximumEventAgeInSeconds": event.policy.max_age_seconds,
        },
        "waiting": None
        if waiting is None or event.reason is None
        else {"reason": event.reason.words, "due_at": waiting.isoformat()},
        "time_line": [
            {
                "kind": span.kind,
                "what": span.what,
                "start": span.start.isoformat(),
                "end": span.end.isoformat(),
                "attempt_no": span.number or None,
            }
            for span in event.spans
        ],
        "deliveries": [
            {"kind": one.kind, "destination": one.destination, "state": one.state, "tries": one.tries, "sentence": text}
            for one, _, text in event.deliveries
        ],
        "caused_by": row.caused_by or None,
        "caused": [one.request_id for one in event.caused],
        "celery": None if event.task is None else {"task_id": event.task.task_id, "state": event.task.status},
    }
