"""`/functions/<name>/invoke/`: a function as a form on the web, for people and for programs."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from invocations import limits
from invocations.arns import parse_function
from invocations.errors import LambdaplayError, Refusal
from invocations.flows.functions import find
from invocations.forms import InvokeForm, form_sentence, refusal_sentence
from invocations.forms.invoke import submission_document, submission_from_json
from invocations.forms.invoking import invoke_held
from invocations.forms.refusals import refusal_status
from invocations.values import Caller, InvocationResult, Scope
from invocations.views.access import AnotherSite, WrongKey, basic_key
from invocations.views.answers import is_json, problem, wants_json

TOO_LARGE = f"The submission is too large: a synchronous payload may have {limits.SYNC_REQUEST_BYTES:,} bytes."

PRETTY_CHARACTERS = 64 * 1024  # of a result on a page


@csrf_exempt  # a key in the header is proof enough; a session is not, and is protected below
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invoke_view(request: HttpRequest, name: str) -> HttpResponse:
    """GET shows the form. POST takes the form or JSON {"payload", "invocation_type", "qualifier", "log_type"}."""
    try:
        key = basic_key(request)
        if key is not None:
            return _answer(request, name, key.caller(_region(name)))
        return _with_session(request, name)
    except WrongKey:
        return problem(request, 401, "Unauthorized", "The access key or its secret is wrong, or the key is revoked.")
    except AnotherSite:
        return problem(request, 403, "AccessDeniedException", "A page of another site may not use your access key.")
    except RequestDataTooBig:
        return problem(request, 413, "RequestEntityTooLargeException", TOO_LARGE)
    except SuspiciousOperation:
        return problem(request, 400, "BadRequest", "The form could not be read.")


@csrf_protect
def _with_session(request: HttpRequest, name: str) -> HttpResponse:
    if not request.user.is_authenticated:
        if wants_json(request):
            sentence = "Log in, or send an access key and its secret with HTTP Basic."
            return problem(request, 401, "Unauthorized", sentence)
        return redirect_to_login(request.get_full_path())
    if not request.user.has_perm("invocations.change_function"):
        return problem(request, 403, "AccessDeniedException", "Your account may not invoke functions.")
    scope = Scope(settings.LAMBDAPLAY_ACCOUNT, _region(name))
    user = request.user.get_username()
    return _answer(request, name, Caller(scope, "form", user, f"arn:aws:iam::{scope.account}:user/{user}"))


def _region(name: str) -> str:
    """The region that an ARN names; a bare name is looked up in the server's own."""
    reference = parse_function(name)
    named = None if reference is None else reference.region
    return named or str(settings.LAMBDAPLAY_REGION)


def _answer(request: HttpRequest, name: str, caller: Caller) -> HttpResponse:
    if request.method != "POST":
        return _form_page(request, name, caller)
    try:
        fields = submission_from_json(request.body) if is_json(request) else request.POST
    except ValueError as error:
        return problem(request, 400, "BadRequest", str(error))
    form = InvokeForm(fields)
    if not form.is_valid():
        return problem(request, 400, "BadRequest", form_sentence(form, fields=True))
    try:
        result = invoke_held(form.request(caller, name))
    except LambdaplayError as error:
        return _refusal(request, error)
    if wants_json(request):
        return JsonResponse(submission_document(result), status=_status(result))
    document = submission_document(result)
    pretty = json.dumps(document["payload"], indent=2, ensure_ascii=False)[:PRETTY_CHARACTERS] if result.payload else ""
    context = {"name": name, "result": result, "document": document, "pretty": pretty}
    return render(request, "submission/result.html", context, status=_status(result))


def _form_page(request: HttpRequest, name: str, caller: Caller) -> HttpResponse:
    try:
        target = find(caller.scope, name)
    except LambdaplayError as error:
        return _refusal(request, error)
    form = InvokeForm(initial={"payload": "{}"})
    return render(request, "submission/form.html", {"name": name, "form": form, "version": target.version})


def _refusal(request: HttpRequest, error: LambdaplayError) -> HttpResponse:
    status = refusal_status(error)
    # A part of the house that does not answer is for the caller to try again, not a fault of this page.
    status = 503 if status == 500 else status
    code = error.code if isinstance(error, Refusal) else "ServiceUnavailableException"
    return problem(request, status, code, refusal_sentence(error))


def _status(result: InvocationResult) -> int:
    """An accepted event is 202 here too. A dry run's 204 would allow no body, and this answer has one."""
    return 202 if result.status_code == 202 else 200
