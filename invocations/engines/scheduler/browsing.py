"""Looking at schedules, for pages and commands: nothing here changes a row."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from invocations.engines.scheduler import schedules, times
from invocations.engines.scheduler.errors import InvalidSchedulerRequest
from invocations.models import Schedule
from invocations.values import Scope

FIRINGS = 10
WINDOW_MINUTES = 1440  # the service model's, for those who do not come through it
_NAME = re.compile(r"[0-9a-zA-Z\-_.]{1,64}")
_MOST = 1000


def checked_name(name: str) -> str:
    """Raises ValidationException: the service model says the same to those who come through it."""
    if not _NAME.fullmatch(name):
        raise InvalidSchedulerRequest("A schedule's name has 1 to 64 letters, digits and - _ . in it.")
    return name


def everything(scope: Scope, group: str | None = None) -> list[Schedule]:
    return schedules.listed(scope, group, most=_MOST)[:_MOST]


def next_firings(row: Schedule) -> list[tuple[datetime, datetime]]:
    """The next slots of an enabled schedule, each with the moment at which it fires."""
    return [(slot, times.fires_at(row, slot)) for slot in times.next_slots(row, FIRINGS)]


def document(row: Schedule) -> dict[str, Any]:
    """A schedule as JSON."""
    return {
        "name": row.name,
        "group": row.group.name,
        "arn": row.arn,
        "state": row.state,
        "expression": row.expression,
        "zone": row.zone,
        "target": row.target["Arn"],
        "next_firings": [moment.isoformat() for _, moment in next_firings(row)],
        "next_slots": [slot.isoformat() for slot, _ in next_firings(row)],
        "missed": [
            {"count": one.count, "first": one.first_at.isoformat(), "last": one.last_at.isoformat()}
            for one in row.missed.all()
        ],
    }
