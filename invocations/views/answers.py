"""What the pages outside the admin answer with: JSON or HTML, as the caller wants it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def wants_json(request: HttpRequest) -> bool:
    """Programs say so in Accept or by sending JSON; browsers ask for HTML."""
    accept = request.headers.get("Accept", "")
    if "text/html" in accept:
        return False
    return "application/json" in accept or is_json(request) or "Authorization" in request.headers


def is_json(request: HttpRequest) -> bool:
    return (request.content_type or "") == "application/json"


def problem(request: HttpRequest, status: int, code: str, sentence: str) -> HttpResponse:
    """A refusal: {"error", "message"}, or a page that says the sentence."""
    if wants_json(request):
        answer: HttpResponse = JsonResponse({"error": code, "message": sentence}, status=status)
    else:
        answer = render(request, "submission/problem.html", {"sentence": sentence, "code": code}, status=status)
    if status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="lambdaplay", charset="UTF-8"'
    return answer
