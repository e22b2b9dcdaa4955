"""Kinesis: streams on the database. Knows who puts and reads only by name.

For other rooms: `put`, `shards`, `read` and `position` by stream ARN and shard id, and `on_put`, the callables that
are told which shard has something new (after the commit, in the putter's thread).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from invocations.engines.kinesis import browsing, iterators, places, reading, shard_views, streams
from invocations.engines.kinesis import putting as _putting
from invocations.engines.kinesis.errors import (
    InvalidArgument,
    NotFound,
    ShardDoesNotExist,
    ShardNotFound,
    StreamNotFound,
    StreamRefusal,
)
from invocations.engines.kinesis.hooks import on_put
from invocations.engines.kinesis.putting import Entry, Put
from invocations.engines.kinesis.reading import Reading, Record
from invocations.engines.kinesis.shard_views import ShardView
from invocations.models import Stream

__all__ = [
    "Entry",
    "InvalidArgument",
    "NotFound",
    "Put",
    "Reading",
    "Record",
    "ShardDoesNotExist",
    "ShardNotFound",
    "ShardView",
    "StreamNotFound",
    "StreamRefusal",
    "find",
    "newest",
    "on_put",
    "position",
    "put",
    "read",
    "shards",
]


def find(arn: str) -> Stream:
    """The stream of an ARN. Raises StreamNotFound."""
    return streams.find_arn(arn)


def put(arn: str, entries: Sequence[Entry]) -> list[Put]:
    """Store records in their order, all or none; sizes are the caller's duty. Raises StreamNotFound."""
    return _putting.put(streams.find_arn(arn), entries)


def shards(arn: str) -> list[ShardView]:
    """All shards that may still hold records, parents before children. Raises StreamNotFound."""
    return [shard_views.view(shard) for shard in shard_views.of(streams.find_arn(arn))]


def read(arn: str, shard_id: str, after: str | None, most: int, most_bytes: int) -> Reading:
    """Records behind the sequence number or position `after` (None: from the oldest on), in order. Never waits.

    At most `most` records, and `most_bytes` of data and keys unless the first record alone is larger.
    Raises StreamNotFound, ShardDoesNotExist, and InvalidArgument when `after` is not of this shard.
    """
    scope, name = streams.place_of_arn(arn)
    try:
        shard = reading.find(scope, name, shard_views.number_of(shard_id, name, scope.account))
    except ShardDoesNotExist:
        streams.find(scope, name)  # says so when it is the stream that is missing
        raise
    place = 0 if after is None else places.of_sequence(shard.numbering, after, name, scope.account)
    found = reading.read(shard, place, most, most_bytes)
    return found if after is not None else replace(found, skipped=0)


def newest(arn: str, shard_id: str, most: int) -> list[Record]:
    """Up to `most` of a shard's latest records, in order. Raises StreamNotFound, ShardDoesNotExist."""
    stream = streams.find_arn(arn)
    shard = shard_views.find(stream, shard_id)
    rows = browsing.newest(stream, shard, most=most)[:most]
    return [
        Record(browsing.sequence_of(shard, row), row.partition_key, bytes(row.data), row.arrived_ms)
        for row in reversed(rows)
    ]


def position(arn: str, shard_id: str, kind: str, at: datetime | None = None) -> str:
    """Where to begin, as what `read` takes for `after`: TRIM_HORIZON, LATEST or AT_TIMESTAMP (with `at`).

    A position compares with the shard's sequence numbers (as integers): those of records to be read are greater.
    Raises StreamNotFound, ShardDoesNotExist, InvalidArgument.
    """
    stream = streams.find_arn(arn)
    shard = shard_views.find(stream, shard_id)
    return shard_views.numbering(shard).behind(iterators.start(stream, shard, kind, None, at))
