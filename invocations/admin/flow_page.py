"""The page of a flow: everything that one event set going, in functions, queues and destinations."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from invocations.admin.flow_drawing import DRAWN, draw_flow
from invocations.admin.flow_facts import Flow, Step, read_flow
from invocations.admin.pages import invocations_crumb, page, wants_json

MAY_SEE = "invocations.view_invocation"
_TRACE = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


@require_safe
def flow_view(request: HttpRequest, trace_id: str) -> HttpResponse:
    if not request.user.has_perm(MAY_SEE):
        raise PermissionDenied
    flow = read_flow(trace_id) if _TRACE.fullmatch(trace_id) else None
    if flow is None:
        raise Http404("No invocation of this trace is kept.")
    if wants_json(request):
        return JsonResponse(flow_document(flow))
    context = {
        "flow": flow,
        "svg": draw_flow(flow),
        "undrawn": max(0, len(flow.steps) - DRAWN),
        "address": reverse("flow", args=[trace_id]),
        "indents": [(step, step.depth * 1.25) for step in flow.steps],
    }
    return page(request, "console/flow.html", f"Flow {trace_id[2:10]}", context, [invocations_crumb()])


def flow_document(flow: Flow) -> dict[str, Any]:
    """The page's data. Times in ISO 8601, product time."""
    return {
        "trace_id": flow.trace_id,
        "begun": flow.begun.isoformat(),
        "over": flow.over,
        "more": flow.more,
        "steps": [_document(step) for step in flow.steps],
    }


def _document(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "what": step.what,
        "place": step.place,
        "from": step.source or None,
        "state": step.state,
        "depth": step.depth,
        "start": step.start.isoformat(),
        "end": step.end.isoformat(),
        "request_id": step.request_id or None,
        "message_id": step.message.message_id if step.message else None,
        "destination": step.delivery.destination if step.delivery else None,
    }
