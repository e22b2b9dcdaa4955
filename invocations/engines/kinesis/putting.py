"""Into a stream: each record into the shard that owns its hash key, all or none.

Writers of one shard take turns, so that places are given in the order of commits: who has read up to a place has
missed nothing before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection, transaction

from invocations import clock
from invocations.engines.kinesis import hashing, hooks, shard_views
from invocations.engines.kinesis.errors import StreamNotFound
from invocations.engines.kinesis.moments import now_ms
from invocations.models import Shard, Stream

_TURNS = 20  # of routing anew because a shard was closed meanwhile
_READY = (Stream.Status.ACTIVE, Stream.Status.UPDATING)

_Row = tuple[int, int, int, str, bytes]
_INSERT = "INSERT INTO invocations_streamrecord (id, arrived_ms, size, partition_key, data) VALUES (%s, %s, %s, %s, %s)"
_MOVE = "UPDATE invocations_shard SET last_place = %s, last_arrival_ms = %s, largest_bytes = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record to put. `hash_key` takes the place of the partition key's hash."""

    data: bytes
    partition_key: str
    hash_key: int | None = None

    @property
    def size(self) -> int:
        return len(self.data) + len(self.partition_key.encode())


class Put(NamedTuple):
    shard_id: str
    sequence_number: str


def put(stream: Stream, entries: Sequence[Entry]) -> list[Put]:
    """Store checked records in their order. Raises StreamNotFound, also before the stream is ACTIVE."""
    if stream.status_at(clock.real()) not in _READY:
        raise StreamNotFound(stream.name, stream.account)
    keys = [_hash(entry) for entry in entries]
    for _ in range(_TURNS):
        routed = _route(stream, keys)
        done = _store(stream, entries, routed) if routed else None
        if done is not None:
            return done
    raise StreamNotFound(stream.name, stream.account)


def _hash(entry: Entry) -> int:
    return hashing.of_partition_key(entry.partition_key) if entry.hash_key is None else entry.hash_key


def _route(stream: Stream, keys: Sequence[int]) -> list[int]:
    """The shard of each key; empty when the stream has no shards any more."""
    found = Shard.objects.filter(stream=stream, closed_ms=None).values_list("pk", "first_hash")
    ranges = sorted((int(first), pk) for pk, first in found)
    firsts = [first for first, _ in ranges]
    return [ranges[bisect_right(firsts, key) - 1][1] for key in keys] if ranges else []


def _store(stream: Stream, entries: Sequence[Entry], routed: Sequence[int]) -> list[Put] | None:
    """None, and nothing is written, when one of the shards has been closed."""
    wanted = set(routed)
    with transaction.atomic():
        locked = Shard.objects.select_for_update(no_key=True).filter(pk__in=wanted, closed_ms=None).order_by("pk")
        open_now = {shard.pk: shard for shard in locked}
        if len(open_now) < len(wanted):
            return None
        names = {pk: (shard.shard_id, shard_views.numbering(shard).writer()) for pk, shard in open_now.items()}
        now = now_ms()
        rows, done = [], []
        for entry, pk in zip(entries, routed, strict=True):
            shard, (shard_id, number) = open_now[pk], names[pk]
            rows.append(_next(shard, entry, now))
            done.append(Put(shard_id, number(shard.last_place, shard.last_arrival_ms)))
        _write(rows, open_now.values())
        hooks.announce(stream.arn, [shard_id for shard_id, _ in names.values()])
    return done


def _write(rows: Sequence[_Row], locked: Collection[Shard]) -> None:
    """Plain SQL: a put of 500 records must not cost 500 model instances."""
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
        moved = [(row.last_place, row.last_arrival_ms, row.largest_bytes, row.pk) for row in locked]
        cursor.executemany(_MOVE, moved)


def _next(shard: Shard, entry: Entry, now: int) -> _Row:
    """The entry as the shard's next record; the shard (locked) remembers it."""
    size = entry.size
    shard.last_place += 1
    shard.last_arrival_ms = max(shard.last_arrival_ms, now)
    shard.largest_bytes = max(shard.largest_bytes, size)
    return shard.key(shard.last_place), shard.last_arrival_ms, size, entry.partition_key, entry.data
