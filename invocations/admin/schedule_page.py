"""One schedule: when it fires, what it sends and to whom, what was missed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations import clock
from invocations.admin.pages import Crumb, page, wants_json
from invocations.decisions.cron import InvalidSchedule
from invocations.decisions.schedule_times import Timing, read, upcoming, zone_named
from invocations.engines.scheduler import browsing
from invocations.engines.scheduler.checking import zone_of
from invocations.models import Delivery, Schedule

ROWS = 25


def schedules_crumb() -> Crumb:
    return ("Schedules", reverse("admin:invocations_schedule_changelist"))


def schedule_page(request: HttpRequest, row: Schedule, may_change: bool) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({**browsing.document(row), "definition": row.target})
    context = {
        "row": row,
        "may_change": may_change,
        "firings": [(moment, _local(slot, row.zone)) for slot, moment in browsing.next_firings(row)],
        "missed": list(row.missed.all()[:ROWS]),
        "deliveries": Delivery.objects.filter(source_arn=row.arn, kind=Delivery.Kind.SCHEDULE).order_by("-pk")[:ROWS],
        "letters": (row.target.get("DeadLetterConfig") or {}).get("Arn"),
        "policy": row.target["RetryPolicy"],
        "parameters": row.target.get("SqsParameters") or row.target.get("EventBridgeParameters") or {},
    }
    return page(request, "console/schedule.html", row.name, context, [schedules_crumb()])


def _local(slot: datetime, zone: str) -> str:
    return f"{slot.astimezone(zone_of(zone)):%Y-%m-%d %H:%M:%S} {zone}"


def tried(text: str, zone: str) -> dict[str, Any] | None:
    """What an expression means in a zone, or what is wrong with it and where; None when none was asked for."""
    if not text:
        return None
    known = zone_named(zone)
    if known is None:
        return {"problem": f"{zone} is no time zone of the IANA database", "before": text, "behind": ""}
    try:
        now = clock.now()
        timing = Timing(read(text), known, anchor=now)
        return {"firings": upcoming(timing, timing.first(now), browsing.FIRINGS)}
    except InvalidSchedule as error:
        return {"problem": str(error), "before": text[: error.position], "behind": text[error.position :]}
