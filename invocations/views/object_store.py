"""`/_lambdaplay/s3/events`: where a real object store (MinIO's webhook) reports what happened to its objects."""

from __future__ import annotations

import json

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from invocations.decisions import object_reports
from invocations.decisions.object_reports import BadReport, Report
from invocations.errors import Refusal
from invocations.flows import buckets, object_events
from invocations.flows.object_events import Origin
from invocations.views.access import AnotherSite, WrongKey, basic_key

SCHEMES = ("basic", "bearer")  # MinIO puts "Bearer" before a token of one word


@csrf_exempt  # only a key in the header opens it, never a session
@require_POST
def changes(request: HttpRequest) -> HttpResponse:
    """Tell of the changes by the rules of the key's account. 200 means committed; a repeat is not told again."""
    try:
        key = basic_key(request, SCHEMES)
    except (WrongKey, AnotherSite):
        key = None
    if key is None:
        answer = _refused(401, "Unauthorized", "Send an access key and its secret with HTTP Basic (or as Bearer).")
        answer["WWW-Authenticate"] = 'Basic realm="lambdaplay", charset="UTF-8"'
        return answer
    try:
        reports = object_reports.read(json.loads(request.body))
        return JsonResponse({"told": sum(_tell(key.account, report) for report in reports)})
    except RequestDataTooBig:
        return _refused(413, "BadRequest", "The body is far larger than any report.")
    except BadReport as trouble:
        return _refused(400, "BadRequest", str(trouble))
    except (ValueError, RecursionError):
        return _refused(400, "BadRequest", "The body is no JSON.")
    except Refusal as trouble:
        return _refused(trouble.status, trouble.code, trouble.message)


def _tell(account: str, report: Report) -> int:
    bucket = object_events.listening(account, report.bucket)
    if bucket is None:
        return 0
    origin = Origin(
        principal=report.principal or f"AWS:{account}",
        address=report.address or "127.0.0.1",
        request_id=report.request_id or buckets.request_id(),
        host_id=buckets.host_id(),
    )
    return object_events.tell(bucket, [report.change], origin)


def _refused(status: int, code: str, sentence: str) -> JsonResponse:
    return JsonResponse({"error": code, "message": sentence}, status=status)
