"""One queue: counts, messages, the send form; and one message."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations.admin.pages import Crumb, page, wants_json
from invocations.admin.previews import preview
from invocations.engines.sqs import attributes, browsing, queues
from invocations.forms.queues import RedriveForm, SendForm
from invocations.models import Message, MoveTask, Queue

ROWS = 25
DEAD = "dead"
SHOWN = 80  # characters of a body in the list
PREVIEW_BYTES = 64 * 1024


def queues_crumb() -> Crumb:
    return ("Queues", reverse("admin:invocations_queue_changelist"))


def queue_page(
    request: HttpRequest,
    queue: Queue,
    may_change: bool = True,
    form: SendForm | None = None,
    redrive_form: RedriveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    target = _target(queue)
    asked = request.GET.get("state", "")
    state = asked if asked in browsing.STATES or (asked == DEAD and target) else None
    after = request.GET.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    if target is not None and state == DEAD:
        rows = browsing.dead(queue, target, start, ROWS)
    else:
        rows = browsing.messages(queue, state, start, ROWS)
    older = rows[ROWS - 1].pk if len(rows) > ROWS else None
    counts = queues.counts(queue)
    if wants_json(request):
        documents = [browsing.document(queue, row) for row in rows[:ROWS]]
        return JsonResponse({"queue": attributes.written(queue), "messages": documents, "after": older})
    sources = queues.sources_of(queue, most=20)
    context = {
        "queue": queue,
        "counts": counts,
        "messages_shown": [_line(row) for row in rows[:ROWS]],
        "state": state or "",
        "tabs": _tabs(queue, target, counts, state or ""),
        "holder": target if state == DEAD else queue,
        "older": older,
        "newer": bool(start),
        "form": form or SendForm(),
        "may_change": may_change,
        "facts": attributes.written(queue),
        "sources": sources,
        "dead_letter_queue": target,
        "redrive_form": redrive_form or RedriveForm(),
        "task": MoveTask.objects.filter(source_arn=queue.arn).first() if sources else None,
    }
    return page(request, "console/queue.html", queue.name, context, [queues_crumb()], status)


def _tabs(queue: Queue, target: Queue | None, counts: queues.Counts, state: str) -> list[tuple[str, str, int, bool]]:
    """What the browser shows: (state, word, how many, whether it is the one shown)."""
    here = (counts.visible, counts.in_flight, counts.delayed)
    found = [("", "all", sum(here)), *((name, name, count) for name, count in zip(browsing.STATES, here, strict=True))]
    if target is not None:
        found.append((DEAD, f"dead, in {target.name}", browsing.dead_count(queue, target)))
    return [(name, word, count, name == state) for name, word, count in found]


def _target(queue: Queue) -> Queue | None:
    if not queue.redrive_target:
        return None
    return Queue.objects.within(queue.scope).filter(name=queue.redrive_target.rpartition(":")[2]).first()


def _line(row: Message) -> dict[str, Any]:
    body = " ".join(row.content.body[: SHOWN * 4].split())
    return {
        "row": row,
        "state": browsing.state_of(row),
        "sent": browsing.moment(row.sent_ms),
        "visible": browsing.moment(row.visible_ms),
        "body": body if len(body) <= SHOWN else body[: SHOWN - 1] + "…",
    }


def message_page(request: HttpRequest, queue: Queue, pk: int) -> HttpResponse:
    """One message. Looking at it receives nothing."""
    row = browsing.message(queue, pk)
    if row is None:
        raise Http404("This message is no longer in the queue.")
    if wants_json(request):
        return JsonResponse(browsing.document(queue, row))
    context = {
        "queue": queue,
        **_line(row),
        "first": browsing.moment(row.first_received_ms),
        "part": preview("body", row.content.body.encode(), PREVIEW_BYTES),
        "attributes": row.content.attributes,
    }
    crumbs = [queues_crumb(), (queue.name, reverse("admin:invocations_queue_change", args=[queue.pk]))]
    return page(request, "console/queue_message.html", row.message_id[:8], context, crumbs)
