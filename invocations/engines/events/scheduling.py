"""Scheduled rules on the product clock; how slots are fired and missed is told in `invocations.engines.slots`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from invocations import clock
from invocations.decisions.cron import InvalidSchedule, Rate, Schedule, parse, passed
from invocations.engines.events import publishing
from invocations.engines.events.errors import invalid
from invocations.engines.slots import MISSED_COUNTED, Timetable
from invocations.models import MissedFirings, Rule


def check(text: str) -> None:
    """Raises ValidationException: AWS gives no reason, the console does."""
    try:
        parse(text)
    except InvalidSchedule:
        raise invalid("ScheduleExpression") from None


def first_slot(text: str, enabled: bool) -> datetime | None:
    """When a schedule that begins now fires first. Somebody is there, so slots are missed from now on only."""
    if not text or not enabled:
        return None
    TIMETABLE.note(clock.real())
    return parse(text).after(clock.now())


def fire_now(rule: Rule) -> None:
    """Fire a scheduled rule once more, at the present moment; its slots stay."""
    publishing.fire(rule, clock.now(), f"schedule:{rule.pk}:by hand:{clock.real().isoformat()}")


def _fire(rule: Rule) -> bool:
    slot = rule.next_at
    assert slot is not None
    following = parse(rule.schedule).after(slot)
    with transaction.atomic():
        taken = _waiting().filter(pk=rule.pk, next_at=slot, schedule=rule.schedule).update(next_at=following)
        if taken:
            TIMETABLE.renew()
            publishing.fire(rule, slot, f"schedule:{rule.pk}:{slot.isoformat()}")
    return bool(taken)


def _waiting() -> QuerySet[Rule]:
    return Rule.objects.filter(state=Rule.State.ENABLED, next_at__isnull=False).select_related("bus")


def _miss(rule: Rule, now: datetime) -> None:
    first, schedule = rule.next_at, parse(rule.schedule)
    assert first is not None
    count, last, following = _passed(schedule, first, now)
    if _waiting().filter(pk=rule.pk, next_at=first).update(next_at=following):
        MissedFirings.objects.create(rule=rule, first_at=first, last_at=last, count=count, noticed_at=now)


def _passed(schedule: Schedule, first: datetime, now: datetime) -> tuple[int, datetime, datetime | None]:
    """How many slots lie between the first and now, the last of these, and the one behind them."""
    if isinstance(schedule, Rate):
        more = (now - first) // timedelta(seconds=schedule.seconds)
        last = first + more * timedelta(seconds=schedule.seconds)
        return more + 1, last, schedule.after(last)
    return passed(schedule.after, first, now, MISSED_COUNTED)


TIMETABLE = Timetable(1, _waiting, _fire, _miss)
fire_due, next_due = TIMETABLE.fire_due, TIMETABLE.next_due
