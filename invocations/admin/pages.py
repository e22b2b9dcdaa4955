"""What all console pages share: the frame, where one is, and JSON of the same data at the same address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

Crumb = tuple[str, str]


def page(
    request: HttpRequest,
    template: str,
    title: str,
    context: Mapping[str, Any],
    crumbs: Sequence[Crumb] = (),
    status: int = 200,
) -> HttpResponse:
    """Answer with a page in the admin's frame. `crumbs` are (title, address) of the pages above this one."""
    # Unfold asks which admin a page belongs to.
    request.current_app = admin.site.name
    everything = {**admin.site.each_context(request), "title": title, "crumbs": crumbs, **context}
    return TemplateResponse(request, template, everything, status=status)


def wants_json(request: HttpRequest) -> bool:
    return request.GET.get("format") == "json"


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """Lead to the page of ours that the form names in `next`, else to `otherwise`."""
    wanted = plain(request.POST.get("next"), 200)
    known = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return HttpResponseRedirect(wanted if known else otherwise)


def plain(text: str | None, characters: int) -> str:
    """A value from the address or a form that no form class checks: bounded, and without what PostgreSQL refuses."""
    return (text or "").replace("\0", "")[:characters]


def functions_crumb() -> Crumb:
    return ("Functions", reverse("admin:invocations_function_changelist"))


def invocations_crumb() -> Crumb:
    return ("Invocations", reverse("admin:invocations_invocation_changelist"))
