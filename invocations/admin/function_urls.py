"""The tab on URLs: a function's addresses for plain HTTP, who may call them, and what browsers are told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from invocations.admin.pages import plain
from invocations.flows import function_urls, url_granting
from invocations.forms.cors import CorsForm
from invocations.forms.function_urls import FunctionUrlForm
from invocations.models import Function, FunctionUrl, FunctionVersion

SHOWN = 100


def urls_context(request: HttpRequest, function: Function, latest: FunctionVersion) -> dict[str, Any]:
    """What the tab shows; `?qualifier=` chooses whose URL stands in the form."""
    rows = list(function.urls.select_related("function").order_by("qualifier")[:SHOWN])
    qualifier = plain(request.GET.get("qualifier"), 128)
    chosen = next((row for row in rows if row.qualifier == qualifier), None)
    return {
        "urls": [_shown(row) for row in rows],
        "url_form": FunctionUrlForm(initial=_initial(qualifier, chosen)),
        "aliases": list(function.aliases.values_list("name", flat=True)[:SHOWN]),
    }


def _initial(qualifier: str, row: FunctionUrl | None) -> dict[str, Any]:
    if row is None:
        return {"qualifier": qualifier, "allow": True}
    own = {"auth_type": row.auth_type, "invoke_mode": row.invoke_mode or "BUFFERED"}
    return {"qualifier": qualifier, **own, **CorsForm.initial_of(row.cors)}


def _shown(row: FunctionUrl) -> dict[str, Any]:
    host = f"http://{function_urls.host_name(row)}:{settings.LAMBDAPLAY_PORT}/"
    return {
        "row": row,
        "address": function_urls.path_address(row),
        "host": host,
        "curl": f"curl '{function_urls.path_address(row)}'",
        "closed": row.auth_type == "NONE" and not url_granting.is_public(row),
        "origins": ", ".join((row.cors or {}).get("AllowOrigins") or ()),
    }
