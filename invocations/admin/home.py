"""Home: is anything wrong, what is running?"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from invocations.admin.attention import matters
from invocations.admin.charts import bars
from invocations.admin.live import look
from invocations.admin.statistics import day_totals, outcomes_per_minute
from invocations.flows import waiting
from invocations.flows.access_keys import default_key_is_good
from invocations.models import Function

DEFAULT_SECRET = "test"  # noqa: S105 - the documented default of a server that only this machine reaches


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Fill the admin's index page (unfold's DASHBOARD_CALLBACK)."""
    total, failed = day_totals()
    minutes = outcomes_per_minute()
    return {
        **context,
        "title": "Home",
        "live": look(),
        "waiting": waiting.figures(),
        "counted": waiting.COUNTED,
        "matters": matters(),
        "day_total": total,
        "day_failed": failed,
        "hour_total": sum(minute.total for minute in minutes),
        "hour_failed": sum(minute.failed for minute in minutes),
        "peak": max(minute.total for minute in minutes),
        "hour": bars(minutes, 720, 120, "Outcomes per minute in the last hour", "hour"),
        "functions": Function.objects.count(),
        "endpoint": settings.LAMBDAPLAY_URL,
        "exports": exports(),
        "all_exports": "\n".join(exports()),
    }


def exports() -> list[str]:
    """The lines that point the AWS CLI and the SDKs here. A secret of one's own is not printed on a page."""
    known, good = settings.LAMBDAPLAY_SECRET_ACCESS_KEY, default_key_is_good()
    secret = known if good and known == DEFAULT_SECRET else "<your secret>"
    return [
        f"export AWS_ENDPOINT_URL={settings.LAMBDAPLAY_URL}",
        f"export AWS_ACCESS_KEY_ID={settings.LAMBDAPLAY_ACCESS_KEY_ID if good else '<your key id>'}",
        f"export AWS_SECRET_ACCESS_KEY={secret}",
        f"export AWS_DEFAULT_REGION={settings.LAMBDAPLAY_REGION}",
    ]
