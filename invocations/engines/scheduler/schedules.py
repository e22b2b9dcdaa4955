"""Schedules: made, replaced, found, listed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from invocations import clock
from invocations.engines.scheduler import firing, groups, limits, times
from invocations.engines.scheduler.checking import ScheduleSpec, check
from invocations.engines.scheduler.errors import Conflict, missing_schedule
from invocations.models import Schedule, ScheduleGroup
from invocations.values import Scope


def create(scope: Scope, group_name: str, spec: ScheduleSpec) -> Schedule:
    """Make a schedule. Raises SchedulerRefusal."""
    now = clock.now()
    check(spec, scope, now)
    group = groups.need(scope, group_name)
    row = Schedule(group=group, name=spec.name, anchor_at=now, created_at=now, modified_at=now, **_values(spec))
    _begin(row)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        groups.need(scope, group_name)  # it may have been deleted in the same moment
        raise Conflict(f"Schedule {spec.name} already exists.") from None
    return row


def update(scope: Scope, group_name: str, spec: ScheduleSpec) -> Schedule:
    """Replace all of a schedule; what is not given gets its default. Raises SchedulerRefusal.

    A rate goes on counting from where it did, unless its expression or its start is another.
    """
    now = clock.now()
    check(spec, scope, now)
    with transaction.atomic():
        row = _locked(need(scope, group_name, spec.name))
        if (row.expression, row.start_at) != (spec.expression, spec.start_at):
            row.anchor_at = now
        for name, value in _values(spec).items():
            setattr(row, name, value)
        row.modified_at = now
        row.revision += 1
        _begin(row)
        row.save()
    return row


def _values(spec: ScheduleSpec) -> dict[str, Any]:
    values = {name: value for name, value in vars(spec).items() if name not in ("name", "target")}
    return {**values, "target": _plain(spec.target)}


def _plain(target: Mapping[str, Any]) -> dict[str, Any]:
    """The target as GetSchedule says it: with its retry policy, whether one was given or not."""
    policy = target.get("RetryPolicy") or {}
    defaults = {"MaximumEventAgeInSeconds": limits.AGE_SECONDS, "MaximumRetryAttempts": limits.RETRIES}
    given = {name: value for name, value in policy.items() if value is not None}
    return {
        **{name: value for name, value in target.items() if value is not None},
        "RetryPolicy": {**defaults, **given},
    }


def _begin(row: Schedule) -> None:
    slot = times.first_slot(row, row.modified_at)
    if slot is not None:
        firing.TIMETABLE.note(clock.real())
    for name, value in times.columns(row, slot).items():
        setattr(row, name, value)


def _locked(row: Schedule) -> Schedule:
    found = Schedule.objects.select_for_update(no_key=True, of=("self",)).select_related("group").filter(pk=row.pk)
    locked = found.first()
    if locked is None:
        raise missing_schedule(row.name)
    return locked


def switch(row: Schedule, state: Schedule.State) -> None:
    """Enable or disable, and leave the rest as it is. Raises ResourceNotFoundException."""
    with transaction.atomic():
        found = _locked(row)
        if found.state == state:
            return
        found.state, found.modified_at = state, clock.now()
        found.revision += 1
        _begin(found)
        found.save()


def need(scope: Scope, group_name: str, name: str) -> Schedule:
    """Raises ResourceNotFoundException: the group's, or the schedule's."""
    group = groups.need(scope, group_name)
    found = Schedule.objects.filter(group=group, name=name).select_related("group").first()
    if found is None:
        raise missing_schedule(name)
    return found


def listed(
    scope: Scope,
    group_name: str | None = None,
    prefix: str = "",
    state: str | None = None,
    before: int | None = None,
    most: int = limits.LIST_ITEMS,
) -> list[Schedule]:
    """Schedules, the newest first, those before row `before`; one more than `most` when there are more."""
    rows = Schedule.objects.filter(group__in=_groups(scope, group_name)).select_related("group").order_by("-pk")
    if prefix:
        rows = rows.filter(name__gte=prefix, name__lt=prefix + "\U0010ffff")
    if state is not None:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[: most + 1])


def _groups(scope: Scope, name: str | None) -> Any:
    if name is not None:
        return [groups.need(scope, name)]
    return ScheduleGroup.objects.within(scope)


def delete(scope: Scope, group_name: str, name: str) -> None:
    """Delete a schedule; what it has sent stays on its way. Raises ResourceNotFoundException."""
    need(scope, group_name, name).delete()
