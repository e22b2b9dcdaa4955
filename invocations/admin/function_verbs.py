"""What can be done to a function from its page. Every change goes through the flows; refusals become sentences."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from invocations.admin.function_page import address, function_page
from invocations.admin.pages import functions_crumb, page, plain
from invocations.errors import LambdaplayError
from invocations.flows import aliases, concurrency, functions, provisioning, versions
from invocations.forms import (
    AliasForm,
    CodeForm,
    ConcurrencyForm,
    ConfigurationForm,
    ProvisionedForm,
    PublishForm,
    TestEventForm,
    form_sentence,
    refusal_sentence,
)
from invocations.forms.code_saving import save_source
from invocations.models import Function, Payload
from invocations.models import TestEvent as StoredEvent


def save_code(request: HttpRequest, function: Function) -> HttpResponse:
    """Save the editor's text (htmx: answer with a line) or an uploaded package (answer with the page)."""
    form = CodeForm(request.POST, request.FILES)
    problem, saved = "", None
    if form.is_valid():
        try:
            saved = save_source(function, form, request.POST.get("base", ""))
        except ValidationError as error:
            problem = " ".join(error.messages)
        except LambdaplayError as error:
            problem = refusal_sentence(error)
    else:
        problem = form_sentence(form)
    if request.headers.get("HX-Request"):
        context = {"saved": saved, "problem": problem}
        return render(request, "console/code_saved.html", context, status=400 if problem else 200)
    if problem:
        return function_page(request, function, "test", {"code_problem": problem}, 400)
    messages.success(request, "The code is saved.")
    return HttpResponseRedirect(address(function))


def save_configuration(request: HttpRequest, function: Function) -> HttpResponse:
    form = ConfigurationForm(request.POST)

    def save() -> str:
        functions.update_configuration(function.scope, function.name, form.changes())
        return "The configuration is saved. Environments of the old one end; the next call starts in a new one."

    return submit(request, function, "configuration", "configuration_form", form, save)


def save_concurrency(request: HttpRequest, function: Function) -> HttpResponse:
    form = ConcurrencyForm(request.POST)

    def save() -> str:
        reserved = form.cleaned_data["reserved"]
        if reserved is None:
            concurrency.delete_concurrency(function.scope, function.name)
            return "The function has no reserved concurrency now."
        concurrency.put_concurrency(function.scope, function.name, reserved)
        return f"{reserved} concurrent executions are reserved." if reserved else "Every call is throttled now."

    return submit(request, function, "configuration", "concurrency_form", form, save)


def publish(request: HttpRequest, function: Function) -> HttpResponse:
    form = PublishForm(request.POST)

    def save() -> str:
        before = function.versions.count()
        made = versions.publish_version(
            function.scope, function.name, description=form.cleaned_data["description"] or None
        )
        if function.versions.count() == before:
            return f"Nothing has changed since version {made.version}: that is still the newest."
        return f"Version {made.version} is published."

    return submit(request, function, "versions", "publish_form", form, save)


def delete_version(request: HttpRequest, function: Function) -> HttpResponse:
    version = plain(request.POST.get("version"), 20)

    def save() -> str:
        if not version.isdigit():
            raise Http404("No such version.")
        functions.delete_function(function.scope, function.name, version)
        return f"Version {version} is deleted."

    return submit(request, function, "versions", "", None, save)


def save_alias(request: HttpRequest, function: Function) -> HttpResponse:
    form = AliasForm(request.POST)

    def save() -> str:
        given = form.cleaned_data
        settings = {"description": given["description"], "weights": form.weights()}
        if function.aliases.filter(name=given["name"]).exists():
            aliases.update_alias(function.scope, function.name, given["name"], version=given["version"], **settings)
            return f"Alias {given['name']} is changed."
        aliases.create_alias(function.scope, function.name, given["name"], given["version"], **settings)
        return f"Alias {given['name']} is created."

    return submit(request, function, "versions", "alias_form", form, save)


def delete_alias(request: HttpRequest, function: Function) -> HttpResponse:
    name = plain(request.POST.get("name"), 128)

    def save() -> str:
        aliases.delete_alias(function.scope, function.name, name)
        return f"Alias {name} is deleted."

    return submit(request, function, "versions", "", None, save)


def save_provisioned(request: HttpRequest, function: Function) -> HttpResponse:
    form = ProvisionedForm(request.POST)

    def save() -> str:
        qualifier, requested = form.cleaned_data["qualifier"], form.cleaned_data["requested"]
        provisioning.put(function.scope, function.name, qualifier, requested)
        return f"{requested} environments of {qualifier} are being made ready, and are kept so."

    return submit(request, function, "versions", "provisioned_form", form, save)


def delete_provisioned(request: HttpRequest, function: Function) -> HttpResponse:
    qualifier = plain(request.POST.get("qualifier"), 128)

    def save() -> str:
        provisioning.delete(function.scope, function.name, qualifier)
        return f"No environments of {qualifier} are kept ready any more."

    return submit(request, function, "versions", "", None, save)


def save_event(request: HttpRequest, function: Function) -> HttpResponse:
    """Keep the payload field's text, or an invocation's payload, under a name."""
    posted = request.POST.copy()
    if posted.get("request_id"):
        posted["payload"] = _recorded_payload(function, str(posted["request_id"]))
    form = TestEventForm(posted)
    if not form.is_valid():
        problem = form_sentence(form)
        if request.headers.get("HX-Request"):
            return render(request, "console/event_saved.html", {"problem": problem}, status=400)
        messages.error(request, problem)
        return HttpResponseRedirect(address(function))
    name, payload = form.cleaned_data["name"], form.cleaned_data["payload"]
    StoredEvent.objects.update_or_create(function=function, name=name, defaults={"payload": payload})
    if request.headers.get("HX-Request"):
        return render(request, "console/event_saved.html", {"name": name})
    messages.success(request, f"Test event {name} is saved.")
    return HttpResponseRedirect(address(function))


def _recorded_payload(function: Function, request_id: str) -> str:
    payload = Payload.objects.filter(
        invocation__request_id=plain(request_id, 36),
        invocation__account=function.account,
        invocation__region=function.region,
        invocation__function=function.name,
    ).first()
    if payload is None:
        raise Http404("The payload is no longer kept.")
    return bytes(payload.request).decode(errors="replace")


def delete_event(request: HttpRequest, function: Function) -> HttpResponse:
    function.test_events.filter(name=plain(request.POST.get("name"), 64)).delete()
    messages.success(request, "The test event is deleted.")
    return HttpResponseRedirect(address(function))


def delete(request: HttpRequest, function: Function) -> HttpResponse:
    """Ask first, and say what will be lost."""
    problem = ""
    if request.method == "POST":
        try:
            functions.delete_function(function.scope, function.name)
        except LambdaplayError as error:
            problem = refusal_sentence(error)
        else:
            messages.success(request, f"{function.name} is deleted. Its history of invocations is kept.")
            return HttpResponseRedirect(reverse("admin:invocations_function_changelist"))
    context = {
        "function": function,
        "problem": problem,
        "versions": function.versions.count() - 1,
        "aliases": function.aliases.count(),
        "events": function.test_events.count(),
        "arn": function.arn(),
    }
    crumbs = [functions_crumb(), (function.name, address(function))]
    return page(request, "console/function_delete.html", "Delete", context, crumbs, 409 if problem else 200)


def submit(
    request: HttpRequest, function: Function, tab: str, name: str, form: Form | None, save: Callable[[], str]
) -> HttpResponse:
    """Run `save` for a valid form and go back to the tab; else show the tab with the form as it was filled in.

    A refusal stands beside the field that it is about, where the form's `field_of` knows it.
    """
    if form is None or form.is_valid():
        try:
            messages.success(request, save())
            return HttpResponseRedirect(address(function, tab))
        except LambdaplayError as error:
            sentence = refusal_sentence(error)
        if form is None:
            messages.error(request, sentence)
            return HttpResponseRedirect(address(function, tab))
        about = getattr(form, "field_of", None)
        form.add_error(None if about is None else about(sentence), sentence)
    return function_page(request, function, tab, {name: form}, 400)
