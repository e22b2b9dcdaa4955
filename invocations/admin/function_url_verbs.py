"""What can be done on the tab on URLs."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from invocations.admin.function_verbs import submit
from invocations.admin.pages import plain
from invocations.flows import function_urls, url_granting
from invocations.forms.function_urls import FunctionUrlForm
from invocations.models import Function

TAB = "urls"


def save_url(request: HttpRequest, function: Function) -> HttpResponse:
    form = FunctionUrlForm(request.POST)

    def save() -> str:
        scope, name, qualifier = function.scope, function.name, form.cleaned_data["qualifier"]
        there = function.urls.filter(qualifier=qualifier).exists()
        with transaction.atomic():
            keep = function_urls.update if there else function_urls.create
            row = keep(scope, name, qualifier or None, form.wishes())
            told = f"The URL is {'changed' if there else 'there'}: {function_urls.path_address(row)}"
            if form.cleaned_data["allow"] and row.auth_type == "NONE":
                told = f"{told} {url_granting.allow_everybody(row)}"
        return told

    return submit(request, function, TAB, "url_form", form, save)


def permit_url(request: HttpRequest, function: Function) -> HttpResponse:
    def save() -> str:
        return url_granting.allow_everybody(function_urls.get(function.scope, function.name, _asked(request)))

    return submit(request, function, TAB, "", None, save)


def delete_url(request: HttpRequest, function: Function) -> HttpResponse:
    def save() -> str:
        function_urls.delete(function.scope, function.name, _asked(request))
        return "The URL is gone; statements of the policy stay."

    return submit(request, function, TAB, "", None, save)


def _asked(request: HttpRequest) -> str | None:
    return plain(request.POST.get("qualifier"), 128) or None
