"""Queues made quickly, and a product clock that moves only when a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from invocations import clock
from invocations.engines.sqs import queues
from invocations.models import Queue
from invocations.values import Scope

SCOPE = Scope("000000000000", "us-east-1")

MakeQueue = Callable[..., Queue]


class HandClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    by_hand = HandClock()
    monkeypatch.setattr(clock, "now", by_hand.now)
    return by_hand


@pytest.fixture
def make_queue(transactional_db: None) -> MakeQueue:
    def make(name: str = "orders", scope: Scope = SCOPE, **attributes: str) -> Queue:
        if name.endswith(".fifo"):
            attributes.setdefault("FifoQueue", "true")
        return queues.create(scope, name, attributes, {})

    return make
