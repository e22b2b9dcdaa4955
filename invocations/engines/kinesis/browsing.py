"""Looking at shards and records: nothing here changes a row, and no reader's place."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from invocations.engines.kinesis import sequences, shard_views
from invocations.engines.kinesis.hashing import HIGHEST
from invocations.engines.kinesis.moments import from_ms, now_ms
from invocations.engines.kinesis.shard_views import ShardView
from invocations.models import Shard, Stream, StreamRecord
from invocations.models.stream import place_of


@dataclass(frozen=True)
class Lane:
    """One shard for people. `start` and `width` are its share of the key space in percent."""

    shard: Shard
    view: ShardView
    start: float
    width: float
    records: int  # that are kept
    newest: datetime | None  # moment of the newest arrival, None when there was none

    @property
    def keys(self) -> str:
        """How much of the key space it owns, in words."""
        return f"{self.width:.3g} %"


def lanes(stream: Stream) -> list[Lane]:
    """The shards within the retention, open ones in the order of their keys, then closed ones, newest first."""
    rows = [_lane(shard) for shard in shard_views.of(stream)]
    open_ones = sorted((row for row in rows if not row.view.closed), key=lambda row: row.view.hash_range.first)
    return [*open_ones, *sorted((row for row in rows if row.view.closed), key=lambda row: -row.shard.number)]


def _lane(shard: Shard) -> Lane:
    view = shard_views.view(shard)
    space = view.hash_range
    oldest = _rows(shard).order_by("pk").values_list("pk", flat=True).first()
    return Lane(
        shard,
        view,
        100 * space.first / (HIGHEST + 1),
        100 * (space.last - space.first + 1) / (HIGHEST + 1),
        0 if oldest is None else shard.last_place - place_of(oldest) + 1,
        from_ms(shard.last_arrival_ms) if shard.last_place else None,
    )


def newest(stream: Stream, shard: Shard, before: int | None = None, most: int = 25) -> list[StreamRecord]:
    """Records with their data, newest first, those before a place; one more than `most` when there are more."""
    rows = _rows(shard).filter(arrived_ms__gt=now_ms() - stream.retention_ms)
    if before is not None:
        rows = rows.filter(pk__lt=shard.key(min(before, sequences.HIGHEST_PLACE)))
    return list(rows.order_by("-pk")[: most + 1])


def record(stream: Stream, shard: Shard, place: int) -> StreamRecord | None:
    kept = now_ms() - stream.retention_ms
    if not 0 < place <= sequences.HIGHEST_PLACE:
        return None
    return StreamRecord.objects.filter(pk=shard.key(place), arrived_ms__gt=kept).first()


def sequence_of(shard: Shard, row: StreamRecord) -> str:
    return shard_views.numbering(shard).of(place_of(row.pk), row.arrived_ms)


def _rows(shard: Shard) -> QuerySet[StreamRecord]:
    return StreamRecord.objects.filter(pk__gt=shard.key(0), pk__lte=shard.key(sequences.HIGHEST_PLACE))


def text_of(data: bytes) -> str | None:
    """The data as text; None when it is none that people can read."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if all(letter >= " " or letter in "\t\r\n" for letter in text) else None


def document(stream: Stream, shard: Shard, row: StreamRecord) -> dict[str, Any]:
    """One record as JSON, for commands and pages; data that is no text is in base64."""
    data = bytes(row.data)
    text = text_of(data)
    return {
        "stream": stream.arn,
        "shard": shard.shard_id,
        "sequence_number": sequence_of(shard, row),
        "partition_key": row.partition_key,
        "arrived_at": from_ms(row.arrived_ms).isoformat(),
        "size": len(data),
        **({"data_base64": base64.b64encode(data).decode()} if text is None else {"data": text}),
    }
