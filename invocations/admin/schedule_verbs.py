"""What the buttons of a schedule's page do. Each says what it did, or why not, and leads back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invocations.engines.scheduler import SchedulerRefusal, firing, schedules
from invocations.forms import refusal_sentence
from invocations.models import Schedule


def fire(request: HttpRequest, row: Schedule) -> HttpResponse:
    """Fire it once more; its slots stay."""
    return _told(request, row, lambda: firing.fire_now(row), f"{row.name} was fired.")


def enable(request: HttpRequest, row: Schedule) -> HttpResponse:
    return _told(request, row, lambda: schedules.switch(row, Schedule.State.ENABLED), f"{row.name} is enabled.")


def disable(request: HttpRequest, row: Schedule) -> HttpResponse:
    return _told(request, row, lambda: schedules.switch(row, Schedule.State.DISABLED), f"{row.name} is disabled.")


def remove(request: HttpRequest, row: Schedule) -> HttpResponse:
    """Delete it; the page has asked."""
    try:
        schedules.delete(row.group.scope, row.group.name, row.name)
        messages.success(request, f"{row.name} is deleted.")
    except SchedulerRefusal as refusal:
        messages.error(request, refusal_sentence(refusal))
    return HttpResponseRedirect(reverse("admin:invocations_schedule_changelist"))


def _told(request: HttpRequest, row: Schedule, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
        messages.success(request, said)
    except SchedulerRefusal as refusal:
        messages.error(request, refusal_sentence(refusal))
    return HttpResponseRedirect(reverse("admin:invocations_schedule_change", args=[row.pk]))
