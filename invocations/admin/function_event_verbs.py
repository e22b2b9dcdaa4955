"""What can be done on the tab on asynchronous invocation."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from invocations.admin.function_verbs import submit
from invocations.errors import ResourceNotFound
from invocations.flows import event_invoke_config, functions, recursion
from invocations.flows.functions import ConfigurationChanges
from invocations.forms.asynchronous import DeadLetterForm, EventInvokeForm, RecursionForm
from invocations.models import Function

TAB = "events"


def save_event_config(request: HttpRequest, function: Function) -> HttpResponse:
    """Set exactly what the form says; an empty form ends the qualifier's configuration."""
    form = EventInvokeForm(request.POST)

    def save() -> str:
        qualifier, settings = form.cleaned_data["qualifier"], form.settings()
        if settings is not None:
            event_invoke_config.put(function.scope, function.name, qualifier, settings)
            return f"Events of {qualifier} are treated so from now on, those that wait too."
        try:
            event_invoke_config.delete(function.scope, function.name, qualifier)
        except ResourceNotFound:
            return f"{qualifier} has the defaults, as before."
        return f"{qualifier} has the defaults again."

    return submit(request, function, TAB, "event_form", form, save)


def save_dead_letter(request: HttpRequest, function: Function) -> HttpResponse:
    form = DeadLetterForm(request.POST)

    def save() -> str:
        target = form.cleaned_data["target"]
        functions.update_configuration(function.scope, function.name, ConfigurationChanges(dead_letter_arn=target))
        return "The dead-letter queue is set." if target else "There is no dead-letter queue now."

    return submit(request, function, TAB, "dead_letter_form", form, save)


def save_recursion(request: HttpRequest, function: Function) -> HttpResponse:
    form = RecursionForm(request.POST)

    def save() -> str:
        loop = recursion.put_recursion(function.scope, function.name, form.cleaned_data["loop"])
        return "Loops are stopped." if loop == "Terminate" else "Loops may go on."

    return submit(request, function, TAB, "recursion_form", form, save)
