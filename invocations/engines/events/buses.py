"""Buses themselves: made, found, listed, permitted, deleted. The default bus is there as soon as one looks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from invocations import clock
from invocations.engines.events import limits, policies
from invocations.engines.events.errors import AlreadyExists, InvalidRequest, LimitExceeded, invalid, missing_bus
from invocations.engines.events.naming import DEFAULT, BusName
from invocations.models import Bus
from invocations.values import Scope


@dataclass(frozen=True)
class Permission:
    """One statement, as PutPermission gives it."""

    statement_id: str
    action: str
    principal: str  # a 12-digit account, or "*"
    condition: Mapping[str, str] | None = None


def create(scope: Scope, name: str, description: str, tags: Mapping[str, str]) -> Bus:
    """Make a bus. Raises BusRefusal."""
    if "/" in name:
        raise InvalidRequest("Event bus name must not contain '/'.")
    taken = AlreadyExists(f"Event bus {name} already exists.")
    if name == DEFAULT or Bus.objects.within(scope).filter(name=name).exists():
        raise taken
    if Bus.objects.within(scope).exclude(name=DEFAULT).count() >= limits.BUSES:
        raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
    try:
        with transaction.atomic():
            return _make(scope, name, description, tags)
    except IntegrityError:
        raise taken from None


def _make(scope: Scope, name: str, description: str = "", tags: Mapping[str, str] | None = None) -> Bus:
    now = clock.now()
    return Bus.objects.create(
        account=scope.account,
        region=scope.region,
        name=name,
        description=description,
        tags=dict(tags or {}),
        created_at=now,
        modified_at=now,
    )


def find(named: BusName) -> Bus | None:
    """The bus; None when there is none of that name. The default bus is made where it is missing."""
    found = Bus.objects.within(named.scope).filter(name=named.name).first()
    if found is not None or named.name != DEFAULT:
        return found
    try:
        with transaction.atomic():
            return _make(named.scope, DEFAULT)
    except IntegrityError:  # another caller looked in the same moment
        return Bus.objects.within(named.scope).get(name=DEFAULT)


def need(named: BusName) -> Bus:
    """Raises ResourceNotFoundException."""
    found = find(named)
    if found is None:
        raise missing_bus(named.name)
    return found


def listed(scope: Scope, prefix: str = "", after: str = "", most: int = limits.LIST_ITEMS) -> list[Bus]:
    """Buses by name, those behind `after`; one more than `most` when there are more."""
    need(BusName(scope, DEFAULT))
    rows = Bus.objects.within(scope).filter(name__gt=after).order_by("name")
    if prefix:
        # LIKE's case rules differ between databases; a range of names does not.
        rows = rows.filter(name__gte=prefix, name__lt=prefix + "\U0010ffff")
    return list(rows[: most + 1])


def describe_as(bus: Bus, description: str) -> None:
    Bus.objects.filter(pk=bus.pk).update(description=description, modified_at=clock.now())


def permit(named: BusName, permission: Permission) -> None:
    """Add a statement to the policy. Raises BusRefusal."""
    if permission.action != policies.PUT:
        raise invalid("Action", "Provided value in parameter 'action' is not supported.")
    with transaction.atomic():
        bus = _locked(named)
        text = policies.with_statement(
            bus, permission.statement_id, permission.action, permission.principal, permission.condition
        )
        _set_policy(bus, text)


def set_policy(named: BusName, text: str) -> None:
    """Replace the whole policy. Raises BusRefusal."""
    text = policies.checked(text)
    with transaction.atomic():
        _set_policy(_locked(named), text)


def forbid(named: BusName, statement_id: str | None) -> None:
    """Take a statement, or (None) all of them, out of the policy. Raises ResourceNotFoundException."""
    with transaction.atomic():
        bus = _locked(named)
        _set_policy(bus, "" if statement_id is None else policies.without_statement(bus, statement_id))


def _locked(named: BusName) -> Bus:
    return Bus.objects.select_for_update(no_key=True).get(pk=need(named).pk)


def _set_policy(bus: Bus, text: str) -> None:
    Bus.objects.filter(pk=bus.pk).update(policy=text, modified_at=clock.now())


def delete(named: BusName) -> None:
    """Delete a bus; one that is not there is no error. Raises ValidationException while it has rules."""
    if named.name == DEFAULT:
        raise InvalidRequest(f"Cannot delete event bus {DEFAULT}.")
    with transaction.atomic():
        bus = Bus.objects.within(named.scope).select_for_update().filter(name=named.name).first()
        if bus is None:
            return
        if bus.rules.exists():
            raise InvalidRequest("Event bus can't be deleted since it has rules.")
        bus.delete()
