"""Tags of buses and rules, by ARN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from django.db import transaction

from invocations.engines.events import buses, limits, rules
from invocations.engines.events.errors import InvalidRequest, LimitExceeded, NotFound
from invocations.engines.events.naming import bus_of_arn, rule_of_arn
from invocations.models import Bus, Rule

Tags = dict[str, str]


def checked(tags: Iterable[Mapping[str, str]]) -> Tags:
    """Return the tags of a request. Raises ValidationException, LimitExceededException."""
    found = {tag["Key"]: tag["Value"] for tag in tags}
    for key in found:
        if key.lower().startswith("aws:"):
            raise InvalidRequest(f"Tag key {key} is not valid: it must not start with aws:.")
    return _few(found)


def of(arn: str) -> Tags:
    tags: Tags = _resource(arn).tags
    return tags


def add(arn: str, tags: Iterable[Mapping[str, str]]) -> None:
    new = checked(tags)
    _change(arn, lambda found: found | new)


def remove(arn: str, keys: Iterable[str]) -> None:
    gone = set(keys)
    _change(arn, lambda found: {key: value for key, value in found.items() if key not in gone})


def _change(arn: str, change: Callable[[Tags], Tags]) -> None:
    model = type(_resource(arn))
    with transaction.atomic():
        row = model.objects.select_for_update(no_key=True).filter(pk=_resource(arn).pk).first()
        if row is None:
            raise _missing(arn)
        row.tags = _few(change(row.tags))
        row.save(update_fields=["tags"])


def _resource(arn: str) -> Bus | Rule:
    rule, bus = rule_of_arn(arn), bus_of_arn(arn)
    if rule is not None:
        found: Bus | Rule | None = rules.find(rule.bus, rule.name)
    elif bus is not None:
        found = buses.find(bus)
    else:
        raise InvalidRequest(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    if found is None:
        raise _missing(arn)
    return found


def _few(tags: Tags) -> Tags:
    if len(tags) > limits.TAGS:
        raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
    return tags


def _missing(arn: str) -> NotFound:
    kind, _, name = arn.split(":", 5)[5].partition("/")
    return NotFound(f"{'Rule' if kind == 'rule' else 'Event bus'} {name} does not exist.")
