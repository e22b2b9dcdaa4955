"""Putting and reading: order, bounds, retention, hooks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from invocations.engines import kinesis
from invocations.engines.kinesis import hashing, hooks, putting, reading, removal, resharding, shard_views, streams
from invocations.engines.kinesis.errors import InvalidArgument, ShardDoesNotExist, ShardNotFound, StreamNotFound
from invocations.engines.kinesis.putting import Entry
from invocations.models import Shard, Stream, StreamRecord
from lambdaplay.db.pool import pooled
from tests.engines.kinesis.conftest import HandClock, MakeStream, put, read_all, shards_of

FIRST = "shardId-000000000000"


def test_records_come_back_whole_and_in_order(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream()
    data = bytes(range(256))
    done = put(stream, "a", "é", "c", data=data)
    found = kinesis.read(stream.arn, FIRST, None, 10, 10**6)
    assert [record.sequence_number for record in found.records] == [entry.sequence_number for entry in done]
    assert [record.partition_key for record in found.records] == ["a", "é", "c"]
    assert {record.data for record in found.records} == {data}
    assert (found.behind, found.millis_behind, found.skipped, found.at_end) == (0, 0, 0, False)


def test_a_record_goes_where_its_hash_lies(make_stream: MakeStream) -> None:
    stream = make_stream(shards=4)
    keys = [f"key-{number}" for number in range(40)]
    ranges = {view.shard_id: view.hash_range for view in kinesis.shards(stream.arn)}
    for key, done in zip(keys, put(stream, *keys), strict=True):
        assert hashing.of_partition_key(key) in ranges[done.shard_id]
    explicit = putting.put(stream, [Entry(b"", "any", 0), Entry(b"", "any", hashing.HIGHEST)])
    assert [done.shard_id for done in explicit] == [FIRST, "shardId-000000000003"]


def test_sequence_numbers_grow_from_put_to_put(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream()
    numbers = []
    for _ in range(3):
        numbers += [int(done.sequence_number) for done in put(stream, "a", "b")]
        hand.advance(-5)  # another process's clock may lag; order never depends on it
    assert numbers == sorted(set(numbers))
    arrivals = list(StreamRecord.objects.order_by("id").values_list("arrived_ms", flat=True))
    assert arrivals == sorted(arrivals)


def test_a_reader_goes_on_behind_what_it_read(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream()
    put(stream, "a", "b")
    hand.advance(3)
    put(stream, "c")
    hand.advance(2)
    first = kinesis.read(stream.arn, FIRST, None, 2, 10**6)
    assert (len(first.records), first.behind, first.millis_behind) == (2, 1, 5000)
    for after in (first.position, first.records[-1].sequence_number):
        rest = kinesis.read(stream.arn, FIRST, after, 2, 10**6)
        assert [record.partition_key for record in rest.records] == ["c"]
        assert rest.millis_behind == 0
    empty = kinesis.read(stream.arn, FIRST, rest.position, 2, 10**6)
    assert (empty.records, empty.position) == ([], rest.position)


def test_a_read_is_bounded_in_bytes_but_never_empty(make_stream: MakeStream) -> None:
    stream = make_stream()
    put(stream, "a", "b", "c", data=b"x" * 1000)
    for most_bytes, expected in ((1, 1), (1001, 1), (2001, 1), (2002, 2), (3003, 3), (10**6, 3)):
        assert len(kinesis.read(stream.arn, FIRST, None, 10, most_bytes).records) == expected


def test_retention_hides_records_before_it_removes_them(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream()
    put(stream, "old", "older")
    begin = kinesis.position(stream.arn, FIRST, "TRIM_HORIZON")
    hand.advance(3600)
    put(stream, "young")
    hand.advance(23 * 3600)
    for _ in range(2):
        found = kinesis.read(stream.arn, FIRST, begin, 10, 10**6)
        assert [record.partition_key for record in found.records] == ["young"]
        assert found.skipped == 2
        removal.sweep()
    assert StreamRecord.objects.count() == 1
    hand.advance(3600)
    gone = kinesis.read(stream.arn, FIRST, begin, 10, 10**6)
    assert (gone.records, gone.skipped, gone.behind) == ([], 3, 0)
    assert kinesis.read(stream.arn, FIRST, gone.position, 10, 10**6).skipped == 0


def test_longer_retention_keeps_them(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream()
    put(stream, "kept")
    streams.keep_longer(stream, 48)
    hand.advance(47 * 3600)
    removal.sweep()
    assert len(read_all(stream, shards_of(stream)[0])) == 1


def test_positions(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream()
    start = hand.moment
    for key in "abc":
        put(stream, key)
        hand.advance(10)

    def keys_from(kind: str, seconds: float | None = None) -> str:
        at = None if seconds is None else start + timedelta(seconds=seconds)
        position = kinesis.position(stream.arn, FIRST, kind, at)
        found = kinesis.read(stream.arn, FIRST, position, 10, 10**6).records
        assert all(int(record.sequence_number) > int(position) for record in found)
        return "".join(record.partition_key for record in found)

    assert keys_from("TRIM_HORIZON") == "abc"
    assert keys_from("LATEST") == ""
    assert [keys_from("AT_TIMESTAMP", s) for s in (-5, 0, 0.001, 10, 19, 20, 20.5)] == [
        "abc", "abc", "bc", "bc", "c", "c", "",
    ]  # fmt: skip
    latest = kinesis.position(stream.arn, FIRST, "LATEST")
    put(stream, "d")
    assert [r.partition_key for r in kinesis.read(stream.arn, FIRST, latest, 10, 10**6).records] == ["d"]


def test_every_moment_is_found_among_many_records(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream()
    start = hand.moment
    for number in range(30):
        put(stream, *[str(number)] * (number % 3 + 1))
        hand.advance(1)
    StreamRecord.objects.filter(
        pk__in=list(StreamRecord.objects.order_by("pk").values_list("pk", flat=True)[:7])
    ).delete()
    for number in range(5, 30):
        position = kinesis.position(stream.arn, FIRST, "AT_TIMESTAMP", start + timedelta(seconds=number - 0.5))
        assert kinesis.read(stream.arn, FIRST, position, 1, 10**6).records[0].partition_key == str(number)


def test_who_put_what_is_told_after_the_commit(make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = make_stream(shards=2)
    told: list[tuple[str, str, int]] = []

    def listen(arn: str, shard_id: str) -> None:
        told.append((arn, shard_id, StreamRecord.objects.count()))

    def broken(arn: str, shard_id: str) -> None:
        raise RuntimeError("a listener's own fault")

    monkeypatch.setattr(hooks, "on_put", [broken, listen])
    putting.put(stream, [Entry(b"", "a", 0), Entry(b"", "b", 0)])
    putting.put(stream, [Entry(b"", "c", 1), Entry(b"", "d", hashing.HIGHEST)])
    assert told == [(stream.arn, FIRST, 2), (stream.arn, FIRST, 4), (stream.arn, "shardId-000000000001", 4)]


def test_putters_in_many_threads_lose_nothing(make_stream: MakeStream) -> None:
    stream = make_stream(shards=2)
    done: list[str] = []

    def work(name: str) -> None:
        for number in range(20):
            with pooled():
                done.extend(entry.sequence_number for entry in put(stream, f"{name}:{number}", f"{name}:{number}"))

    threads = [threading.Thread(target=work, args=(str(name),)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [record for shard in shards_of(stream) for record in read_all(stream, shard, 7)]
    assert sorted(record.sequence_number for record in found) == sorted(done)
    assert len(done) == 160
    for shard in shards_of(stream):
        keys = [record.partition_key.split(":") for record in read_all(stream, shard)]
        for name in {name for name, _ in keys}:
            mine = [int(number) for who, number in keys if who == name]
            assert mine == sorted(mine)


def test_before_it_is_active_and_after_it_is_deleted_nothing_can_be_put(
    make_stream: MakeStream, real: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = make_stream()
    monkeypatch.setattr("invocations.limits.SETTLE_SECONDS", 1.0)
    with pytest.raises(StreamNotFound):
        put(stream, "early")
    real.advance(1)
    put(stream, "in time")
    streams.change(stream)
    put(stream, "while it is updated")
    removal.delete(stream)
    with pytest.raises(StreamNotFound):
        put(stream, "late")
    assert not Stream.objects.exists() and not Shard.objects.exists() and not StreamRecord.objects.exists()


def test_a_large_stream_is_deleted_in_rounds(make_stream: MakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, other = make_stream(shards=2), make_stream("other")
    put(other, "stays")
    put(stream, *[str(number) for number in range(50)])
    monkeypatch.setattr(removal, "_AT_ONCE", 5)
    monkeypatch.setattr(removal, "_PIECES", 4)
    monkeypatch.setattr(removal, "_SWEPT", 4)
    removal.delete(stream)
    assert Stream.objects.get(pk=stream.pk).status_at(stream.status_since) == "DELETING"
    with pytest.raises(StreamNotFound):
        put(Stream.objects.get(pk=stream.pk), "late")
    rounds = 0
    while removal.sweep():
        rounds += 1
    assert rounds == 2
    assert [row.name for row in Stream.objects.all()] == ["other"]
    assert StreamRecord.objects.count() == 1


def test_a_name_used_again_is_another_stream(make_stream: MakeStream, hand: HandClock) -> None:
    stream = make_stream()
    before = put(stream, "a")[0].sequence_number
    removal.delete(stream)
    hand.advance(60)
    again = make_stream()
    assert again.stream_id != stream.stream_id
    with pytest.raises(InvalidArgument, match="did not come from this stream"):
        kinesis.read(again.arn, FIRST, before, 10, 10**6)
    assert kinesis.read(again.arn, FIRST, None, 10, 10**6).records == []


@pytest.mark.parametrize("shard_id", ["shardId-000000000001", "shardId-2", "7"])
def test_a_shard_that_never_was(make_stream: MakeStream, shard_id: str) -> None:
    with pytest.raises(ShardDoesNotExist, match="does not exist"):
        kinesis.read(make_stream().arn, shard_id, None, 10, 10**6)


def test_what_is_no_shard_id_or_stream(make_stream: MakeStream) -> None:
    stream = make_stream()
    with pytest.raises(ShardNotFound):
        kinesis.read(stream.arn, "nonsense", None, 10, 10**6)
    for arn in ("nonsense", stream.arn + "2", stream.arn.replace("us-east-1", "eu-west-1")):
        with pytest.raises(StreamNotFound):
            kinesis.shards(arn)


def test_another_shards_number_is_refused(make_stream: MakeStream) -> None:
    stream = make_stream(shards=2)
    done = putting.put(stream, [Entry(b"", "a", 0)])[0]
    with pytest.raises(InvalidArgument, match="It encodes shardId-000000000000, while it was used in a call to"):
        kinesis.read(stream.arn, "shardId-000000000001", done.sequence_number, 10, 10**6)
    with pytest.raises(InvalidArgument, match=r"is invalid\.$"):
        kinesis.read(stream.arn, FIRST, "17", 10, 10**6)


def test_a_closed_shard_ends_when_all_of_it_is_read(make_stream: MakeStream) -> None:
    stream = make_stream()
    put(stream, "a", "b", "c")
    resharding.split(stream, FIRST, 2**127)
    first = kinesis.read(stream.arn, FIRST, None, 2, 10**6)
    assert (first.behind, first.at_end) == (1, False)
    last = kinesis.read(stream.arn, FIRST, first.position, 2, 10**6)
    assert (len(last.records), last.at_end) == (1, True)
    end = kinesis.shards(stream.arn)[0].last_sequence
    assert end is not None
    assert kinesis.read(stream.arn, FIRST, end, 2, 10**6).at_end
    assert [view.parents for view in kinesis.shards(stream.arn)] == [(), (FIRST,), (FIRST,)]


def test_a_closed_shard_is_gone_when_its_records_are_past_their_retention(
    make_stream: MakeStream, hand: HandClock
) -> None:
    stream = make_stream()
    put(stream, "a")
    resharding.split(stream, FIRST, 2**127)
    hand.advance(24 * 3600)
    assert [view.shard_id for view in kinesis.shards(stream.arn)] == ["shardId-000000000001", "shardId-000000000002"]
    removal.sweep()
    assert len(shards_of(stream)) == 2
    assert StreamRecord.objects.count() == 0
    with pytest.raises(ShardDoesNotExist):
        kinesis.read(stream.arn, FIRST, None, 10, 10**6)
    assert shard_views.children(stream, shards_of(stream)[0]) == []


def test_reading_uses_the_row_as_it_was_when_asked(make_stream: MakeStream) -> None:
    """A put between the look at the shard and the look at its records is given, and counts as nothing left."""
    stream = make_stream()
    stale = reading.readable(stream, shards_of(stream)[0])
    put(stream, "a")
    look = reading.read(stale, 0, 10, 10**6)
    assert (len(look.records), look.behind) == (1, 0)
