"""The look of the admin: name, colours, our own style and script, and the sidebar in the order of questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _static(path: str) -> Callable[[HttpRequest], str]:
    return lambda request: static(path)


def _allowed(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _place(title: str, icon: str, name: str, permission: str | None = None) -> dict[str, Any]:
    place: dict[str, Any] = {"title": title, "icon": icon, "link": reverse_lazy(name)}
    return place if permission is None else {**place, "permission": _allowed(permission)}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "lambdaplay",
    "SITE_HEADER": "lambdaplay",
    "SITE_SUBHEADER": "functions that run here",
    "SITE_SYMBOL": "function",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _static("invocations/icon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "STYLES": [_static("invocations/console.css")],
    "SCRIPTS": [_static("invocations/console.js")],
    "DASHBOARD_CALLBACK": "invocations.admin.home.dashboard",
    "LOGIN": {"form": "invocations.forms.login.LoginForm"},
    "COLORS": {
        "primary": {
            "50": "oklch(97.0% .014 254)",
            "100": "oklch(93.2% .032 255)",
            "200": "oklch(88.2% .059 254)",
            "300": "oklch(80.9% .105 251)",
            "400": "oklch(70.7% .165 254)",
            "500": "oklch(62.3% .19 259)",
            "600": "oklch(54.6% .20 262)",
            "700": "oklch(48.8% .20 264)",
            "800": "oklch(42.4% .17 265)",
            "900": "oklch(37.9% .13 265)",
            "950": "oklch(28.2% .09 267)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    _place("Home", "home", "admin:index"),
                    _place(
                        "Functions", "function", "admin:invocations_function_changelist", "invocations.view_function"
                    ),
                    _place("Layers", "layers", "admin:invocations_layer_changelist", "invocations.view_layer"),
                    _place(
                        "Invocations",
                        "timeline",
                        "admin:invocations_invocation_changelist",
                        "invocations.view_invocation",
                    ),
                    _place("Waiting room", "hourglass", "waiting", "invocations.view_invocation"),
                    _place(
                        "Deliveries", "outbox", "admin:invocations_delivery_changelist", "invocations.view_delivery"
                    ),
                    _place(
                        "Event sources", "sync_alt", "admin:invocations_mapping_changelist", "invocations.view_mapping"
                    ),
                    _place("Queues", "inbox", "admin:invocations_queue_changelist", "invocations.view_queue"),
                    _place("Streams", "waves", "admin:invocations_stream_changelist", "invocations.view_stream"),
                    _place("Topics", "campaign", "admin:invocations_topic_changelist", "invocations.view_topic"),
                    _place("Buses", "alt_route", "admin:invocations_bus_changelist", "invocations.view_bus"),
                    _place("Schedules", "alarm", "admin:invocations_schedule_changelist", "invocations.view_schedule"),
                    _place("Buckets", "folder_open", "admin:invocations_bucket_changelist", "invocations.view_bucket"),
                    _place("APIs", "api", "admin:invocations_api_changelist", "invocations.view_api"),
                    _place("Clock", "schedule", "clock", "invocations.view_clockstate"),
                ]
            },
            {
                "title": "Settings",
                "separator": True,
                "items": [
                    _place(
                        "Access keys", "key", "admin:invocations_accesskey_changelist", "invocations.view_accesskey"
                    ),
                    _place("Users", "person", "admin:auth_user_changelist", "auth.view_user"),
                    _place("Groups", "group", "admin:auth_group_changelist", "auth.view_group"),
                    _place(
                        "Celery results",
                        "task_alt",
                        "admin:django_celery_results_taskresult_changelist",
                        "django_celery_results.view_taskresult",
                    ),
                    _place("Doctor", "stethoscope", "doctor"),
                ],
            },
        ],
    },
}
