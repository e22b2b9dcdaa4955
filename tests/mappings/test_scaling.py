"""How many pollers a queue's mapping has: it begins with five, grows with work that waits, shrinks after throttles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from invocations import clock
from invocations.errors import TooManyRequests
from invocations.flows import hand_over, scaling
from invocations.models import Mapping, Poller
from tests.mappings.conftest import Script, World


@pytest.fixture(autouse=True)
def _slow_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_over, "lately", lambda mapping: 1.0)
    monkeypatch.setattr(scaling, "_busy", lambda: False)
    scaling._shared.clear()


def long_ago(mapping: Mapping) -> Mapping:
    Mapping.objects.update(scaled_at=clock.real() - timedelta(seconds=10))
    scaling._shared.clear()
    return Mapping.objects.get(pk=mapping.pk)


@pytest.mark.parametrize(("limit", "counts"), [(None, [5, 10, 15]), (7, [5, 7, 7]), (2, [2, 2, 2])])
def test_pollers_are_added_while_all_are_busy(world: World, limit: int | None, counts: list[int]) -> None:
    mapping = world.map(world.queue(), max_concurrency=limit)
    seen = [mapping.pollers_wanted]
    for _ in range(2):
        scaling.share(long_ago(mapping), lambda arn: False)
        seen.append(Mapping.objects.get(pk=mapping.pk).pollers_wanted)
    assert seen == counts
    assert Poller.objects.filter(mapping=mapping).count() == counts[-1]


def test_none_is_added_while_one_is_free_or_the_last_change_is_fresh(world: World) -> None:
    mapping = world.map(world.queue())
    scaling.share(long_ago(mapping), lambda arn: True)
    scaling.share(mapping, lambda arn: False)
    assert Mapping.objects.get(pk=mapping.pk).pollers_wanted == 5


@pytest.mark.parametrize("reason", ["quick", "busy"])
def test_none_is_added_where_it_would_not_help(world: World, monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    mapping = world.map(world.queue())
    if reason == "quick":
        monkeypatch.setattr(hand_over, "lately", lambda mapping: 0.01)
    else:
        monkeypatch.setattr(scaling, "_busy", lambda: True)
    scaling.share(long_ago(mapping), lambda arn: False)
    assert Mapping.objects.get(pk=mapping.pk).pollers_wanted == 5


def test_a_few_that_the_owner_asked_for_are_added_on_busy_processors_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "_busy", lambda: True)
    mapping = world.map(world.queue(), max_concurrency=12)
    for _ in range(2):
        scaling.share(long_ago(mapping), lambda arn: False)
        mapping = Mapping.objects.get(pk=mapping.pk)
    assert mapping.pollers_wanted == 10


def test_a_throttle_halves_them(world: World, script: Script) -> None:
    queue = world.queue()
    mapping = world.map(queue)

    def refuse(event: dict[str, Any]) -> Any:
        raise TooManyRequests("ConcurrentInvocationLimitExceeded")

    script.answer = refuse
    long_ago(mapping)
    world.send(queue, "a")
    world.poll(mapping)
    assert Mapping.objects.get(pk=mapping.pk).pollers_wanted == 2
    script.answer = lambda event: None
    world.hand.advance(1)
    world.poll(mapping)
    assert world.left(queue) == [], "a poller that is no longer wanted ends what it has begun"
