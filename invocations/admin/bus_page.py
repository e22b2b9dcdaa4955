"""One bus: rules, recent events, the forms; and one event with what each rule made of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations import clock
from invocations.admin.pages import Crumb, page, plain, wants_json
from invocations.admin.previews import preview
from invocations.decisions.cron import InvalidSchedule, firings, parse
from invocations.engines.events import browsing
from invocations.forms.buses import SAMPLE, EventForm, PatternForm
from invocations.forms.rules import TargetForm
from invocations.models import Bus, BusEvent, Delivery, Invocation, Rule

ROWS = 25
FIRINGS = 10
PREVIEW_BYTES = 64 * 1024


def buses_crumb() -> Crumb:
    return ("Buses", reverse("admin:invocations_bus_changelist"))


def bus_crumbs(bus: Bus) -> list[Crumb]:
    return [buses_crumb(), (bus.name, reverse("admin:invocations_bus_change", args=[bus.pk]))]


def bus_page(
    request: HttpRequest,
    bus: Bus,
    may_change: bool,
    *,
    event_form: EventForm | None = None,
    pattern_form: PatternForm | None = None,
    status: int = 200,
) -> HttpResponse:
    unmatched = request.GET.get("matched") == "no"
    before = request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    rows = browsing.events(bus, start, ROWS, unmatched)
    older = rows[ROWS - 1].pk if len(rows) > ROWS else None
    rules = list(Rule.objects.filter(bus=bus).prefetch_related("targets").order_by("name"))
    if wants_json(request):
        return JsonResponse(
            {
                "bus": bus.arn,
                "rules": [rule_document(rule) for rule in rules],
                "events": [browsing.document(row) for row in rows[:ROWS]],
                "before": older,
            }
        )
    context = {
        "bus": bus,
        "rules": rules,
        "rows": rows[:ROWS],
        "older": older,
        "newer": start is not None,
        "unmatched": unmatched,
        "may_change": may_change,
        "event_form": event_form or EventForm(),
        "pattern_form": pattern_form or _tester(rows),
        "tried": tried(pattern_form),
        "example": _example(bus),
        "asked": plain(request.GET.get("schedule"), 256),
        "schedule": tried_schedule(plain(request.GET.get("schedule"), 256)),
    }
    return page(request, "console/bus.html", bus.name, context, [buses_crumb()], status)


def newest_event(bus: Bus) -> dict[str, Any]:
    """The event that came last, or a sample when none is kept."""
    rows = browsing.events(bus, most=1)
    found: dict[str, Any] = json.loads(bytes(rows[0].content.body)) if rows else SAMPLE
    return found


def _tester(rows: list[BusEvent], pattern: str = '{"source": ["shop"]}') -> PatternForm:
    """An empty tester, with the newest event to try on."""
    newest = json.loads(bytes(rows[0].content.body)) if rows else SAMPLE
    return PatternForm(initial={"pattern": pattern, "event": json.dumps(newest, indent=2, ensure_ascii=False)})


def tried(form: PatternForm | None) -> dict[str, Any] | None:
    """What a submitted tester found; None when nothing was tried."""
    if form is None or not form.is_bound or not form.is_valid():
        return None
    mismatch = form.mismatch()
    return {"matches": mismatch is None, "why": "" if mismatch is None else str(mismatch)}


def _example(bus: Bus) -> str:
    return f"""aws events put-rule{_on(bus)} --name all --event-pattern '{{"source":[{{"prefix":""}}]}}'"""


def _on(bus: Bus) -> str:
    return "" if bus.name == "default" else f" --event-bus-name {bus.name}"


def tried_schedule(text: str) -> dict[str, Any] | None:
    """What a schedule expression means, or what is wrong with it and where; None when none was asked for."""
    if not text:
        return None
    try:
        return {"firings": firings(parse(text), clock.now(), FIRINGS)}
    except InvalidSchedule as error:
        return {"problem": str(error), "before": text[: error.position], "behind": text[error.position :]}


def next_firings(rule: Rule) -> list[datetime]:
    """The next ten slots of an enabled schedule."""
    if rule.next_at is None:
        return []
    return [rule.next_at, *firings(parse(rule.schedule), rule.next_at, FIRINGS - 1)]


def rule_document(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "arn": rule.arn,
        "state": rule.state,
        "pattern": json.loads(rule.pattern) if rule.pattern else None,
        "schedule": rule.schedule or None,
        "next_firings": [moment.isoformat() for moment in next_firings(rule)],
        "targets": [{"id": target.target_id, "arn": target.arn} for target in rule.targets.all()],
    }


def rule_page(
    request: HttpRequest,
    rule: Rule,
    may_change: bool,
    *,
    pattern_form: PatternForm | None = None,
    target_form: TargetForm | None = None,
    status: int = 200,
) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(rule_document(rule))
    rows = browsing.events(rule.bus, most=200)
    context = {
        "rule": rule,
        "bus": rule.bus,
        "pattern": json.dumps(json.loads(rule.pattern), indent=2, ensure_ascii=False) if rule.pattern else "",
        "targets": list(rule.targets.all()),
        "rows": [row for row in rows if any(one["id"] == rule.pk for one in row.matched)][:ROWS],
        "looked_at": len(rows),
        "may_change": may_change,
        "pattern_form": pattern_form or _tester(rows, rule.pattern),
        "tried": tried(pattern_form),
        "firings": next_firings(rule),
        "missed": list(rule.missed.all()[:ROWS]),
        "target_form": target_form or TargetForm(initial={"target_id": _free_id(rule)}),
        "target_example": f"aws events put-targets{_on(rule.bus)} --rule {rule.name} --targets Id=1,Arn=ARN",
    }
    return page(request, "console/rule.html", rule.name, context, bus_crumbs(rule.bus), status)


def _free_id(rule: Rule) -> str:
    taken = set(rule.targets.values_list("target_id", flat=True))
    return next(str(number) for number in range(1, len(taken) + 2) if str(number) not in taken)


def event_page(request: HttpRequest, bus: Bus | None, pk: int) -> HttpResponse:
    row = BusEvent.objects.filter(bus=bus, pk=pk).select_related("content").first()
    if row is None:
        raise Http404("This event is not remembered any more.")
    body = bytes(row.content.body)
    if wants_json(request):
        return JsonResponse({**browsing.document(row), "event": json.loads(body)})
    matched = {one["id"]: one for one in row.matched}
    reasons = [] if bus is None else browsing.reasons(row, bus)
    context = {
        "row": row,
        "bus": bus,
        "part": preview("event", body, PREVIEW_BYTES),
        "matched": row.matched,
        "reasons": [(rule, why, rule.pk in matched) for rule, why in reasons],
        "deliveries": Delivery.objects.filter(key__in=browsing.keys(row)).order_by("pk"),
        "flow": bool(row.trace_id) and Invocation.objects.filter(trace_id=row.trace_id).exists(),
    }
    crumbs = [buses_crumb()] if bus is None else bus_crumbs(bus)
    return page(request, "console/bus_event.html", f"Event {row.event_id[:8]}", context, crumbs)
