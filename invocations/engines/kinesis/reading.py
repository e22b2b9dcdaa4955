"""Out of a shard: one range of the records' primary key, bounded in number and bytes.

Pollers come here for every batch, so the two statements of a read are plain SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from invocations.engines.kinesis import sequences
from invocations.engines.kinesis.errors import ShardDoesNotExist
from invocations.engines.kinesis.moments import now_ms
from invocations.engines.kinesis.sequences import Numbering
from invocations.models import Shard, Stream
from invocations.models.stream import PLACE_BITS, place_of, shard_name
from invocations.values import Scope

_PLACES = (1 << PLACE_BITS) - 1

_RANGE = "FROM invocations_streamrecord WHERE id > %s AND id <= %s AND arrived_ms > %s ORDER BY id LIMIT %s"
_RECORDS = f"SELECT id, arrived_ms, partition_key, data {_RANGE}"
_SIZES = f"SELECT size {_RANGE}"
_SHARD = (
    "SELECT shard.id, shard.number, shard.epoch, shard.closed_ms, shard.last_place, shard.largest_bytes, "
    "stream.retention_hours FROM invocations_shard shard JOIN invocations_stream stream ON stream.id = shard.stream_id "
    "WHERE stream.account = %s AND stream.region = %s AND stream.name = %s AND shard.number = %s"
)


class Record(NamedTuple):
    """One record as readers get it; `arrived_ms` is product time since 1970."""

    sequence_number: str
    partition_key: str
    data: bytes
    arrived_ms: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look gave.

    `position` is a sequence number to read on after (never a record's own). `behind` counts the records that are left,
    `millis_behind` is how far the last one given lies behind now (0 when none is left). `skipped` counts records
    behind the place asked for that were past their retention. `at_end`: the shard is closed and this was all of it.
    """

    records: list[Record]
    position: str
    place: int
    behind: int
    millis_behind: int
    skipped: int
    at_end: bool


@dataclass(frozen=True, slots=True)
class Readable:
    """What of a shard and its stream a read must know."""

    pk: int
    numbering: Numbering
    closed: bool
    last_place: int
    largest_bytes: int
    retention_ms: int

    def key(self, place: int) -> int:
        return self.pk << PLACE_BITS | place


def readable(stream: Stream, shard: Shard) -> Readable:
    return Readable(
        shard.pk,
        Numbering(shard.epoch, shard.number),
        shard.closed_ms is not None,
        shard.last_place,
        shard.largest_bytes,
        stream.retention_ms,
    )


def find(scope: Scope, stream: str, number: int) -> Readable:
    """The same in one statement. Raises ShardDoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARD, (scope.account, scope.region, stream, number))
        row = cursor.fetchone()
    if row is not None:
        pk, number, epoch, closed_ms, last_place, largest, hours = row
        found = Readable(pk, Numbering(epoch, number), closed_ms is not None, last_place, largest, hours * 3_600_000)
        if closed_ms is None or closed_ms > now_ms() - found.retention_ms:
            return found
    raise ShardDoesNotExist(shard_name(number), stream, scope.account)


def read(shard: Readable, after: int, most: int, most_bytes: int) -> Reading:
    """Records behind place `after`: at most `most`, and `most_bytes` unless the first alone is larger."""
    now = now_ms()
    bounds = (shard.key(after), shard.key(sequences.HIGHEST_PLACE), now - shard.retention_ms)
    with connection.cursor() as cursor:
        if most * shard.largest_bytes > most_bytes:
            most = _fitting(cursor, bounds, most, most_bytes)
        cursor.execute(_RECORDS, (*bounds, most))
        found = cursor.fetchall()
    number = shard.numbering.writer()
    records = [
        Record(number(key & _PLACES, arrived), partition_key, bytes(data), arrived)
        for key, arrived, partition_key, data in found
    ]
    # Places have no gaps: what lies between the place asked for and the first record found is past its retention.
    place = place_of(found[-1][0]) if found else max(after, shard.last_place)
    skipped = (place_of(found[0][0]) if found else place + 1) - after - 1
    behind = max(0, shard.last_place - place)
    return Reading(
        records,
        shard.numbering.behind(place),
        place,
        behind,
        now - found[-1][1] if behind and found else 0,
        skipped,
        shard.closed and not behind,
    )


def _fitting(cursor: Any, bounds: tuple[int, int, int], most: int, most_bytes: int) -> int:
    """How many of the records fit, told by their sizes, before any data is fetched."""
    total = 0
    cursor.execute(_SIZES, (*bounds, most))
    for count, (size,) in enumerate(cursor.fetchall()):
        total += size
        if total > most_bytes:
            return max(1, count)
    return most
