"""One function: does it work? Code and test first; configuration, versions and activity behind tabs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from invocations.admin.documents import function_document
from invocations.admin.function_concurrency import use_of
from invocations.admin.function_events import events_context
from invocations.admin.function_list import spark as day_line
from invocations.admin.function_permissions import permissions_context
from invocations.admin.function_urls import urls_context
from invocations.admin.live import look
from invocations.admin.packages import look_into
from invocations.admin.pages import functions_crumb, page, plain, wants_json
from invocations.admin.runtime_choices import runtime_choices, substitute
from invocations.admin.statistics import function_figures
from invocations.decisions.provisioning import READY
from invocations.flows import provisioning
from invocations.flows.functions import settle
from invocations.forms import (
    AliasForm,
    CodeForm,
    ConcurrencyForm,
    ConfigurationForm,
    InvokeForm,
    ProvisionedForm,
    PublishForm,
)
from invocations.models import Alias, Function, FunctionVersion, Invocation, Payload
from invocations.runtime import runtimes
from invocations.runtime.code import package_path
from invocations.values import LATEST

TABS = (
    ("test", "Code and test"),
    ("configuration", "Configuration"),
    ("events", "Events"),
    ("urls", "URLs"),
    ("permissions", "Permissions"),
    ("versions", "Versions and aliases"),
    ("activity", "Activity"),
)
SHOWN = 100  # versions, aliases and test events on one page
RECENT = 10
REPLAY_BYTES = 48 * 1024  # a larger payload is not put back into the page


@dataclass(frozen=True)
class EventChoice:
    """A saved test event; `element` is the id of the element that carries its payload to the script."""

    name: str
    payload: str
    element: str


def function_page(
    request: HttpRequest,
    function: Function,
    tab: str | None = None,
    forms: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a tab. `forms` are those that were refused, shown again as they were filled in."""
    tab = tab or request.GET.get("tab", "test")
    if tab not in dict(TABS):
        raise Http404("No such tab.")
    latest = settle(function.versions.select_related("function").get(version=LATEST))
    if wants_json(request):
        versions = [settle(row) for row in function.versions.select_related("function")[:SHOWN]]
        return JsonResponse(function_document(function, versions, list(function.aliases.all()[:SHOWN])))
    unrunnable = runtimes.unrunnable(latest.runtime)
    context = {
        "function": function,
        "latest": latest,
        "arn": function.arn(),
        "tab": tab,
        "tabs": TABS,
        "unrunnable": unrunnable,
        "substitute": "" if unrunnable else substitute(latest.runtime),
        "network": function.network or settings.LAMBDAPLAY_FUNCTION_NETWORK,
        "may_change": request.user.has_perm("invocations.change_function"),
        **_TAB_CONTEXT[tab](request, function, latest),
        **(forms or {}),
    }
    return page(request, f"console/function_{tab}.html", function.name, context, [functions_crumb()], status)


def _test(request: HttpRequest, function: Function, latest: FunctionVersion) -> dict[str, Any]:
    package = look_into(latest)
    payload, replayed = _replayed(request, function)
    events = [EventChoice(row.name, row.payload, f"event-{row.pk}") for row in function.test_events.all()[:SHOWN]]
    if payload is None:
        payload = events[0].payload if events else json.dumps({"name": "Ada"}, indent=2)
    return {
        "package": package,
        "code_form": CodeForm(initial={"source": package.source}),
        "code_rows": min(max((package.source or "").count("\n") + 2, 8), 26),
        "invoke_form": InvokeForm(initial={"payload": payload}),
        "replayed": replayed,
        "events": events,
        **_shell_lines(function),
        "qualifiers": [LATEST, *_names(function.aliases.all()[:SHOWN]), *_numbers(function)],
    }


def _shell_lines(function: Function) -> dict[str, str]:
    """The same call through the other doors."""
    place = settings.LAMBDAPLAY_URL + reverse("invoke", args=[function.name])
    return {
        # Raw bytes from standard input mean the same to both generations of the AWS CLI; --payload TEXT does not.
        "cli": f"echo '{{}}' | aws lambda invoke --function-name {function.name} --payload fileb:///dev/stdin "
        "--log-type Tail /dev/stdout",
        "curl": f"curl -u $AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY --json '{{\"payload\": {{}}}}' {place}",
        "command": f"manage.py invoke {function.name} --payload '{{}}' --log",
    }


def _names(aliases: Any) -> list[str]:
    return [alias.name for alias in aliases]


def _numbers(function: Function) -> list[str]:
    published = function.versions.exclude(version=LATEST).order_by("-id")
    return list(published.values_list("version", flat=True)[:SHOWN])


def _replayed(request: HttpRequest, function: Function) -> tuple[str | None, str]:
    """The payload of an earlier invocation, named in the URL; and a word on it."""
    asked = plain(request.GET.get("from"), 36)
    if not asked:
        return None, ""
    payload = Payload.objects.filter(
        invocation__request_id=asked,
        invocation__function=function.name,
        invocation__account=function.account,
        invocation__region=function.region,
    ).first()
    if payload is None:
        return None, "The payload of that invocation is no longer kept."
    if len(payload.request) > REPLAY_BYTES:
        return (
            None,
            f"That payload is too large for this page ({len(payload.request):,} bytes): send it with the AWS CLI.",
        )
    return bytes(payload.request).decode(errors="replace"), f"The payload of invocation {asked[:8]}."


def _configuration(request: HttpRequest, function: Function, latest: FunctionVersion) -> dict[str, Any]:
    return {
        "configuration_form": ConfigurationForm(initial=ConfigurationForm.initial_of(latest)),
        "concurrency_form": ConcurrencyForm(initial={"reserved": function.reserved_concurrency}),
        "choices": runtime_choices(),
        "variable_names": list(latest.variables or {}),
        "use": use_of(function),
    }


def _versions(request: HttpRequest, function: Function, latest: FunctionVersion) -> dict[str, Any]:
    versions = [
        settle(row)
        for row in function.versions.select_related("function").exclude(version=LATEST).order_by("-id")[:SHOWN]
    ]
    aliases = list(function.aliases.all()[:SHOWN])
    return {
        "versions": versions,
        "aliases": [{"alias": alias, "share": _share(alias), "arn": function.arn(alias.name)} for alias in aliases],
        "publish_form": PublishForm(),
        "provisioned_form": ProvisionedForm(),
        "provisionable": [
            *(alias.name for alias in aliases if alias.version != LATEST),
            *(version.version for version in versions),
        ],
        **_provisioned(function),
        "alias_versions": _alias_versions([version.version for version in versions], aliases),
        **_alias_form(request, aliases, versions[0].version if versions else LATEST),
    }


def _alias_versions(newest: list[str], aliases: list[Alias]) -> list[str]:
    """What an alias may be pointed to; what one points to already is among it, however old."""
    used = {version for alias in aliases for version in (alias.version, *alias.weights)}
    return [*newest, *sorted(used - {*newest, LATEST}, key=int, reverse=True), LATEST]


def _alias_form(request: HttpRequest, aliases: list[Alias], newest: str) -> dict[str, Any]:
    """For a new alias, or filled in with the one that the address names."""
    asked = plain(request.GET.get("alias"), 128)
    alias = next((one for one in aliases if one.name == asked), None)
    if alias is None:
        return {"alias_form": AliasForm(initial={"version": newest})}
    return {"alias_form": AliasForm(initial=AliasForm.initial_of(alias)), "changing": alias.name}


def _provisioned(function: Function) -> dict[str, Any]:
    found = provisioning.standing(function)
    return {"provisioned": found, "all_ready": all(one.progress.status == READY for one in found)}


def provisioned(request: HttpRequest, function: Function) -> HttpResponse:
    """What is kept ready, asked for again and again while some of it is on its way."""
    context = {
        "function": function,
        **_provisioned(function),
        "may_change": request.user.has_perm("invocations.change_function"),
    }
    return render(request, "console/provisioned.html", context)


def _share(alias: Alias) -> str:
    """Who gets which part of the calls, in words."""
    for version, weight in alias.weights.items():
        return f"{100 - weight * 100:g} % to version {alias.version}, {weight * 100:g} % to version {version}"
    return f"all to version {alias.version}"


def _activity(request: HttpRequest, function: Function, latest: FunctionVersion) -> dict[str, Any]:
    figures = function_figures([function])[function.pk]
    recent = Invocation.objects.filter(account=function.account, region=function.region, function=function.name)
    return {
        "figures": figures,
        "spark": day_line(figures),
        "recent": recent.order_by("-id").prefetch_related("attempts")[:RECENT],
        **_environments(function),
    }


_TAB_CONTEXT: dict[str, Callable[[HttpRequest, Function, FunctionVersion], dict[str, Any]]] = {
    "test": _test,
    "configuration": _configuration,
    "events": events_context,
    "urls": urls_context,
    "permissions": permissions_context,
    "versions": _versions,
    "activity": _activity,
}


def _environments(function: Function) -> dict[str, Any]:
    live = look()
    return {"live": live, "running_here": live.of(function.arn())}


def environments(request: HttpRequest, function: Function) -> HttpResponse:
    """The live part of Activity, asked for again and again while the page is seen."""
    return render(request, "console/environments.html", {"function": function, **_environments(function)})


def package(request: HttpRequest, function: Function) -> HttpResponse | FileResponse:
    """Download the zip of $LATEST, or of a published version."""
    version = function.versions.filter(version=plain(request.GET.get("version"), 20) or LATEST).first()
    path = None if version is None else package_path(version.code_sha256)
    if version is None or path is None or not path.is_file():
        raise Http404("There is no such package.")
    name = f"{function.name}-{version.version.removeprefix('$')}.zip"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")


def address(function: Function, tab: str = "test") -> str:
    place = reverse("admin:invocations_function_change", args=[function.pk])
    return place if tab == "test" else f"{place}?tab={tab}"
