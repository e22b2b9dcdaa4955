"""Doctor: what this machine has, and what each missing part costs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from invocations.admin.live import look
from invocations.admin.pages import page


def doctor_view(request: HttpRequest) -> HttpResponse:
    return page(request, "console/doctor.html", "Doctor", {"live": look()})
