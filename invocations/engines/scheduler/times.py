"""From a schedule's row to when it fires."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from invocations.decisions.schedule_times import Timing, delay, upcoming
from invocations.engines.scheduler.checking import expression_of, zone_of
from invocations.models import Schedule


def timing_of(row: Schedule) -> Timing:
    return Timing(expression_of(row.expression), zone_of(row.zone), row.anchor_at, row.start_at, row.end_at)


def columns(row: Schedule, slot: datetime | None) -> dict[str, Any]:
    """A schedule's next slot, and when that fires."""
    return {"slot_at": slot, "next_at": None if slot is None else fires_at(row, slot)}


def fires_at(row: Schedule, slot: datetime) -> datetime:
    return slot + delay(f"{row.arn} {row.revision}", slot, row.window_minutes)


def first_slot(row: Schedule, now: datetime) -> datetime | None:
    """The slot that a schedule begins with, new or changed now; None for a disabled one."""
    return timing_of(row).first(now) if row.state == Schedule.State.ENABLED else None


def next_slots(row: Schedule, most: int) -> list[datetime]:
    """The next slots of an enabled schedule."""
    return upcoming(timing_of(row), row.slot_at, most)
