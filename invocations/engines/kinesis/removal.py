"""Records go when past their retention, streams when deleted: in pieces, so that nobody waits long."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from invocations import clock
from invocations.engines.kinesis import places, sequences, shard_views
from invocations.engines.kinesis.moments import now_ms
from invocations.models import Shard, Stream, StreamRecord
from invocations.models.stream import place_of

_AT_ONCE = 500  # records of one statement: writers of other streams wait for no longer
_PIECES = 40  # of one call; a caller of DeleteStream waits for no longer
_SWEPT = 1000  # of one sweep

Status = Stream.Status


def delete(stream: Stream) -> None:
    """Delete the stream and its records; what is too much for one call is left to `sweep`."""
    stream.begin_delete(clock.real())
    _remove(stream, _PIECES)


def sweep() -> int:
    """One round: go on with deletions, remove what is past its retention. Returns how many records went."""
    gone = 0
    for stream in Stream.objects.order_by("pk"):
        left = _SWEPT - gone // _AT_ONCE
        if left <= 0:
            break
        gone += _remove(stream, left) if stream.status == Status.DELETING else _forget(stream, left)
    return gone


def _remove(stream: Stream, pieces: int) -> int:
    gone = 0
    for shard in Shard.objects.filter(stream=stream).order_by("number"):
        gone += _clear(shard, shard.last_place, pieces - gone // _AT_ONCE)
        if gone >= pieces * _AT_ONCE:
            return gone
    _remove_rows(stream)
    return gone


def _remove_rows(stream: Stream) -> None:
    """The stream's own rows, with whatever was put while its records went."""
    with transaction.atomic():
        if Stream.objects.select_for_update().filter(pk=stream.pk).first() is None:
            return
        rows = list(Shard.objects.select_for_update().filter(stream=stream).order_by("pk"))
        for shard in rows:
            _range(shard, sequences.HIGHEST_PLACE).delete()
        Shard.objects.filter(pk__in=[shard.pk for shard in rows]).delete()
        Stream.objects.filter(pk=stream.pk).delete()


def _forget(stream: Stream, pieces: int) -> int:
    """Remove records past the retention, and closed shards that can have none."""
    gone = 0
    kept = now_ms() - stream.retention_ms
    for shard in Shard.objects.filter(stream=stream).order_by("number"):
        if _has_older(shard, kept):
            gone += _clear(shard, places.first_since(shard, kept + 1) - 1, pieces - gone // _AT_ONCE)
        if gone >= pieces * _AT_ONCE:
            return gone
        if shard_views.is_past(shard, kept) and not _range(shard, sequences.HIGHEST_PLACE).exists():
            Shard.objects.filter(pk=shard.pk).exclude(closed_ms=None).delete()
    return gone


def _has_older(shard: Shard, kept: int) -> bool:
    arrived = _range(shard, sequences.HIGHEST_PLACE).order_by("pk").values_list("arrived_ms", flat=True).first()
    return arrived is not None and arrived <= kept


def _clear(shard: Shard, last: int, pieces: int) -> int:
    """Remove records up to place `last`, oldest first, in at most so many pieces. Returns how many went."""
    gone = 0
    for _ in range(pieces):
        first = _range(shard, last).order_by("pk").values_list("pk", flat=True).first()
        if first is None:
            break
        until = min(last, place_of(first) + _AT_ONCE - 1)
        gone += _range(shard, until).delete()[0]
    return gone


def _range(shard: Shard, last: int) -> QuerySet[StreamRecord]:
    return StreamRecord.objects.filter(pk__gt=shard.key(0), pk__lte=shard.key(last))
