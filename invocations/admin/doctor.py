"""Doctor: what this machine has, and what each missing part costs."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from invocations import limits
from invocations.admin.live import look
from invocations.admin.pages import page
from invocations.decisions.units import bytes_text
from invocations.flows.doctor import examine


def known_limits() -> list[tuple[str, str, str]]:
    """What is refused or cut beyond what: (of what, how much, whose limit)."""
    aws, ours = "AWS", "lambdaplay"
    return [
        ("synchronous payload", bytes_text(limits.SYNC_REQUEST_BYTES), aws),
        ("synchronous response", f"{limits.SYNC_RESPONSE_BYTES:,} bytes", aws),
        ("timeout", f"1 to {limits.TIMEOUT_SECONDS_MAX} s", aws),
        ("memory", f"{limits.MEMORY_MB_MIN} to {limits.MEMORY_MB_MAX} MB", aws),
        ("/tmp", f"{limits.TMP_MB_MIN} to {limits.TMP_MB_MAX} MB", aws),  # noqa: S108 - a label
        ("environment variables", bytes_text(limits.ENVIRONMENT_BYTES), aws),
        ("code package, zipped", bytes_text(limits.ZIPPED_BYTES), aws),
        ("code package, unzipped", bytes_text(limits.UNZIPPED_BYTES), aws),
        ("concurrent executions of an account", f"{limits.ACCOUNT_CONCURRENCY:,}", aws),
        ("of them unreserved at least", f"{limits.UNRESERVED_CONCURRENCY_MIN}", aws),
        ("initialisation", f"{limits.INIT_SECONDS} s", aws),
        ("log kept of an invocation", bytes_text(limits.LOG_KEPT_BYTES), ours),
        ("calls held at once by a web process", f"{limits.HELD_CALLS}, and {limits.HELD_NESTED_CALLS} nested", ours),
        ("payloads and logs are kept", f"{settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS} days", ours),
        ("invocations are kept", f"{settings.LAMBDAPLAY_KEEP_ROWS_DAYS} days", ours),
    ]


def doctor_view(request: HttpRequest) -> HttpResponse:
    # A web process has threads: the sandbox is not tried out here, the environment host tells what it found.
    context = {"live": look(), "findings": examine(may_fork=False), "limits": known_limits()}
    return page(request, "console/doctor.html", "Doctor", context)
