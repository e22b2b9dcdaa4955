"""What Django itself refuses, said as everything else is: a sentence, for people and for programs."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from invocations.views.answers import problem

_MOST = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // (1024 * 1024)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Forms that are too large or cannot be read. htmx gets a line for the place that the answer goes to."""
    too_big = isinstance(exception, RequestDataTooBig)
    sentence = f"The form is larger than {_MOST} MB." if too_big else "The request could not be read."
    status = 413 if too_big else 400
    if request.headers.get("HX-Request"):
        return HttpResponse(format_html('<p class="c-refused" role="alert">{}</p>', sentence), status=status)
    return problem(request, status, "BadRequest", sentence)
