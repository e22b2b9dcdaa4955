"""What the buttons of bus and rule pages do. Each says what it did, or why not, and leads back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invocations.admin import rule_form
from invocations.admin.bus_page import bus_page, buses_crumb, rule_page
from invocations.admin.callers import console_caller
from invocations.admin.pages import page
from invocations.engines.events import buses, publishing, rules, scheduling, targets
from invocations.engines.events.errors import BusRefusal
from invocations.engines.events.naming import BusName
from invocations.engines.events.publishing import Sender
from invocations.forms import refusal_sentence
from invocations.forms.buses import EventForm, PatternForm
from invocations.models import Bus, Rule


def _to_bus(bus: Bus) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:invocations_bus_change", args=[bus.pk]))


def _to_rule(rule: Rule) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:invocations_bus_rule", args=[rule.bus_id, rule.pk]))


def _named(bus: Bus) -> BusName:
    return BusName(bus.scope, bus.name)


def put(request: HttpRequest, bus: Bus) -> HttpResponse:
    form = EventForm(request.POST)
    if not form.is_valid():
        return bus_page(request, bus, True, event_form=form, status=400)
    try:
        sender = Sender(bus.scope, console_caller(request, bus.scope).arn)
        result = publishing.put([form.entry(bus.arn)], sender)[0]
    except BusRefusal as refusal:
        form.add_error(None, refusal_sentence(refusal))
        return bus_page(request, bus, True, event_form=form, status=400)
    if result.code:
        form.add_error(None, f"{result.code}: {result.message}")
        return bus_page(request, bus, True, event_form=form, status=400)
    messages.success(request, f"Put: event {result.event_id}.")
    return _to_bus(bus)


def test_pattern(request: HttpRequest, bus: Bus) -> HttpResponse:
    form = PatternForm(request.POST)
    return bus_page(request, bus, True, pattern_form=form, status=200 if form.is_valid() else 400)


def delete(request: HttpRequest, bus: Bus) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        try:
            buses.delete(_named(bus))
        except BusRefusal as refusal:
            problem = refusal_sentence(refusal)
        else:
            messages.success(request, f"{bus.name} is deleted.")
            return HttpResponseRedirect(reverse("admin:invocations_bus_changelist"))
    context = {"bus": bus, "rules": bus.rules.count(), "problem": problem}
    status = 400 if problem else 200
    return page(request, "console/bus_delete.html", f"Delete {bus.name}", context, [buses_crumb()], status)


def test_rule(request: HttpRequest, rule: Rule) -> HttpResponse:
    form = PatternForm(request.POST)
    return rule_page(request, rule, True, pattern_form=form, status=200 if form.is_valid() else 400)


def save_pattern(request: HttpRequest, rule: Rule) -> HttpResponse:
    """Take the pattern that was tried for the rule's own."""
    form = PatternForm(request.POST)
    if not form.is_valid():
        return rule_page(request, rule, True, pattern_form=form, status=400)
    text = form.cleaned_data["pattern"]
    return _told(request, rule, lambda: rules.change_pattern(rule, text), "The rule has its new pattern.")


def fire(request: HttpRequest, rule: Rule) -> HttpResponse:
    """Fire a schedule once more; its slots stay."""
    return _told(request, rule, lambda: scheduling.fire_now(rule), f"{rule.name} was fired.")


def enable(request: HttpRequest, rule: Rule) -> HttpResponse:
    act = rules.switch
    return _told(
        request, rule, lambda: act(_named(rule.bus), rule.name, Rule.State.ENABLED), f"{rule.name} is enabled."
    )


def disable(request: HttpRequest, rule: Rule) -> HttpResponse:
    act = rules.switch
    return _told(
        request, rule, lambda: act(_named(rule.bus), rule.name, Rule.State.DISABLED), f"{rule.name} is disabled."
    )


def delete_rule(request: HttpRequest, rule: Rule) -> HttpResponse:
    """Delete a rule and its targets; the page has asked."""
    named = _named(rule.bus)
    try:
        ids = [target.target_id for target in rule.targets.all()]
        targets.remove(named, rule.name, ids)
        rules.delete(named, rule.name)
    except BusRefusal as refusal:
        messages.error(request, refusal_sentence(refusal))
        return _to_rule(rule)
    messages.success(request, f"{rule.name} is deleted.")
    return _to_bus(rule.bus)


def add_target(request: HttpRequest, rule: Rule) -> HttpResponse:
    form, added = rule_form.add_target(request, rule)
    return _to_rule(rule) if added else rule_page(request, rule, True, target_form=form, status=400)


def remove_target(request: HttpRequest, rule: Rule) -> HttpResponse:
    rule_form.remove_target(request, rule)
    return _to_rule(rule)


def _told(request: HttpRequest, rule: Rule, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
        messages.success(request, said)
    except BusRefusal as refusal:
        messages.error(request, refusal_sentence(refusal))
    return _to_rule(rule)
