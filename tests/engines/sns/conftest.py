"""Topics made quickly, a product clock that moves only when a test moves it, and a key that all tests share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from invocations import clock, outlet
from invocations.engines.sns import publishing, subscriptions, topics
from invocations.engines.sns.content import Outgoing
from invocations.engines.sns.fanout import Origin
from invocations.engines.sns.subscriptions import Subscriber
from invocations.models import Subscription, Topic
from invocations.values import Parcel, Scope

SCOPE = Scope("000000000000", "us-east-1")
OWNER = Subscriber(SCOPE.account, f"arn:aws:iam::{SCOPE.account}:root")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:audit"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:worker"
URL = "http://127.0.0.1:1/hook"

MakeTopic = Callable[..., Topic]
Subscribe = Callable[..., Subscription]


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Every test here has one."""


@pytest.fixture
def make_topic() -> MakeTopic:
    def make(name: str = "orders", **attributes: str) -> Topic:
        if name.endswith(".fifo"):
            attributes.setdefault("FifoTopic", "true")
        return topics.create(SCOPE, name, attributes)

    return make


@pytest.fixture
def subscribe() -> Subscribe:
    def make(topic: Topic, protocol: str = "sqs", endpoint: str = QUEUE, **attributes: str) -> Subscription:
        return subscriptions.subscribe(topic, protocol, endpoint, attributes, OWNER)

    return make


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[Parcel]:
    """What was handed to the outbox."""
    seen: list[Parcel] = []
    monkeypatch.setattr(outlet, "_post", [seen.extend])
    return seen


def publish(topic: Topic, *messages: str | Outgoing, origin: Origin | None = None) -> Sequence[Any]:
    whole = [one if isinstance(one, Outgoing) else Outgoing(one) for one in messages]
    return publishing.publish(topic, whole, origin or Origin())


class HandClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 12, 34, 56, 789_000, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **how_far: float) -> None:
        self.moment += timedelta(**how_far)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    by_hand = HandClock()
    monkeypatch.setattr(clock, "now", by_hand.now)
    return by_hand
