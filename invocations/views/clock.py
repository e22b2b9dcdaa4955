"""`/_lambdaplay/clock`: read and steer product time, for programs and checks."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from invocations.decisions.product_time import BadSteering, checked_advance, checked_factor, checked_mode
from invocations.errors import Refusal
from invocations.flows.clock import ClockReading, set_mode, state
from invocations.views.access import AnotherSite, WrongKey, basic_key

MEMBERS = ("mode", "factor", "advance_seconds")


@csrf_exempt  # only a key in the header opens it, never a session
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def clock_view(request: HttpRequest) -> HttpResponse:
    """GET, or POST of any subset of {"mode", "factor", "advance_seconds"}; both answer with the clock's state."""
    try:
        key = basic_key(request)
    except (WrongKey, AnotherSite):
        key = None
    if key is None:
        return _refused(401, "Unauthorized", "Send an access key and its secret with HTTP Basic.")
    if request.method != "POST":
        return JsonResponse(document(state()))
    try:
        return JsonResponse(document(set_mode(**_change(request.body))))
    except RequestDataTooBig:
        return _refused(413, "BadRequest", "The body is far larger than any change of the clock.")
    except BadSteering as trouble:
        return _refused(400, "BadRequest", str(trouble))
    except Refusal as trouble:
        return _refused(trouble.status, trouble.code, trouble.message)


def _change(body: bytes) -> dict[str, Any]:
    """Read the body into what `set_mode` takes. Raises BadSteering."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise BadSteering("The body is no JSON.") from None
    if not isinstance(asked, dict):
        raise BadSteering(f"The body is a JSON object with any of {', '.join(MEMBERS)}.")
    unknown = [name for name in asked if name not in MEMBERS]
    if unknown:
        raise BadSteering(f"The clock has no {unknown[0][:40]!r}; it has {', '.join(MEMBERS)}.")
    checks = {"mode": checked_mode, "factor": checked_factor, "advance_seconds": checked_advance}
    return {name: checks[name](value) for name, value in asked.items()}


def document(reading: ClockReading) -> dict[str, Any]:
    """The contract's members: `now` in ISO 8601 with its zone, `offset_seconds` = product minus real time."""
    factor = int(reading.factor) if reading.factor.is_integer() else reading.factor
    return {
        "mode": reading.mode,
        "factor": factor,
        "now": reading.now.isoformat(timespec="microseconds"),
        "offset_seconds": reading.offset_seconds,
    }


def _refused(status: int, code: str, sentence: str) -> JsonResponse:
    answer = JsonResponse({"error": code, "message": sentence}, status=status)
    if status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="lambdaplay", charset="UTF-8"'
    return answer
