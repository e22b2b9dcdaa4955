"""Kinesis: streams of our own engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from invocations.engines import kinesis
from invocations.engines.kinesis import InvalidArgument, ShardDoesNotExist, StreamNotFound
from invocations.engines.kinesis.reading import Reading, Record
from invocations.sources.base import Page, Read, ShardFacts, SourceTrouble, StreamSource
from invocations.sources.kinesis import records
from invocations.values import Place

_READ_BYTES = 6 * 1024 * 1024  # an event holds no more


class Embedded(StreamSource):
    idle_seconds = 5.0  # a put wakes its shard's readers

    def check(self, place: Place) -> None:
        try:
            kinesis.find(place.arn)
        except StreamNotFound:
            raise _gone(place.arn) from None

    def shards(self, place: Place) -> list[ShardFacts]:
        try:
            return [ShardFacts(shard.shard_id, shard.parents) for shard in kinesis.shards(place.arn)]
        except StreamNotFound:
            raise _gone(place.arn) from None

    def start(self, place: Place, shard: str, position: str, at: datetime | None) -> str:
        try:
            return "" if position == "TRIM_HORIZON" else kinesis.position(place.arn, shard, position, at)
        except StreamNotFound:
            raise _gone(place.arn) from None

    def read(self, place: Place, shard: str, after: str, most: int, identity: str) -> Page:
        arn = place.arn
        found = _reading(arn, shard, after, most)
        if found is None:
            return Page((), after, ended=True)
        read = tuple(_read(arn, shard, record, identity) for record in found.records)
        skipped = found.skipped if after else 0
        # A sequence number of the last record says as much as the position, and people find it in their records.
        position = read[-1].id if read else found.position if skipped else after
        return Page(read, position, found.at_end, found.behind > 0, found.millis_behind, skipped)

    def newest(self, place: Place, shard: str, most: int) -> list[Read]:
        try:
            found = kinesis.newest(place.arn, shard, most)
        except StreamNotFound:
            raise _gone(place.arn) from None
        except ShardDoesNotExist:
            return []
        return [_read(place.arn, shard, record, "") for record in found]

    def view(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return records.view_of(record)

    def has_more(self, place: Place, shard: str, after: str) -> bool:
        found = _reading(place.arn, shard, after, 1)
        return found is not None and bool(found.records)

    def batch_info(self, place: Place, shard: str, found: Sequence[Read]) -> tuple[str, dict[str, Any]]:
        return records.batch_info(place, shard, found)


def _gone(arn: str) -> SourceTrouble:
    return SourceTrouble(f"Stream not found: {arn}")


def _reading(arn: str, shard: str, after: str, most: int) -> Reading | None:
    """None when the shard is past its retention, and with it all that was in it."""
    try:
        return kinesis.read(arn, shard, after or None, most, _READ_BYTES)
    except StreamNotFound:
        raise _gone(arn) from None
    except ShardDoesNotExist:
        return None
    except InvalidArgument:  # a stream of this name was made anew: its shards are read from their beginning
        return kinesis.read(arn, shard, None, most, _READ_BYTES)


def _read(arn: str, shard: str, found: Record, identity: str) -> Read:
    arrived = datetime.fromtimestamp(found.arrived_ms / 1000, UTC)
    return records.read_of(arn, shard, found.sequence_number, found.partition_key, found.data, arrived, identity)
