"""A new function: a name, a runtime, a handler and code."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invocations.admin.pages import functions_crumb, page
from invocations.admin.runtime_choices import runtime_choices
from invocations.admin.starters import STARTERS
from invocations.decisions.source_files import kind_of
from invocations.errors import LambdaplayError
from invocations.flows.functions import create_function
from invocations.forms import CreateFunctionForm, refusal_sentence
from invocations.models import FunctionVersion
from invocations.values import Scope


def create(request: HttpRequest) -> HttpResponse:
    choices = runtime_choices()
    if request.method != "POST":
        starter = STARTERS[kind_of(choices.first) or "python"]
        form = CreateFunctionForm(initial={"runtime": choices.first, **starter})
        return _form(request, form)
    form = CreateFunctionForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form(request, form, 400)
    made = _create(form)
    if made is None:
        return _form(request, form, 400)
    messages.success(request, f"{made.function.name} is created. Press Invoke to try it.")
    return HttpResponseRedirect(reverse("admin:invocations_function_change", args=[made.function.pk]))


def _create(form: CreateFunctionForm) -> FunctionVersion | None:
    """Create it, or put the refusal's sentence on the form."""
    scope = Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    try:
        package = form.stored(form.cleaned_data["runtime"], form.cleaned_data["handler"])
        return create_function(scope, form.draft(package))
    except ValidationError as error:
        form.add_error("source", error)
    except LambdaplayError as error:
        form.add_error(None, refusal_sentence(error))
    return None


def _form(request: HttpRequest, form: CreateFunctionForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "choices": runtime_choices(), "starters": STARTERS, "rare": _RARE}
    return page(request, "console/function_create.html", "Create function", context, [functions_crumb()], status)


_RARE = ("timeout_seconds", "memory_mb", "tmp_mb", "network", "variables", "description", "role", "publish")
