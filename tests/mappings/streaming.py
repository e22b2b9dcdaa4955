"""What tests of streams share: a stream, a mapping of it, and looking at what was called."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from invocations import limits
from invocations.engines.kinesis import putting, streams
from invocations.engines.kinesis.putting import Entry
from invocations.models import Mapping, Poller, Stream
from tests.flows.conftest import SCOPE
from tests.mappings.conftest import Script, World

Rides = Callable[..., Mapping]


def put(stream: Stream, *bodies: str, key: str | None = None) -> list[str]:
    return [one.sequence_number for one in putting.put(stream, [Entry(b.encode(), key or b) for b in bodies])]


def data(event: dict[str, Any]) -> list[str]:
    return [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]


def calls(script: Script) -> list[str]:
    """What each call was given, as one string."""
    return ["".join(data(event)) for event in script.events]


@pytest.fixture
def stream(world: World, monkeypatch: pytest.MonkeyPatch) -> Stream:
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    return streams.create(SCOPE, "rides", 1)


@pytest.fixture
def rides(world: World, stream: Stream) -> Rides:
    def make(**options: Any) -> Mapping:
        return world.map(stream, **{"starting_position": "TRIM_HORIZON", **options})  # type: ignore[arg-type]

    return make


def fails_on(script: Script, *poison: str) -> Callable[[dict[str, Any]], Any]:
    return lambda event: script.fail(event) if set(poison) & set(data(event)) else None


def keep_polling(world: World, mapping: Mapping, seconds: float, step: float = 0.5) -> None:
    """Let product time pass while pollers are looked after."""
    for _ in range(round(seconds / step)):
        Poller.objects.update(idle_until=None)
        world.poll(mapping)
        world.hand.advance(step)


def poll_now(world: World, mapping: Mapping) -> None:
    Poller.objects.update(idle_until=None)
    world.poll(mapping)
