"""Schedules on the product clock; how slots are fired and missed is told in `invocations.engines.slots`."""

from __future__ import annotations

import os
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from invocations import clock, outlet
from invocations.decisions import schedule_input
from invocations.decisions.cron import passed
from invocations.decisions.schedule_input import Firing
from invocations.decisions.tracing import continue_trace, trace_id
from invocations.engines.scheduler import times
from invocations.engines.slots import MISSED_COUNTED, Timetable
from invocations.models import MissedSlots, Schedule
from invocations.values import Attributes, Parcel, Scope

KIND = "schedule"


def fire_now(row: Schedule) -> None:
    """Fire a schedule once more, at the present moment, whatever its state; its slots stay."""
    with transaction.atomic():
        outlet.post([_parcel(row, clock.now(), f"by hand:{clock.real().isoformat()}")])


def _fire(row: Schedule) -> bool:
    slot = row.slot_at
    assert slot is not None
    following = times.timing_of(row).after(slot)
    mine = _waiting().filter(pk=row.pk, slot_at=slot, revision=row.revision)
    with transaction.atomic():
        taken = mine.update(**times.columns(row, following))
        if taken:
            TIMETABLE.renew()
            outlet.post([_parcel(row, slot, slot.isoformat())])
            if following is None and row.completion == Schedule.Completion.DELETE:
                Schedule.objects.filter(pk=row.pk, revision=row.revision).delete()
    return bool(taken)


def _parcel(row: Schedule, slot: datetime, which: str) -> Parcel:
    target, policy = row.target, row.target["RetryPolicy"]
    key = f"{KIND}:{row.pk}:{row.revision}:{which}"
    fired = Firing(row.arn, row.group.account, row.group.region, slot, key)
    return Parcel(
        key=key,
        kind=KIND,
        source_arn=row.arn,
        target=target["Arn"],
        body=schedule_input.body(target.get("Input"), fired),
        scope=Scope(row.group.account, row.group.region),
        # No principal: Scheduler acts with a role of its owner, and what roles may do is not evaluated.
        options=_options(row),
        trace_id=trace_id(continue_trace(None, now=clock.real().timestamp(), random=os.urandom(20))),
        max_age_seconds=policy["MaximumEventAgeInSeconds"],
        max_tries=policy["MaximumRetryAttempts"] + 1,
        dead_letter_arn=(target.get("DeadLetterConfig") or {}).get("Arn") or "",
        dead_letter_attributes=_dead_letter_attributes(row, fired),
    )


def _options(row: Schedule) -> dict[str, str]:
    event = row.target.get("EventBridgeParameters") or {}
    options = {
        "group": (row.target.get("SqsParameters") or {}).get("MessageGroupId"),
        "source": event.get("Source"),
        "detail-type": event.get("DetailType"),
    }
    return {name: value for name, value in options.items() if value}


def _dead_letter_attributes(row: Schedule, fired: Firing) -> Attributes:
    values = {
        "ERROR_CODE": "{error_code}",
        "ERROR_MESSAGE": "{error_message}",
        "EXECUTION_ID": fired.execution_id,
        "EXHAUSTED_RETRY_CONDITION": "{condition}",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "{retries}",
        "SCHEDULED_TIME": fired.time,
        "SCHEDULE_ARN": fired.arn,
        "TARGET_ARN": row.target["Arn"],
    }
    return {name: {"type": "String", "value": value} for name, value in values.items()}


def _waiting() -> QuerySet[Schedule]:
    return Schedule.objects.filter(state=Schedule.State.ENABLED, next_at__isnull=False).select_related("group")


def _miss(row: Schedule, now: datetime) -> None:
    """List what passed. A completed schedule stays, whatever is to become of it: the list hangs on it."""
    first = row.slot_at
    assert first is not None
    count, last, following = passed(times.timing_of(row).after, first, now, MISSED_COUNTED)
    if _waiting().filter(pk=row.pk, slot_at=first, revision=row.revision).update(**times.columns(row, following)):
        MissedSlots.objects.create(schedule=row, first_at=first, last_at=last, count=count, noticed_at=now)


TIMETABLE = Timetable(2, _waiting, _fire, _miss)
fire_due, next_due = TIMETABLE.fire_due, TIMETABLE.next_due
