"""Streams made quickly, and a product clock that moves only when a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from invocations import clock, limits
from invocations.engines.kinesis import putting, reading, streams
from invocations.engines.kinesis.putting import Entry, Put
from invocations.models import Shard, Stream
from invocations.values import Scope

SCOPE = Scope("000000000000", "us-east-1")

MakeStream = Callable[..., Stream]


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
def real(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    """Real time, moved by hand as well."""
    by_hand = HandClock()
    monkeypatch.setattr(clock, "real", by_hand.now)
    return by_hand


@pytest.fixture
def make_stream(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> MakeStream:
    """Streams that are ACTIVE at once."""
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)

    def make(name: str = "rides", shards: int = 1, scope: Scope = SCOPE) -> Stream:
        return streams.create(scope, name, shards)

    return make


def put(stream: Stream, *keys: str, data: bytes = b"") -> list[Put]:
    """One record for each partition key, whose data is the key unless given."""
    return putting.put(stream, [Entry(data or key.encode(), key) for key in keys])


def shards_of(stream: Stream) -> list[Shard]:
    return list(Shard.objects.filter(stream=stream).order_by("number"))


def read_all(stream: Stream, shard: Shard, at_once: int = 1000) -> list[reading.Record]:
    """Every record of the shard, read `at_once` at a time."""
    found: list[reading.Record] = []
    place = 0
    while True:
        now = reading.readable(Stream.objects.get(pk=stream.pk), Shard.objects.get(pk=shard.pk))
        look = reading.read(now, place, at_once, 10**7)
        found += look.records
        if not look.records:
            return found
        place = look.place
