"""Buses and rules made quickly; what rules send is caught before the outbox."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from invocations import outlet
from invocations.engines.events import buses, publishing, rules, targets
from invocations.engines.events.naming import BusName
from invocations.engines.events.publishing import Entry, Result, Sender
from invocations.engines.events.rules import RuleSpec
from invocations.engines.events.targets import TargetSpec
from invocations.models import Rule
from invocations.values import Parcel, Scope

SCOPE = Scope("000000000000", "us-east-1")
OTHER = Scope("111122223333", "us-east-1")
DEFAULT = BusName(SCOPE, "default")
SHOP = BusName(SCOPE, "shop")
SENDER = Sender(SCOPE, "arn:aws:iam::000000000000:root", "1-67419000-0123456789abcdef01234567", 2, "r-1")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:ship"
PATTERN = json.dumps({"source": ["shop"]})


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch, db: None) -> list[Parcel]:
    """Parcels in the order in which they were posted."""
    caught: list[Parcel] = []

    def catch(parcels: Iterable[Parcel]) -> None:
        caught.extend(parcels)

    monkeypatch.setattr(outlet, "post", catch)
    return caught


@pytest.fixture
def shop(posted: list[Parcel]) -> BusName:
    buses.create(SCOPE, "shop", "", {})
    return SHOP


def rule(named: BusName = DEFAULT, name: str = "orders", pattern: str = PATTERN, **more: Any) -> Rule:
    return rules.put(named, RuleSpec(name, pattern, **more))


def aim(made: Rule, arn: str = QUEUE, target_id: str = "t", **more: Any) -> None:
    named = BusName(Scope(made.bus.account, made.bus.region), made.bus.name)
    targets.put(named, made.name, [TargetSpec(target_id, arn, **more)])


def put(detail: Any = None, *, sender: Sender = SENDER, **more: Any) -> Result:
    values = {"source": "shop", "detail_type": "order", "detail": json.dumps(detail or {}), **more}
    return publishing.put([Entry(**values)], sender)[0]
