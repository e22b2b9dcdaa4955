"""The tab on asynchronous invocation: retries and destinations per qualifier, the dead-letter queue, recursion."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from invocations.forms.asynchronous import DeadLetterForm, EventInvokeForm, RecursionForm
from invocations.models import Function, FunctionVersion
from invocations.values import LATEST

SHOWN = 100  # qualifiers on one page


def events_context(request: HttpRequest, function: Function, latest: FunctionVersion) -> dict[str, Any]:
    """What the tab shows; `?qualifier=` chooses whose settings stand in the form."""
    configs = {config.qualifier: config for config in function.event_invoke_configs.all()[:SHOWN]}
    qualifier = request.GET.get("qualifier", LATEST)[:128]
    return {
        "configs": list(configs.values()),
        "event_form": EventInvokeForm(initial=EventInvokeForm.initial_of(qualifier, configs.get(qualifier))),
        "dead_letter_form": DeadLetterForm(initial={"target": latest.dead_letter_arn}),
        "recursion_form": RecursionForm(initial={"loop": function.recursive_loop}),
        "qualifiers": _qualifiers(function),
    }


def _qualifiers(function: Function) -> list[str]:
    aliases = function.aliases.values_list("name", flat=True)[:SHOWN]
    versions = function.versions.exclude(version=LATEST).order_by("-id").values_list("version", flat=True)[:SHOWN]
    return [LATEST, *aliases, *versions]
