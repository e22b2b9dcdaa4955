"""Doctor: what this machine has, and what each missing part costs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from invocations.admin.live import look
from invocations.admin.pages import page
from invocations.flows.doctor import examine


def doctor_view(request: HttpRequest) -> HttpResponse:
    # A web process has threads: the sandbox is not tried out here, the environment host tells what it found.
    context = {"live": look(), "findings": examine(may_fork=False)}
    return page(request, "console/doctor.html", "Doctor", context)
