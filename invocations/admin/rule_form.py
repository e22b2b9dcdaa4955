"""Making a bus, a rule with its first target, or one target more; with a live check against a sample event."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from invocations.admin.bus_page import bus_crumbs, newest_event
from invocations.admin.pages import page
from invocations.engines.events import buses, targets
from invocations.engines.events.errors import BusRefusal
from invocations.engines.events.naming import BusName
from invocations.flows import rule_making
from invocations.flows.rule_making import InvalidResult
from invocations.forms import form_sentence, refusal_sentence
from invocations.forms.rules import BusForm, RuleForm, TargetForm
from invocations.models import Bus, Rule
from invocations.values import Scope


def make_bus(request: HttpRequest, scope: Scope) -> tuple[BusForm, Bus | None]:
    """The form with what is wrong, and the bus if nothing is."""
    form = BusForm(request.POST)
    if form.is_valid():
        try:
            made = buses.create(scope, form.cleaned_data["name"], form.cleaned_data["description"], {})
        except BusRefusal as refusal:
            form.add_error("name", refusal_sentence(refusal))
        else:
            messages.success(request, f"{made.name} is there.")
            return form, made
    return form, None


def rule_form_page(request: HttpRequest, bus: Bus) -> HttpResponse:
    """GET: an empty form. POST: make the rule, or with `check` only say what it would do."""
    if request.method != "POST":
        sample = json.dumps(newest_event(bus), indent=2, ensure_ascii=False)
        form = RuleForm(initial={"sample": sample, "pattern": '{"source": ["shop"]}', "enabled": True})
        return _page(request, bus, form, TargetForm(), 200)
    form, target = RuleForm(request.POST), _target_form(request)
    right = form.is_valid() and (target is None or target.is_valid())
    if right and "check" not in request.POST:
        try:
            spec = None if target is None else target.spec()
            permit = target is not None and target.cleaned_data["permit"]
            made = rule_making.make(BusName(bus.scope, bus.name), form.spec(), spec, permit=permit)
        except BusRefusal as refusal:
            form.add_error(None, refusal_sentence(refusal))
        else:
            messages.success(request, f"{made.rule.name} is there. {made.permitted}".strip())
            return HttpResponseRedirect(reverse("admin:invocations_bus_rule", args=[bus.pk, made.rule.pk]))
    checking = "check" in request.POST
    shown = target or TargetForm(initial=request.POST.dict())
    return _page(request, bus, form, shown, 200 if checking else 400, check(bus, form, target) if checking else None)


def _target_form(request: HttpRequest) -> TargetForm | None:
    """None when no target was given: a rule may have none yet."""
    return TargetForm(request.POST) if request.POST.get("arn", "").strip() else None


def _page(
    request: HttpRequest,
    bus: Bus,
    form: RuleForm,
    target: TargetForm,
    status: int,
    checked: dict[str, Any] | None = None,
) -> HttpResponse:
    context = {"bus": bus, "form": form, "target_form": target, "checked": checked}
    return page(request, "console/rule_create.html", f"New rule on {bus.name}", context, bus_crumbs(bus), status)


def rule_check(request: HttpRequest, bus: Bus) -> HttpResponse:
    """A piece of the page: what the rule that is being written makes of the sample event. Nothing is kept."""
    # The name does not matter here, and is often written last.
    form = RuleForm({**request.POST.dict(), "name": request.POST.get("name") or "rule"})
    return TemplateResponse(request, "console/rule_checked.html", {"checked": check(bus, form, _target_form(request))})


def check(bus: Bus, form: RuleForm, target: TargetForm | None) -> dict[str, Any]:
    """The pattern's verdict and what the target would get, or the sentence that says what is wrong."""
    form.is_valid()
    wrong = [str(text) for name in ("pattern", "sample") for text in form.errors.get(name, [])]
    if wrong:
        return {"problems": wrong}
    found: dict[str, Any] = {"problems": [], "verdict": form.verdict()}
    sample = form.cleaned_data.get("sample")
    if target is None or sample is None:
        return found
    if not target.is_valid():
        return {**found, "problems": [form_sentence(target)]}
    return {**found, **_input(bus, target, sample)}


def _input(bus: Bus, target: Form, sample: dict[str, Any]) -> dict[str, Any]:
    assert isinstance(target, TargetForm)
    try:
        return {"input": rule_making.input_of(bus, target.spec(), sample)}
    except BusRefusal as refusal:
        return {"problems": [refusal_sentence(refusal)]}
    except InvalidResult as broken:
        return {"problems": [str(broken)]}


def add_target(request: HttpRequest, rule: Rule) -> tuple[TargetForm, bool]:
    """Add what was filled in; the form with what is wrong, and whether it was added."""
    form = TargetForm(request.POST)
    if form.is_valid():
        try:
            made = rule_making.add_target(rule, form.spec(), permit=form.cleaned_data["permit"])
        except BusRefusal as refusal:
            form.add_error(None, refusal_sentence(refusal))
        else:
            messages.success(request, f"{form.cleaned_data['arn']} gets what it takes. {made.permitted}".strip())
            return form, True
    return form, False


def remove_target(request: HttpRequest, rule: Rule) -> None:
    wanted = request.POST.get("target", "")[:64]
    failed = targets.remove(BusName(rule.bus.scope, rule.bus.name), rule.name, [wanted])
    if failed:
        messages.warning(request, "That target is not there any more.")
    else:
        messages.success(request, f"Target {wanted} gets nothing more.")
