"""Shards as readers and callers see them, and which of them a filter picks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from invocations.engines.kinesis.errors import InvalidArgument, ShardDoesNotExist, ShardNotFound
from invocations.engines.kinesis.hashing import HashRange
from invocations.engines.kinesis.moments import now_ms, to_ms
from invocations.engines.kinesis.sequences import Numbering
from invocations.models import Shard, Stream
from invocations.models.stream import shard_name

_NUMBER = re.compile(r"(?:.*-)?(\d{1,12})")


@dataclass(frozen=True)
class ShardView:
    """One shard. `parents` are shard ids (none, one after a split, two after a merge); they may be gone by now."""

    shard_id: str
    parents: tuple[str, ...]
    hash_range: HashRange
    first_sequence: str
    last_sequence: str | None  # None while it is open
    closed: bool


def view(shard: Shard) -> ShardView:
    numbers = numbering(shard)
    parents = [shard_name(number) for number in (shard.parent, shard.adjacent_parent) if number is not None]
    return ShardView(
        shard.shard_id,
        tuple(parents),
        hash_range(shard),
        numbers.start,
        None if shard.closed_ms is None else numbers.end(shard.closed_ms),
        shard.closed_ms is not None,
    )


def numbering(shard: Shard) -> Numbering:
    return Numbering(shard.epoch, shard.number)


def hash_range(shard: Shard) -> HashRange:
    return HashRange(int(shard.first_hash), int(shard.last_hash))


def of(stream: Stream) -> list[Shard]:
    """All shards that are within the retention, by number."""
    kept = now_ms() - stream.retention_ms
    return [row for row in Shard.objects.filter(stream=stream).order_by("number") if not is_past(row, kept)]


def is_past(shard: Shard, kept: int) -> bool:
    """Closed so long ago that none of its records can be left."""
    return shard.closed_ms is not None and shard.closed_ms <= kept


def open_ones(stream: Stream) -> list[Shard]:
    return list(Shard.objects.filter(stream=stream, closed_ms=None).order_by("number"))


def children(stream: Stream, shard: Shard) -> list[Shard]:
    """Shards made from this one."""
    later = Shard.objects.filter(stream=stream, number__gt=shard.number).order_by("number")
    return [row for row in later if shard.number in (row.parent, row.adjacent_parent)]


def find(stream: Stream, shard_id: str) -> Shard:
    """The shard of an id. Raises ShardNotFound, ShardDoesNotExist."""
    number = number_of(shard_id, stream.name, stream.account)
    row = Shard.objects.filter(stream=stream, number=number).first()
    if row is None or is_past(row, now_ms() - stream.retention_ms):
        raise ShardDoesNotExist(shard_name(number), stream.name, stream.account)
    return row


def number_of(shard_id: str, stream: str, account: str) -> int:
    """The number in a shard's id, which is all that AWS reads of it. Raises ShardNotFound."""
    parts = _NUMBER.fullmatch(shard_id)
    if parts is None or int(parts[1]) >= 2**31:
        raise ShardNotFound(shard_id, stream, account)
    return int(parts[1])


@dataclass(frozen=True)
class ShardFilter:
    """`kind` is one of AWS's ShardFilterType values."""

    kind: str = "FROM_TRIM_HORIZON"
    shard_id: str | None = None
    timestamp: datetime | None = None


def picked(stream: Stream, which: ShardFilter) -> list[Shard]:
    """Shards that the filter lets through, by number. Raises InvalidArgument when it is incomplete."""
    rows: Sequence[Shard] = of(stream)
    oldest = max(to_ms(stream.created_at), now_ms() - stream.retention_ms)
    if which.kind == "AFTER_SHARD_ID":
        if which.shard_id is None:
            raise InvalidArgument("ShardId must be specified in the ShardFilter of type AFTER_SHARD_ID.")
        return [row for row in rows if row.shard_id > which.shard_id]
    if which.kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP"):
        if which.timestamp is None:
            raise InvalidArgument(f"Timestamp must be specified in the ShardFilter of type {which.kind}.")
        oldest = max(oldest, to_ms(which.timestamp))
    if which.kind in ("AT_TIMESTAMP", "AT_TRIM_HORIZON"):
        return [row for row in rows if row.opened_ms <= oldest and not _closed_by(row, oldest)]
    if which.kind == "FROM_TIMESTAMP":
        return [row for row in rows if not _closed_by(row, oldest)]
    return [row for row in rows if which.kind == "FROM_TRIM_HORIZON" or row.closed_ms is None]


def _closed_by(shard: Shard, moment_ms: int) -> bool:
    return shard.closed_ms is not None and shard.closed_ms <= moment_ms
