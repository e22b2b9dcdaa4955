"""Clock: what time is it here? Its mode, how far it is ahead, and the buttons that steer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from invocations.admin.pages import back, page, wants_json
from invocations.decisions.product_time import FROZEN, REAL, SCALED, BadSteering, span_seconds
from invocations.decisions.units import lead_text
from invocations.errors import LambdaplayError
from invocations.flows import clock
from invocations.forms import refusal_sentence

MAY_SEE, MAY_STEER = "invocations.view_clockstate", "invocations.change_clockstate"

STEPS = (("10s", "10 s"), ("1m", "1 min"), ("5m", "5 min"), ("1h", "1 h"), ("6h", "6 h"), ("1d", "1 day"))
STEP_TO_NEXT = "next"  # of the button; everybody may write it in the field, too
NOTHING_WAITS = "Nothing waits on the clock."


@require_safe
@never_cache
def clock_page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(MAY_SEE):
        raise PermissionDenied
    context = _context(request)
    if wants_json(request):
        return JsonResponse(context["document"])
    if request.GET.get("part") == "face":
        return render(request, "console/clock_face.html", context)
    return page(request, "console/clock.html", "Clock", {**context, "steps": STEPS, "curl": _curl()})


@require_POST
@never_cache
def steer(request: HttpRequest) -> HttpResponse:
    """Take one button of the page: a mode (with a factor), or an advance."""
    if not request.user.has_perm(MAY_STEER):
        raise PermissionDenied
    try:
        messages.success(request, _steer(request.POST))
    except BadSteering as trouble:
        messages.error(request, str(trouble))
    except LambdaplayError as trouble:
        messages.error(request, refusal_sentence(trouble))
    return back(request, reverse("clock"))


def _steer(fields: Mapping[str, Any]) -> str:
    """Do it, and say what was done. Raises BadSteering."""
    if "advance" in fields:
        if fields["advance"] == STEP_TO_NEXT:
            return _step()
        seconds = span_seconds(str(fields["advance"]))
        clock.advance(seconds)
        return f"The clock was advanced by {seconds:,.3f}".rstrip("0").rstrip(".") + " s. What became due starts now."
    mode = str(fields.get("mode", ""))
    clock.set_mode(mode, _factor(str(fields.get("factor", ""))) if mode == SCALED else None)
    return {
        REAL: "The clock follows real time again; it keeps what it was advanced by.",
        SCALED: "The clock runs scaled.",
        FROZEN: "The clock stands still. Nothing that waits becomes due until it is advanced or runs again.",
    }[mode]


def _step() -> str:
    reading = clock.step()
    if reading is None:
        raise BadSteering(NOTHING_WAITS)
    return f"It is {reading.now:%H:%M:%S} UTC now, when the next wait ended. What became due starts now."


def _curl() -> str:
    place = f"{settings.LAMBDAPLAY_URL}/_lambdaplay/clock"
    return f"""curl -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -d '{{"advance_seconds": 5400}}' {place}"""


def _factor(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise BadSteering(f"{text[:40]!r} is no factor; it is a number, for example 60.") from None


def _context(request: HttpRequest) -> dict[str, Any]:
    reading = clock.state()
    due = clock.next_due()
    return {
        "reading": reading,
        "offset": lead_text(reading.offset_seconds),
        "due": due,
        "may_steer": request.user.has_perm(MAY_STEER),
        "document": {
            "mode": reading.mode,
            "factor": reading.factor,
            "now": reading.now.isoformat(),
            "offset_seconds": reading.offset_seconds,
            "next_due": None if due is None else due.isoformat(),
        },
    }
