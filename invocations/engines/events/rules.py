"""Rules: made, replaced, found, listed, switched on and off, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from invocations import clock
from invocations.decisions.event_pattern import InvalidPattern, compile_pattern
from invocations.engines.events import buses, limits, scheduling
from invocations.engines.events.errors import (
    InvalidEventPattern,
    InvalidRequest,
    LimitExceeded,
    Unsupported,
    missing_rule,
)
from invocations.engines.events.naming import BusName
from invocations.models import Bus, Rule


@dataclass(frozen=True)
class RuleSpec:
    """A rule as PutRule gives it: what is left out is emptied, also in a rule that is there."""

    name: str
    pattern: str = ""
    schedule: str = ""
    state: str = Rule.State.ENABLED
    description: str = ""
    role_arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)  # of a new rule only


def put(named: BusName, spec: RuleSpec) -> Rule:
    """Make or replace a rule; its targets stay. Raises BusRefusal."""
    bus = buses.need(named)
    _check(bus, spec)
    now = clock.now()
    values = {
        "pattern": spec.pattern,
        "schedule": spec.schedule,
        "state": spec.state,
        "description": spec.description,
        "role_arn": spec.role_arn,
        "modified_at": now,
        "next_at": scheduling.first_slot(spec.schedule, spec.state == Rule.State.ENABLED),
    }
    with transaction.atomic():
        if not Rule.objects.filter(bus=bus, name=spec.name).update(**values):
            if Rule.objects.filter(bus=bus).count() >= limits.RULES:
                raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
            _make(bus, spec, {**values, "created_at": now, "tags": dict(spec.tags)})
    return need(named, spec.name)


def _make(bus: Bus, spec: RuleSpec, values: Mapping[str, object]) -> None:
    try:
        with transaction.atomic():
            Rule.objects.create(bus=bus, name=spec.name, **values)
    except IntegrityError:  # another caller made it in the same moment
        Rule.objects.filter(bus=bus, name=spec.name).update(**values)


def _check(bus: Bus, spec: RuleSpec) -> None:
    if not spec.pattern and not spec.schedule:
        raise InvalidRequest("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if spec.state not in Rule.State.values:
        raise Unsupported(f"lambdaplay does not offer the state {spec.state}: it has no management events.")
    if spec.schedule and bus.name != "default":
        raise InvalidRequest("ScheduleExpression is supported only on the default event bus.")
    if spec.schedule:
        scheduling.check(spec.schedule)
    if spec.pattern:
        check_pattern(spec.pattern)


def check_pattern(text: str) -> None:
    """Raises InvalidEventPatternException with the reason."""
    try:
        compile_pattern(text)
    except InvalidPattern as reason:
        raise InvalidEventPattern(str(reason)) from None


def find(named: BusName, name: str) -> Rule | None:
    scope = named.scope
    rows = Rule.objects.filter(
        bus__account=scope.account, bus__region=scope.region, bus__name=named.name, name=name
    ).select_related("bus")
    return rows.first()


def need(named: BusName, name: str) -> Rule:
    """Raises ResourceNotFoundException: the bus's, or the rule's."""
    found = find(named, name)
    if found is None:
        buses.need(named)
        raise missing_rule(name, named.name)
    return found


def listed(named: BusName, prefix: str = "", after: str = "", most: int = limits.LIST_ITEMS) -> list[Rule]:
    """Rules of a bus by name, those behind `after`; one more than `most` when there are more."""
    rows = Rule.objects.filter(bus=buses.need(named), name__gt=after).select_related("bus").order_by("name")
    if prefix:
        rows = rows.filter(name__gte=prefix, name__lt=prefix + "\U0010ffff")
    return list(rows[: most + 1])


def by_target(named: BusName, target_arn: str, after: str = "", most: int = limits.LIST_ITEMS) -> list[str]:
    """Names of the rules of a bus that send to a target, like `listed`."""
    rows = Rule.objects.filter(bus=buses.need(named), targets__arn=target_arn, name__gt=after)
    return list(rows.order_by("name").values_list("name", flat=True).distinct()[: most + 1])


def switch(named: BusName, name: str, state: Rule.State) -> None:
    """Enable or disable. Raises ResourceNotFoundException."""
    rule = need(named, name)
    values: dict[str, object] = {"state": state, "modified_at": clock.now()}
    if state != rule.state:
        values["next_at"] = scheduling.first_slot(rule.schedule, state == Rule.State.ENABLED)
    if not Rule.objects.filter(pk=rule.pk).update(**values):
        raise missing_rule(name, named.name)


def change_pattern(rule: Rule, text: str) -> None:
    """Set a rule's pattern and leave the rest of it. Raises BusRefusal."""
    check_pattern(text)
    if not Rule.objects.filter(pk=rule.pk).update(pattern=text, modified_at=clock.now()):
        raise missing_rule(rule.name, rule.bus.name)


def delete(named: BusName, name: str) -> None:
    """Delete a rule without targets; one that is not there is no error. Raises ValidationException."""
    buses.need(named)
    with transaction.atomic():
        rule = find(named, name)
        if rule is None:
            return
        rule = Rule.objects.select_for_update().filter(pk=rule.pk).first()
        if rule is None:
            return
        if rule.targets.exists():
            raise InvalidRequest("Rule can't be deleted since it has targets.")
        rule.delete()
