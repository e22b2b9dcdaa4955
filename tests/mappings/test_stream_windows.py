"""Windows of a stream's mapping: batching windows that wait, tumbling windows that keep state."""

from __future__ import annotations

from invocations.models import Batch, Stream
from tests.mappings.conftest import Script, World
from tests.mappings.streaming import Rides, calls, data, poll_now, put, rides, stream

__all__ = ["rides", "stream"]


def test_a_tumbling_window_keeps_state_until_its_final_call(
    world: World, script: Script, stream: Stream, rides: Rides
) -> None:
    mapping = rides(tumbling_window_seconds=60, batch_size=2)
    script.answer = lambda event: {"state": {"n": event["state"].get("n", 0) + len(event["Records"])}}
    put(stream, *"abc")
    poll_now(world, mapping)
    world.hand.advance(60)
    put(stream, "d")
    poll_now(world, mapping)
    told = [(data(e), e["state"], e["isFinalInvokeForWindow"], e["window"]["start"]) for e in script.events]
    assert told == [
        (["a", "b"], {}, False, "2026-01-31T12:00:00Z"),
        (["c"], {"n": 2}, False, "2026-01-31T12:00:00Z"),
        ([], {"n": 3}, True, "2026-01-31T12:00:00Z"),
        (["d"], {}, False, "2026-01-31T12:01:00Z"),
    ]
    assert script.events[0]["shardId"] == "shardId-000000000000"
    assert Batch.objects.filter(mapping=mapping, outcome="succeeded").count() == 4


def test_a_window_s_answer_without_state_is_a_failure(
    world: World, script: Script, stream: Stream, rides: Rides
) -> None:
    mapping = rides(tumbling_window_seconds=60, max_retries=0)
    put(stream, "a")
    poll_now(world, mapping)
    [batch] = world.batches(mapping)
    assert batch.outcome == "failed"


def test_a_batching_window_waits(world: World, script: Script, stream: Stream, rides: Rides) -> None:
    mapping = rides(window_seconds=10)
    put(stream, "a")
    poll_now(world, mapping)
    world.hand.advance(9)
    put(stream, "b")
    poll_now(world, mapping)
    assert script.events == []
    world.hand.advance(1)
    poll_now(world, mapping)
    assert calls(script) == ["ab"]
