"""Shard iterators: where a reader stands, for five minutes of real time.

The text holds the stream's id, the shard's number, the place read last and the moment it was made, with a checksum
against mangling. It is no secret: whoever may read the stream may read any part of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from invocations import clock
from invocations.engines.kinesis import limits, places, shard_views
from invocations.engines.kinesis.errors import ExpiredIterator, InvalidArgument
from invocations.engines.kinesis.moments import from_ms, now_ms, to_ms
from invocations.models import Shard, Stream

_FORM = struct.Struct(">9x24sIQQ")
_SUM = 8

WITH_SEQUENCE = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


@dataclass(frozen=True)
class Iterator:
    """`place` is the one read last: reading goes on behind it."""

    stream_id: str
    shard: int
    place: int


def write(stream_id: str, shard: int, place: int) -> str:
    packed = _FORM.pack(stream_id.encode(), shard, place, to_ms(clock.real()))
    return base64.b64encode(packed + _digest(packed)).decode()


def read(text: str) -> Iterator:
    """Raises InvalidArgument for what was never an iterator, ExpiredIterator for one that is too old."""
    try:
        packed = base64.b64decode(text, validate=True)
        body, digest = packed[:-_SUM], packed[-_SUM:]
        if digest != _digest(body):
            raise ValueError
        stream_id, shard, place, made_ms = _FORM.unpack(body)
    except (ValueError, binascii.Error, struct.error):
        raise InvalidArgument("Invalid ShardIterator.") from None
    _check_age(from_ms(made_ms))
    return Iterator(stream_id.decode(), shard, place)


def _digest(packed: bytes) -> bytes:
    return hashlib.blake2b(packed, digest_size=_SUM).digest()


def _check_age(made: datetime) -> None:
    now = clock.real()
    if now > made + timedelta(seconds=limits.ITERATOR_SECONDS):
        raise ExpiredIterator(_spelled(made), _spelled(now), limits.ITERATOR_SECONDS * 1000)


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%a %b %d %H:%M:%S UTC %Y")


def start(
    stream: Stream, shard: Shard, kind: str, sequence: str | None = None, timestamp: datetime | None = None
) -> int:
    """The place behind which an iterator of this type reads. Raises InvalidArgument."""
    if (kind in WITH_SEQUENCE) != (sequence is not None):
        also = "no" if sequence is None else "also a"
        raise InvalidArgument(
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
            "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
            f"Request specified {kind} and {also} StartingSequenceNumber."
        )
    if sequence is not None:
        place = places.of_sequence(shard_views.numbering(shard), sequence, stream.name, stream.account)
        return place if kind == "AFTER_SEQUENCE_NUMBER" else max(0, place - 1)
    if kind == "AT_TIMESTAMP":
        return places.first_since(shard, _moment(timestamp)) - 1
    return shard.last_place if kind == "LATEST" else 0


def _moment(timestamp: datetime | None) -> int:
    if timestamp is None:
        raise InvalidArgument(
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
            "Current request has no timestamp parameter."
        )
    moment, now = to_ms(timestamp), now_ms()
    if moment > now:
        raise InvalidArgument(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
            f"timestampInMillis: {moment}, currentTimestampInMillis: {now}"
        )
    return moment
