"""What do I have, how is each doing?"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.safestring import SafeString

from invocations.admin.charts import bars
from invocations.admin.pages import page, plain, wants_json
from invocations.admin.statistics import FunctionFigures, function_figures
from invocations.flows.functions import settle
from invocations.models import Function, FunctionVersion
from invocations.runtime import runtimes
from invocations.values import LATEST

ROWS = 25
EXAMPLE = (
    "aws lambda create-function --function-name hello --runtime python3.12 --handler app.handler "
    "--role arn:aws:iam::000000000000:role/lambda --zip-file fileb://hello.zip"
)


def function_list(request: HttpRequest) -> HttpResponse:
    asked = plain(request.GET.get("name"), 64).strip()
    functions, older, newer = _page(request, asked)
    latest = _latest(functions)
    figures = function_figures(functions)
    rows = [_row(function, latest.get(function.pk), figures[function.pk]) for function in functions]
    if wants_json(request):
        return JsonResponse({"functions": [_document(row) for row in rows], "after": older})
    context = {"rows": rows, "asked": asked, "older": older, "newer": newer, "example": EXAMPLE}
    return page(request, "console/function_list.html", "Functions", context)


def _page(request: HttpRequest, asked: str) -> tuple[list[Function], str | None, bool]:
    """Return a page by name, the key of the next one, and whether there is an earlier one."""
    functions: QuerySet[Any] = Function.objects.annotate(
        published=Count("versions", filter=~Q(versions__version=LATEST), distinct=True),
        alias_count=Count("aliases", distinct=True),
    ).order_by("name", "id")
    if asked:
        functions = functions.filter(name__icontains=asked)
    name, _, pk = plain(request.GET.get("after"), 100).rpartition(":")
    after = bool(name and pk.isascii() and pk.isdigit())
    if after:
        functions = functions.filter(Q(name__gt=name) | Q(name=name, id__gt=int(pk[:18])))
    found = list(functions[: ROWS + 1])
    last = found[ROWS - 1] if len(found) > ROWS else None
    return found[:ROWS], None if last is None else f"{last.name}:{last.pk}", after


def _latest(functions: list[Function]) -> dict[int, FunctionVersion]:
    rows = FunctionVersion.objects.filter(function__in=functions, version=LATEST).select_related("function")
    return {row.function_id: settle(row) for row in rows}


def _row(function: Function, latest: FunctionVersion | None, figures: FunctionFigures) -> dict[str, Any]:
    home = (settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    return {
        "function": function,
        "latest": latest,
        "figures": figures,
        "spark": spark(figures),
        "unrunnable": None if latest is None else runtimes.unrunnable(latest.runtime),
        "elsewhere": "" if (function.account, function.region) == home else f"{function.account} / {function.region}",
    }


def spark(figures: FunctionFigures) -> SafeString:
    label = f"Last 24 hours: {figures.day_total} invocations, {figures.day_failed} failed"
    return bars(figures.day, 120, 26, label, "spark")


def _document(row: dict[str, Any]) -> dict[str, Any]:
    function, latest, figures = row["function"], row["latest"], row["figures"]
    return {
        "name": function.name,
        "arn": function.arn(),
        "runtime": latest.runtime if latest else None,
        "cannot_run": row["unrunnable"],
        "state": latest.state if latest else None,
        "last_outcome": figures.last.condition if figures.last else None,
        "invocations_24h": figures.day_total,
        "failed_24h": figures.day_failed,
        "p50_ms": None if figures.p50_us is None else figures.p50_us / 1000,
        "p99_ms": None if figures.p99_us is None else figures.p99_us / 1000,
        "versions": function.published,
        "aliases": function.alias_count,
    }
