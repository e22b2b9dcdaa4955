"""`/healthz`: is the house well? No login, no secrets."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from invocations.flows.health import examine


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """{"status": "ok" | "degraded" | "down", "parts": {name: {"state", "detail"}}}; 503 when down, else 200."""
    health = examine()
    return JsonResponse(asdict(health), status=503 if health.status == "down" else 200)
