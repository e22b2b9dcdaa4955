"""Names and ARNs of buses and rules, taken apart in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from invocations.values import Scope

DEFAULT = "default"
_BUS = re.compile(r"arn:aws[\w-]*:events:([a-z0-9-]{1,32}):(\d{12}):event-bus/([/.\-_A-Za-z0-9]{1,256})")
_RULE = re.compile(
    r"arn:aws[\w-]*:events:([a-z0-9-]{1,32}):(\d{12}):rule/(?:([/.\-_A-Za-z0-9]{1,256})/)?([.\-_A-Za-z0-9]{1,64})"
)


@dataclass(frozen=True)
class BusName:
    """A bus, whether it is there or not."""

    scope: Scope
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:events:{self.scope.region}:{self.scope.account}:event-bus/{self.name}"


@dataclass(frozen=True)
class RuleName:
    """A rule of a bus, whether it is there or not."""

    bus: BusName
    name: str


def bus_named(text: str | None, scope: Scope) -> BusName:
    """Read what a caller wrote for a bus: nothing (the default bus), its name, or its ARN."""
    if not text:
        return BusName(scope, DEFAULT)
    return bus_of_arn(text) or BusName(scope, text)


def bus_of_arn(text: str) -> BusName | None:
    match = _BUS.fullmatch(text)
    return None if match is None else BusName(Scope(match[2], match[1]), match[3])


def rule_of_arn(text: str) -> RuleName | None:
    match = _RULE.fullmatch(text)
    if match is None:
        return None
    return RuleName(BusName(Scope(match[2], match[1]), match[3] or DEFAULT), match[4])
