"""Splitting and merging: the key space stays covered once, nothing is lost, order per key is kept."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invocations.engines import kinesis
from invocations.engines.kinesis import hashing, removal, resharding, shard_views
from invocations.engines.kinesis import limits as quotas
from invocations.engines.kinesis.errors import InvalidArgument, LimitExceeded, StreamNotActive, StreamRefusal
from invocations.engines.kinesis.hashing import HashRange
from invocations.engines.kinesis.shard_views import ShardFilter, ShardView
from invocations.models import Shard, Stream
from lambdaplay.db.pool import pooled
from tests.engines.kinesis.conftest import HandClock, MakeStream, put, read_all, shards_of

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5)),
        st.tuples(st.just("split"), st.integers(0, 20), st.floats(0.05, 0.95)),
        st.tuples(st.just("merge"), st.integers(0, 20)),
        st.tuples(st.just("count"), st.integers(1, 6)),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 7])),
    ),
    max_size=12,
)


def assert_covered_once(views: Sequence[ShardView]) -> None:
    open_ones = sorted((view.hash_range.first, view.hash_range.last) for view in views if not view.closed)
    assert open_ones[0][0] == 0 and open_ones[-1][1] == hashing.HIGHEST
    assert all(low[1] + 1 == high[0] for low, high in pairwise(open_ones))


def assert_lineage(views: Sequence[ShardView]) -> None:
    """Children begin behind their parents' ends, and lie inside what their parents covered."""
    by_id = {view.shard_id: view for view in views}
    for view in views:
        parents = [by_id[parent] for parent in view.parents]
        assert len(parents) <= 2
        for parent in parents:
            assert parent.closed and parent.last_sequence is not None
            assert int(parent.last_sequence) < int(view.first_sequence)
        if parents:
            covered = HashRange(min(p.hash_range.first for p in parents), max(p.hash_range.last for p in parents))
            assert view.hash_range.first in covered and view.hash_range.last in covered


def apply(stream: Stream, hand: HandClock, step: tuple[Any, ...], written: list[tuple[str, str]]) -> None:
    open_ones = sorted(shard_views.open_ones(stream), key=lambda shard: int(shard.first_hash))
    match step:
        case ("put", keys):
            written += [(key, done.sequence_number) for key, done in zip(keys, put(stream, *keys), strict=True)]
        case ("split", which, part):
            shard = open_ones[which % len(open_ones)]
            space = shard_views.hash_range(shard)
            resharding.split(stream, shard.shard_id, space.first + int((space.last - space.first) * part))
        case ("merge", which) if len(open_ones) > 1:
            lower = which % (len(open_ones) - 1)
            resharding.merge(stream, open_ones[lower].shard_id, open_ones[lower + 1].shard_id)
        case ("count", target) if target <= 2 * len(open_ones) and 2 * target >= len(open_ones):
            assert resharding.update_count(stream, target) == len(open_ones)
            ranges = [shard_views.hash_range(shard) for shard in shard_views.open_ones(stream)]
            assert len(ranges) == target
        case ("wait", seconds):
            hand.advance(seconds)


def test_nothing_is_lost_and_order_per_key_is_kept(make_stream: MakeStream, hand: HandClock) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(1, 3), STEPS)
    def runs(shards: int, steps: list[tuple[Any, ...]]) -> None:
        stream = make_stream("model", shards)
        written: list[tuple[str, str]] = []
        for step in steps:
            apply(Stream.objects.get(pk=stream.pk), hand, step, written)
        views = kinesis.shards(stream.arn)
        assert_covered_once(views)
        assert_lineage(views)
        # Read as a consumer does: a shard when its parents are done. Shards are listed parents first.
        found = [
            (record.partition_key, record.sequence_number)
            for shard in shards_of(stream)
            for record in read_all(stream, shard, 3)
        ]
        assert sorted(found) == sorted(written)
        for key in {key for key, _ in written}:
            assert [number for name, number in found if name == key] == [n for name, n in written if name == key]
        for shard, view in zip(shards_of(stream), views, strict=True):
            numbers = [int(record.sequence_number) for record in read_all(stream, shard)]
            assert all(int(view.first_sequence) < number for number in numbers)
            assert view.last_sequence is None or all(number < int(view.last_sequence) for number in numbers)
        removal.delete(stream)

    runs()


@pytest.mark.parametrize(
    ("before", "after"), [(1, 2), (2, 4), (4, 5), (4, 2), (5, 3), (3, 6), (6, 3), (7, 13), (13, 7), (4, 4)]
)
def test_update_makes_shards_of_one_size(make_stream: MakeStream, before: int, after: int) -> None:
    stream = make_stream(shards=before)
    assert resharding.update_count(stream, after) == before
    views = kinesis.shards(stream.arn)
    assert_covered_once(views)
    assert_lineage(views)
    sizes = [view.hash_range.last - view.hash_range.first for view in views if not view.closed]
    assert len(sizes) == after
    assert max(sizes) - min(sizes) <= hashing.HIGHEST // 100 // after
    if before == after:
        assert len(views) == before


def test_puts_go_on_while_shards_change(make_stream: MakeStream) -> None:
    stream = make_stream(shards=2)
    written: list[str] = []
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            with pooled():
                written.extend(done.sequence_number for done in put(stream, *[f"{number}-{part}" for part in range(3)]))
            number += 1

    writer = threading.Thread(target=work)
    writer.start()
    try:
        for target in (4, 2, 3, 6, 4):
            resharding.update_count(Stream.objects.get(pk=stream.pk), target)
    finally:
        stop.set()
        writer.join()
    found = [record.sequence_number for shard in shards_of(stream) for record in read_all(stream, shard)]
    assert sorted(found) == sorted(written)
    assert written


def test_two_reshards_at_once_are_refused(
    make_stream: MakeStream, real: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = make_stream()
    monkeypatch.setattr("invocations.limits.SETTLE_SECONDS", 1.0)
    real.advance(1)
    stale = Stream.objects.get(pk=stream.pk)
    resharding.split(stream, "shardId-000000000000", 2**127)
    for row in (stale, Stream.objects.get(pk=stream.pk)):
        with pytest.raises(StreamNotActive, match="not ACTIVE, instead in state UPDATING"):
            resharding.update_count(row, 4)
    real.advance(1)
    resharding.update_count(Stream.objects.get(pk=stream.pk), 4)


def refusal(stream: Stream, verb: str, *arguments: Any) -> str:
    with pytest.raises(StreamRefusal) as caught:
        getattr(resharding, verb)(stream, *arguments)
    return f"{caught.value.code}: {caught.value}"


def test_what_cannot_be_split_or_merged_is_refused_and_nothing_changes(make_stream: MakeStream) -> None:
    stream = make_stream(shards=3)
    ids = [f"shardId-00000000000{number}" for number in range(5)]
    whose = "in stream rides under account 000000000000"
    first = shard_views.hash_range(shards_of(stream)[0])
    for border in (0, 1, first.last, first.last + 1, hashing.HIGHEST):
        assert refusal(stream, "split", ids[0], border) == (
            f"InvalidArgumentException: NewStartingHashKey {border} used in SplitShard() on shard {ids[0]} {whose} "
            f"is not both greater than one plus the shard's StartingHashKey {first.first} "
            f"and less than the shard's EndingHashKey {first.last}."
        )
    for pair in ((0, 2), (1, 0), (0, 0)):
        a, b = ids[pair[0]], ids[pair[1]]
        assert refusal(stream, "merge", a, b) == (
            f"InvalidArgumentException: Shards {a} and {b} {whose} are not an adjacent pair of shards "
            "eligible for merging"
        )
    assert refusal(stream, "split", ids[4], 5) == f"ResourceNotFoundException: Shard {ids[4]} {whose} does not exist"
    assert refusal(stream, "update_count", 7) == (
        "LimitExceededException: UpdateShardCount cannot scale up over double your current open shard count. "
        "Current open shard count: 3, Target shard count: 7"
    )
    assert refusal(stream, "update_count", 1) == (
        "LimitExceededException: UpdateShardCount cannot scale down below half your current open shard count. "
        "Current open shard count: 3, Target shard count: 1"
    )
    assert len(shards_of(stream)) == 3
    resharding.merge(stream, ids[0], ids[1])
    for verb, arguments in (("split", (ids[0], 5)), ("merge", (ids[0], ids[2]))):
        assert refusal(stream, verb, *arguments) == (
            f"InvalidArgumentException: Shard {ids[0]} {whose} has already been merged or split, "
            "and thus is not eligible for merging or splitting."
        )


def test_the_account_has_so_many_shards(make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = make_stream(shards=3)
    monkeypatch.setattr(quotas, "SHARDS", 4)
    with pytest.raises(LimitExceeded, match=r"Current shard count for the account: 3\. Limit: 4\..*request: 2\."):
        make_stream("more", 2)
    with pytest.raises(LimitExceeded, match="Target shard count or number of open shards cannot be greater than 4"):
        resharding.update_count(stream, 6)
    resharding.split(stream, "shardId-000000000000", 5)
    with pytest.raises(LimitExceeded):
        resharding.split(Stream.objects.get(pk=stream.pk), "shardId-000000000001", shard_first(stream, 1) + 5)


def shard_first(stream: Stream, number: int) -> int:
    return int(Shard.objects.get(stream=stream, number=number).first_hash)


def test_filters_pick_shards_by_when_they_were_open(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream(shards=2)
    created = hand.moment
    hand.advance(100)
    resharding.split(stream, "shardId-000000000000", 2**126)
    split_at = hand.moment
    hand.advance(100)

    def numbers(kind: str, **more: Any) -> list[int]:
        return [row.number for row in shard_views.picked(Stream.objects.get(pk=stream.pk), ShardFilter(kind, **more))]

    assert numbers("FROM_TRIM_HORIZON") == [0, 1, 2, 3]
    assert numbers("AT_TRIM_HORIZON") == [0, 1]
    assert numbers("AT_LATEST") == [1, 2, 3]
    assert numbers("AFTER_SHARD_ID", shard_id="shardId-000000000001") == [2, 3]
    assert numbers("AT_TIMESTAMP", timestamp=created) == [0, 1]
    assert numbers("AT_TIMESTAMP", timestamp=split_at) == [1, 2, 3]
    assert numbers("FROM_TIMESTAMP", timestamp=created) == [0, 1, 2, 3]
    assert numbers("FROM_TIMESTAMP", timestamp=split_at) == [1, 2, 3]
    for kind in ("AFTER_SHARD_ID", "AT_TIMESTAMP", "FROM_TIMESTAMP"):
        with pytest.raises(InvalidArgument):
            numbers(kind)
