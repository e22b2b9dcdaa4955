"""Log groups: which there are, and what was set of them. A function's group is there as soon as it has logged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max, Min

from invocations import clock
from invocations.errors import Refusal
from invocations.models import Attempt, Function, FunctionVersion, Invocation, LogGroup
from invocations.values import LATEST, Scope

DEFAULT_PREFIX = "/aws/lambda/"
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")


class InvalidParameter(Refusal):
    code = "InvalidParameterException"


class AlreadyExists(Refusal):
    code = "ResourceAlreadyExistsException"


class NotFound(Refusal):
    code = "ResourceNotFoundException"

    def __init__(self, what: str = "log group") -> None:
        super().__init__(f"The specified {what} does not exist.")


@dataclass(frozen=True)
class Group:
    """One group as it is now. `functions`: whose attempts are its lines, from after attempt `forgotten` on."""

    scope: Scope
    name: str
    created_at: datetime
    functions: tuple[str, ...]
    forgotten: int = 0
    retention_days: int | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:logs:{self.scope.region}:{self.scope.account}:log-group:{self.name}"


def groups(scope: Scope) -> list[Group]:
    """Return all groups of an account and region, by name."""
    rows = {row.name: row for row in _rows(scope)}
    names = _function_groups(scope)
    found = [_group(scope, name, names.get(name, ()), rows.get(name)) for name in sorted({*rows, *names})]
    return [group for group in found if group is not None]


def find(scope: Scope, name: str) -> Group:
    """Return one group. Raises NotFound."""
    row = _rows(scope).filter(name=name).first()
    found = _group(scope, name, _functions_of(scope, name), row)
    if found is None:
        raise NotFound
    return found


def create(scope: Scope, name: str, tags: Mapping[str, str]) -> None:
    """Make a group. Raises InvalidParameter, AlreadyExists."""
    if not _NAME.fullmatch(name):
        raise InvalidParameter(
            "1 validation error detected: Value at 'logGroupName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        )
    if _exists(scope, name):
        raise AlreadyExists("The specified log group already exists")
    try:
        with transaction.atomic():
            row, _ = LogGroup.objects.get_or_create(
                account=scope.account, region=scope.region, name=name, defaults={"created_at": clock.now()}
            )
            if not LogGroup.objects.filter(pk=row.pk, made=False).update(
                made=True, created_at=clock.now(), tags=dict(tags), retention_days=None
            ):
                raise AlreadyExists("The specified log group already exists")
    except IntegrityError:
        raise AlreadyExists("The specified log group already exists") from None


def delete(scope: Scope, name: str) -> None:
    """Delete a group with its lines; the function's history stays. Raises NotFound."""
    find(scope, name)
    newest = Attempt.objects.aggregate(newest=Max("id"))["newest"] or 0
    _change(scope, name, made=False, forgotten=newest, tags={}, retention_days=None)


def set_retention(scope: Scope, name: str, days: int | None) -> None:
    """Lines older than that are not shown any more; None: for as long as they are kept. Raises InvalidParameter."""
    if days is not None and days not in RETENTION_DAYS:
        allowed = ", ".join(map(str, RETENTION_DAYS))
        raise InvalidParameter(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}]"
        )
    find(scope, name)
    _change(scope, name, retention_days=days)


def tags(scope: Scope, name: str) -> dict[str, str]:
    find(scope, name)
    row = _rows(scope).filter(name=name).first()
    return {} if row is None else dict(row.tags)


def change_tags(scope: Scope, name: str, added: Mapping[str, str], removed: Iterable[str] = ()) -> None:
    """Add and remove tags. Raises NotFound, InvalidParameter when there would be more than fifty."""
    find(scope, name)
    with transaction.atomic():
        _change(scope, name)
        row = _rows(scope).select_for_update().get(name=name)
        after = {**row.tags, **added}
        for key in removed:
            after.pop(key, None)
        if len(after) > 50:
            raise InvalidParameter("A log group can have up to 50 tags.")
        LogGroup.objects.filter(pk=row.pk).update(tags=after)


def _change(scope: Scope, name: str, **values: object) -> None:
    with transaction.atomic():
        row, _ = LogGroup.objects.get_or_create(
            account=scope.account,
            region=scope.region,
            name=name,
            defaults={"created_at": _first_line(scope, _functions_of(scope, name), 0) or clock.now()},
        )
        LogGroup.objects.filter(pk=row.pk).update(**values or {"name": name})


def _exists(scope: Scope, name: str) -> bool:
    try:
        find(scope, name)
    except NotFound:
        return False
    return True


def _rows(scope: Scope):  # type: ignore[no-untyped-def]  # a queryset; its own type says no more
    return LogGroup.objects.filter(account=scope.account, region=scope.region)


def _group(scope: Scope, name: str, functions: tuple[str, ...], row: LogGroup | None) -> Group | None:
    forgotten = 0 if row is None else row.forgotten
    if row is not None and row.made:
        return Group(scope, name, row.created_at, functions, forgotten, row.retention_days)
    began = _first_line(scope, functions, forgotten)
    if began is None:
        return None
    return Group(scope, name, began, functions, forgotten, None if row is None else row.retention_days)


def _first_line(scope: Scope, functions: tuple[str, ...], forgotten: int) -> datetime | None:
    if not functions:
        return None
    found: datetime | None = attempts(scope, functions, forgotten).aggregate(first=Min("started_at"))["first"]
    return found


def attempts(scope: Scope, functions: tuple[str, ...], forgotten: int):  # type: ignore[no-untyped-def]
    """The ended attempts whose output is a group's lines."""
    return Attempt.objects.filter(
        invocation__account=scope.account,
        invocation__region=scope.region,
        invocation__function__in=functions,
        id__gt=forgotten,
        ended_at__isnull=False,
    )


def _function_groups(scope: Scope) -> dict[str, tuple[str, ...]]:
    """Groups by name, each with its functions: those that are, and those that were and have a history."""
    named = _configured(scope)
    found: dict[str, list[str]] = {}
    history = Invocation.objects.filter(account=scope.account, region=scope.region).order_by()
    for function in set(history.values_list("function", flat=True).distinct()) | set(named):
        found.setdefault(named.get(function, f"{DEFAULT_PREFIX}{function}"), []).append(function)
    return {name: tuple(sorted(functions)) for name, functions in found.items()}


def _configured(scope: Scope) -> dict[str, str]:
    rows = FunctionVersion.objects.filter(
        function__account=scope.account, function__region=scope.region, version=LATEST
    )
    return dict(rows.values_list("function__name", "log_group"))


def _functions_of(scope: Scope, name: str) -> tuple[str, ...]:
    rows = FunctionVersion.objects.filter(
        function__account=scope.account, function__region=scope.region, version=LATEST, log_group=name
    )
    found = set(rows.values_list("function__name", flat=True))
    former = name.removeprefix(DEFAULT_PREFIX)
    if former != name:
        there = Function.objects.filter(account=scope.account, region=scope.region, name=former).exists()
        found |= set() if there else {former}
    return tuple(sorted(found))
