from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.urls import re_path

from bench.bare.models import SELECTED, Call
from bench.bare.tasks import nothing


def insert(request: HttpRequest) -> HttpResponse:
    """Write one row, answer what was sent."""
    body = request.body
    _write(str(uuid.uuid4()), body)
    headers = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
    return HttpResponse(body, headers=headers)


def enqueue(request: HttpRequest) -> HttpResponse:
    """Write one row, send one message, answer 202."""
    request_id = str(uuid.uuid4())
    _write(request_id, request.body)
    nothing.delay(request_id)
    return HttpResponse(b"", status=202, headers={"Content-Length": "0"})


def select(request: HttpRequest) -> HttpResponse:
    """Read one row, answer with about as many bytes as a function's configuration has."""
    row = Call.objects.get(request_id=SELECTED)
    body = json.dumps({"RequestId": row.request_id, "State": row.state, "Text": "x" * 1000})
    return HttpResponse(body, headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})


def _write(request_id: str, body: bytes) -> None:
    now = datetime.now(UTC)
    Call.objects.create(
        request_id=request_id,
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


urlpatterns = [re_path("^select$", select), re_path("^enqueue$", enqueue), re_path("", insert)]
