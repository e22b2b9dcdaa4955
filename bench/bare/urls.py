from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.urls import re_path

from bench.bare.models import Call


def insert(request: HttpRequest) -> HttpResponse:
    """Write one row, answer what was sent."""
    now = datetime.now(UTC)
    body = request.body
    Call.objects.create(
        request_id=str(uuid.uuid4()),
        account="000000000000",
        region="us-east-1",
        function="echo",
        state="SUCCEEDED",
        accepted_at=now,
        ended_at=now,
        duration_us=1,
        request=body,
        response=body,
    )
    headers = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
    return HttpResponse(body, headers=headers)


urlpatterns = [re_path("", insert)]
