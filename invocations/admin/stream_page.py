"""One stream: its shards as lanes over the key space, its newest records, the put form; and one record."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations import clock
from invocations.admin.pages import Crumb, page, wants_json
from invocations.admin.previews import preview
from invocations.engines.kinesis import browsing, hashing
from invocations.engines.kinesis.browsing import Lane
from invocations.engines.kinesis.moments import from_ms
from invocations.forms.streams import PutForm
from invocations.models import Shard, Stream, StreamRecord
from invocations.models.stream import place_of

ROWS = 25
SHOWN = 80  # characters of data in the list
PREVIEW_BYTES = 64 * 1024


def streams_crumb() -> Crumb:
    return ("Streams", reverse("admin:invocations_stream_changelist"))


def stream_page(
    request: HttpRequest, stream: Stream, may_change: bool = True, form: PutForm | None = None, status: int = 200
) -> HttpResponse:
    lanes = browsing.lanes(stream)
    lane = _chosen(lanes, request.GET.get("shard", ""))
    rows: list[StreamRecord] = []
    before = _number(request.GET.get("before", ""))
    if lane is not None:
        rows = browsing.newest(stream, lane.shard, before, ROWS)
    older = place_of(rows[ROWS - 1].pk) if len(rows) > ROWS else None
    if wants_json(request):
        records = [] if lane is None else [browsing.document(stream, lane.shard, row) for row in rows[:ROWS]]
        shards = [_lane_document(one) for one in lanes]
        return JsonResponse({"stream": _facts(stream), "shards": shards, "records": records, "before": older})
    context = {
        "stream": stream,
        "lanes": [_drawn(one) for one in lanes],
        "lane": lane,
        "chosen_pk": None if lane is None else lane.shard.pk,
        "records": [] if lane is None else [_line(lane.shard, row) for row in rows[:ROWS]],
        "older": older,
        "newer": before is not None,
        "form": form or PutForm(),
        "may_change": may_change,
        "facts": _facts(stream),
    }
    return page(request, "console/stream.html", stream.name, context, [streams_crumb()], status)


def _chosen(lanes: list[Lane], asked: str) -> Lane | None:
    """The lane that is asked for, else the one with the newest record."""
    for lane in lanes:
        if lane.view.shard_id == asked:
            return lane
    written = [lane for lane in lanes if lane.newest is not None]
    return max(written, key=lambda lane: lane.shard.last_arrival_ms) if written else next(iter(lanes), None)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None


def _facts(stream: Stream) -> dict[str, Any]:
    return {
        "ARN": stream.arn,
        "Status": stream.status_at(clock.real()),
        "Mode": stream.mode,
        "Retention": f"{stream.retention_hours} h",
        "Largest record": f"{stream.max_record_kib} KiB",
        "Stream id": stream.stream_id,
    }


def _drawn(lane: Lane) -> dict[str, Any]:
    """A lane with its bar; a shard of a hair's breadth is drawn so wide that it can be seen."""
    width = max(lane.width, 0.4)
    return {
        "lane": lane,
        "x": f"{min(lane.start, 100 - width):.3f}",
        "width": f"{width:.3f}",
        "first": f"{lane.view.hash_range.first:032x}",
        "last": f"{lane.view.hash_range.last:032x}",
        "closed": None if lane.shard.closed_ms is None else from_ms(lane.shard.closed_ms),
    }


def _lane_document(lane: Lane) -> dict[str, Any]:
    return {
        "shard": lane.view.shard_id,
        "parents": lane.view.parents,
        "closed": lane.view.closed,
        "first_hash": str(lane.view.hash_range.first),
        "last_hash": str(lane.view.hash_range.last),
        "records": lane.records,
    }


def _line(shard: Shard, row: StreamRecord) -> dict[str, Any]:
    data = bytes(row.data)
    text = browsing.text_of(data[: SHOWN * 4])
    shown = f"{len(data)} bytes that are no text" if text is None else " ".join(text.split())
    return {
        "row": row,
        "place": place_of(row.pk),
        "sequence": browsing.sequence_of(shard, row),
        "arrived": from_ms(row.arrived_ms),
        "data": shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…",
    }


def record_page(request: HttpRequest, stream: Stream, number: int, place: int) -> HttpResponse:
    """One record. Looking at it moves no reader."""
    shard = Shard.objects.filter(stream=stream, number=number).first() if number < 2**31 else None
    row = None if shard is None else browsing.record(stream, shard, place)
    if shard is None or row is None:
        raise Http404("This record is past its retention, or never was.")
    if wants_json(request):
        return JsonResponse(browsing.document(stream, shard, row))
    context = {
        "stream": stream,
        "shard": shard,
        **_line(shard, row),
        "hash": f"{hashing.of_partition_key(row.partition_key):032x}",
        "part": preview("data", bytes(row.data), PREVIEW_BYTES),
    }
    crumbs = [streams_crumb(), (stream.name, reverse("admin:invocations_stream_change", args=[stream.pk]))]
    return page(request, "console/stream_record.html", f"{shard.shard_id} #{place}", context, crumbs)
