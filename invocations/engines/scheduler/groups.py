"""Schedule groups and their tags. The default group is there as soon as one looks for it, and stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import IntegrityError, transaction

from invocations import clock
from invocations.arns import parse_arn
from invocations.engines.scheduler import limits
from invocations.engines.scheduler.errors import (
    Conflict,
    InvalidSchedulerRequest,
    NotThere,
    QuotaExceeded,
    missing_group,
)
from invocations.models import ScheduleGroup
from invocations.values import Scope

Tags = dict[str, str]


def create(scope: Scope, name: str, tags: Iterable[Mapping[str, str]] = ()) -> ScheduleGroup:
    """Make a group. Raises SchedulerRefusal."""
    checked = _few(_read(tags))
    if name == limits.DEFAULT_GROUP:
        raise _taken(name)
    if ScheduleGroup.objects.within(scope).count() >= limits.GROUPS:
        raise QuotaExceeded(f"An account has at most {limits.GROUPS} schedule groups in a region.")
    made = _make(scope, name, checked)
    if made is None:
        raise _taken(name)
    return made


def _make(scope: Scope, name: str, tags: Tags) -> ScheduleGroup | None:
    """None when there is one of that name."""
    now = clock.now()
    try:
        with transaction.atomic():
            return ScheduleGroup.objects.create(
                account=scope.account, region=scope.region, name=name, tags=tags, created_at=now, modified_at=now
            )
    except IntegrityError:
        return None


def _taken(name: str) -> Conflict:
    return Conflict(f"Schedule group {name} already exists.")


def need(scope: Scope, name: str) -> ScheduleGroup:
    """Raises ResourceNotFoundException."""
    named = ScheduleGroup.objects.within(scope).filter(name=name)
    found = named.first()
    if found is None and name == limits.DEFAULT_GROUP:
        found = _make(scope, name, {}) or named.first()
    if found is None:
        raise missing_group(name)
    return found


def listed(scope: Scope, prefix: str = "", after: str = "", most: int = limits.LIST_ITEMS) -> list[ScheduleGroup]:
    """Groups by name, those behind `after`; one more than `most` when there are more."""
    need(scope, limits.DEFAULT_GROUP)
    rows = ScheduleGroup.objects.within(scope).filter(name__gt=after).order_by("name")
    if prefix:
        rows = rows.filter(name__gte=prefix, name__lt=prefix + "\U0010ffff")
    return list(rows[: most + 1])


def delete(scope: Scope, name: str) -> None:
    """Delete a group with all its schedules. Raises SchedulerRefusal."""
    if name == limits.DEFAULT_GROUP:
        raise InvalidSchedulerRequest("The default schedule group cannot be deleted.")
    need(scope, name).delete()


# --- tags ------------------------------------------------------------------------------------------------------------


def of_arn(scope: Scope, arn: str) -> ScheduleGroup:
    """The caller's group of that ARN. Raises ResourceNotFoundException."""
    parts = parse_arn(arn)
    kind, _, name = ("", "", "") if parts is None else parts.resource.partition("/")
    if parts is None or kind != "schedule-group" or (parts.account, parts.region) != (scope.account, scope.region):
        raise NotThere(f"Resource {arn} does not exist.")
    return need(scope, name)


def tag(scope: Scope, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
    added = _read(tags)
    _change(scope, arn, added, ())


def untag(scope: Scope, arn: str, keys: Iterable[str]) -> None:
    _change(scope, arn, {}, set(keys))


def _change(scope: Scope, arn: str, added: Tags, gone: Iterable[str]) -> None:
    name = of_arn(scope, arn).name
    with transaction.atomic():
        row = ScheduleGroup.objects.within(scope).select_for_update(no_key=True).filter(name=name).first()
        if row is None:
            raise missing_group(name)
        row.tags = _few({key: value for key, value in {**row.tags, **added}.items() if key not in gone})
        row.save(update_fields=["tags"])


def _read(tags: Iterable[Mapping[str, str]]) -> Tags:
    found = {tag["Key"]: tag["Value"] for tag in tags}
    for key in found:
        if key.lower().startswith("aws:"):
            raise InvalidSchedulerRequest(f"Tag key {key} is not valid: it must not start with aws:.")
    return found


def _few(tags: Tags) -> Tags:
    if len(tags) > limits.TAGS:
        raise InvalidSchedulerRequest(f"A schedule group has at most {limits.TAGS} tags.")
    return tags
