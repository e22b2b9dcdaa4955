"""The idempotency proof of one recorded event: run twice, and what the second run changed."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from invocations.admin.callers import console_caller
from invocations.admin.pages import invocations_crumb, page, wants_json
from invocations.errors import LambdaplayError
from invocations.flows.prove_idempotent import Proof
from invocations.forms.invoking import proof_document, prove_held
from invocations.forms.refusals import refusal_sentence, refusal_status
from invocations.models import Function, Invocation, Payload
from invocations.values import InvokeRequest, Scope

MAY_SEE = "invocations.view_invocation"
MAY_INVOKE = "invocations.change_function"


def places() -> list[URLPattern]:
    """To be put into the admin's addresses below `invocations/invocation/`."""
    return [path("<uuid:request_id>/prove/", admin.site.admin_view(prove_view), name="invocations_invocation_prove")]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def prove_view(request: HttpRequest, request_id: object) -> HttpResponse:
    """GET explains and asks; POST runs the function twice with the event of this invocation."""
    if not (request.user.has_perm(MAY_SEE) and request.user.has_perm(MAY_INVOKE)):
        raise PermissionDenied
    row = get_object_or_404(Invocation, request_id=str(request_id))
    payload = Payload.objects.filter(pk=row.pk).first()
    if payload is None:
        raise Http404("The payload is no longer kept.")
    if request.method != "POST":
        return _page(request, row)
    scope = Scope(row.account, row.region)
    asked = InvokeRequest(
        caller=console_caller(request, scope),
        function=row.function,
        payload=bytes(payload.request),
        qualifier=row.qualifier or None,
    )
    try:
        proof = prove_held(asked)
    except LambdaplayError as error:
        return _page(request, row, refused=refusal_sentence(error), status=refusal_status(error))
    if wants_json(request):
        return JsonResponse(proof_document(proof))
    return _page(request, row, proof)


def _page(
    request: HttpRequest, row: Invocation, proof: Proof | None = None, refused: str = "", status: int = 200
) -> HttpResponse:
    here = Function.objects.filter(account=row.account, region=row.region, name=row.function)
    context = {
        "row": row,
        "proof": proof,
        "runs": [] if proof is None else [(1, proof.first), (2, proof.second)],
        "refused": refused,
        "function": here.first(),
        "line": f"python manage.py prove_idempotent {row.function} --invocation {row.request_id}",
    }
    back = (row.request_id[:8], reverse("admin:invocations_invocation_detail", args=[row.request_id]))
    return page(request, "console/prove.html", "Idempotency", context, [invocations_crumb(), back], status)
