"""Invoke, from the function's page: the answer is a piece of that page."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from invocations.admin.callers import console_caller
from invocations.admin.invocations import PREVIEW_BYTES
from invocations.admin.packages import look_into
from invocations.admin.previews import preview
from invocations.admin.story import tell
from invocations.admin.timeline import NARROW, timeline
from invocations.errors import LambdaplayError
from invocations.forms import CodeForm, InvokeForm, form_sentence, refusal_sentence
from invocations.forms.code_saving import save_source
from invocations.forms.invoking import invoke_held
from invocations.forms.settling import settled
from invocations.models import Function, FunctionVersion, Invocation
from invocations.values import LATEST, InvocationResult


def invoke_function(request: HttpRequest, function: Function) -> HttpResponse:
    """Save what is not saved yet, run it, and show result, log and timing."""
    form = InvokeForm(request.POST)
    if not form.is_valid():
        return _refused(request, form_sentence(form))
    try:
        settled(function.scope, function.name)
        saved = _save_unsaved(request, function, form.cleaned_data["qualifier"])
        result = invoke_held(form.request(console_caller(request, function.scope), function.name))
    except ValidationError as error:
        return _refused(request, " ".join(error.messages))
    except LambdaplayError as error:
        return _refused(request, refusal_sentence(error))
    return render(request, "console/result.html", {"saved": saved, "result": result, **_shown(result)})


def _refused(request: HttpRequest, sentence: str) -> HttpResponse:
    return render(request, "console/result.html", {"problem": sentence}, status=400)


def _save_unsaved(request: HttpRequest, function: Function, qualifier: str) -> FunctionVersion | None:
    """People expect the code they see to be the code that runs."""
    if "source" not in request.POST or qualifier not in ("", LATEST):
        return None
    latest = settled(function.scope, function.name)
    form = CodeForm({"source": request.POST["source"]})
    if not form.is_valid():
        raise ValidationError(form_sentence(form))
    if form.cleaned_data["source"].replace("\r\n", "\n") == look_into(latest).source:
        return None
    return save_source(function, form, request.POST.get("base", ""))


def _shown(result: InvocationResult) -> dict[str, Any]:
    row = Invocation.objects.filter(request_id=result.request_id).select_related("payload").first()
    if row is None:
        return {}
    if result.status_code == 202:
        return {}  # its story is told as it happens
    attempts = list(row.attempts.all())
    return {
        "row": row,
        "attempts": attempts,
        "sentences": [tell(attempt, row, bytes(row.payload.log)) for attempt in attempts],
        "line": timeline(row, attempts, NARROW),
        "response": preview("response", bytes(row.payload.response), PREVIEW_BYTES),
        "log": preview("log", bytes(row.payload.log), PREVIEW_BYTES),
    }
