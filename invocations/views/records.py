"""`/_lambdaplay/invocations/<request id>`: what became of one invocation, for programs and checks."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_celery_results.models import TaskResult

from invocations import task_results
from invocations.models import Invocation
from invocations.views.access import AnotherSite, WrongKey, basic_key

_ID = re.compile(r"[0-9A-Za-z-]{1,36}")


@never_cache
@require_safe
def record(request: HttpRequest, request_id: str) -> HttpResponse:
    """JSON with HTTP Basic; an account sees its own invocations only."""
    try:
        key = basic_key(request)
    except (WrongKey, AnotherSite):
        key = None
    if key is None:
        return _unauthorized()
    # Celery's part first: what is read first is older, and the messenger must not seem to be ahead of the event.
    told = _messenger(request_id) if _ID.fullmatch(request_id) else None
    known = Invocation.objects.filter(account=key.account, request_id=request_id)
    row = known.first() if _ID.fullmatch(request_id) else None
    if row is None:
        message = f"There is no invocation {request_id} in account {key.account}."
        return JsonResponse({"error": "NotFound", "message": message}, status=404)
    return JsonResponse(_document(row, told))


def _unauthorized() -> JsonResponse:
    answer = {"error": "Unauthorized", "message": "Send an access key and its secret with HTTP Basic."}
    return JsonResponse(answer, status=401, headers={"WWW-Authenticate": 'Basic realm="lambdaplay", charset="UTF-8"'})


def _document(row: Invocation, told: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "request_id": row.request_id,
        "function": row.function,
        "qualifier": row.qualifier or None,
        "type": row.invocation_type,
        "state": row.state,
        "condition": row.condition,
        "attempts": [
            {
                "attempt_no": attempt.attempt_no,
                "started_at": _time(attempt.started_at),
                "ended_at": _time(attempt.ended_at),
                "outcome": attempt.outcome,
            }
            for attempt in row.attempts.all()
        ],
        "deliveries": [
            {
                "destination": delivery.destination,
                "kind": delivery.kind,
                "state": delivery.state,
                "tries": delivery.tries,
            }
            for delivery in row.deliveries.all()
        ],
        "celery": told,
    }


def _messenger(request_id: str) -> dict[str, Any] | None:
    """What Celery stored of the event's task, whose id is the request id. A synchronous invocation has none."""
    stored = TaskResult.objects.filter(task_id=request_id).first()
    if stored is None:
        return None
    return {"task_id": request_id, "state": stored.status, "retries": task_results.retries_of(stored)}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
