"""What can be done on the tab on permissions."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from invocations.admin.function_verbs import submit
from invocations.flows import permissions
from invocations.forms.permissions import GrantForm, RemoveGrantForm
from invocations.models import Function

TAB = "permissions"


def add_permission(request: HttpRequest, function: Function) -> HttpResponse:
    form = GrantForm(request.POST)

    def save() -> str:
        grant, qualifier = form.grant(), form.cleaned_data["qualifier"] or None
        permissions.add(function.scope, function.name, qualifier, grant)
        return f"The statement {grant.statement_id} is added: it counts from the next call on."

    return submit(request, function, TAB, "grant_form", form, save)


def remove_permission(request: HttpRequest, function: Function) -> HttpResponse:
    form = RemoveGrantForm(request.POST)

    def save() -> str:
        given = form.cleaned_data
        permissions.remove(function.scope, function.name, given["qualifier"] or None, given["statement_id"])
        return f"The statement {given['statement_id']} is removed: it counts no more."

    return submit(request, function, TAB, "remove_form", form, save)
