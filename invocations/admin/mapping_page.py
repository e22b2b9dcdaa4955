"""One mapping: its state, a lane for each poller, recent batches; and one batch with each record's fate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations import clock, elsewhere
from invocations.admin import throughput
from invocations.admin.pages import Crumb, page, wants_json
from invocations.decisions.batch_advice import BAD, GOOD, PLAIN, WARN, advice_document
from invocations.decisions.batch_sentences import Told, batch_sentence, fate_sentence
from invocations.decisions.units import milliseconds_text, span_text
from invocations.engines import sqs
from invocations.engines.sqs import QueueRefusal, holding
from invocations.flows.advise_batches import advice_of
from invocations.models import Batch, Function, Invocation, Mapping, Poller, Queue, Stream

ROWS = 25
_IDLE = "Nothing to do; a put wakes it."
_IDLE_PARTITION = "Nothing to do; the scout wakes it."
_SCOUT = "Asks the brokers every second: new partitions, and where something arrived."
LANES = 60  # pollers shown
RECORDS = 500  # of a batch that are shown


def mappings_crumb() -> Crumb:
    return ("Event sources", reverse("admin:invocations_mapping_changelist"))


def line(row: Mapping) -> dict[str, Any]:
    """What the list and the page say of a mapping."""
    return {
        "row": row,
        "source_name": source_name(row),
        "source_page": _source_page(row),
        "function": Function.objects.filter(account=row.account, region=row.region, name=row.function).first(),
        "lag": _lag(row),
        "blocked": row.pollers.exclude(trouble="").count(),
        "last": row.batches.aggregate(last=Max("id"))["last"],
        "problem": row.last_result.startswith("PROBLEM"),
    }


def document(shown: dict[str, Any]) -> dict[str, Any]:
    row: Mapping = shown["row"]
    return {
        "uuid": row.uuid,
        "state": row.state,
        "source": row.source_text,
        "function": row.function_arn,
        "last_result": row.last_result,
        "lag": shown["lag"],
        "blocked_pollers": shown["blocked"],
    }


def mapping_page(request: HttpRequest, row: Mapping, may_change: bool, refused: str = "") -> HttpResponse:
    after = request.GET.get("before", "")
    batches = row.batches.order_by("-id")
    if after.isascii() and after.isdigit() and len(after) < 19:
        batches = batches.filter(id__lt=int(after))
    found = list(batches[: ROWS + 1])
    older = found[ROWS - 1].pk if len(found) > ROWS else None
    shown = line(row)
    lanes = _lanes(row)
    advice = advice_of(row)
    flowing = throughput.throughput(row, request.GET.get("span", ""))
    if wants_json(request):
        return JsonResponse(
            {
                **document(shown),
                "pollers": [_lane_document(lane) for lane in lanes],
                "batches": [_batch_document(row, batch) for batch in found[:ROWS]],
                "before": older,
                "throughput": throughput.document(flowing),
                "advice": advice_document(advice),
            }
        )
    context = {
        **shown,
        "flowing": flowing,
        "spans": throughput.SPANS.values(),
        "advice": [(one, _FINDING_MARKS[one.kind]) for one in advice.findings],
        "mapping": row,
        "lanes": lanes,
        "batches": [_batch_line(row, batch) for batch in found[:ROWS]],
        "older": older,
        "newer": bool(after),
        "facts": _facts(row),
        "may_change": may_change,
        "refused": refused,
        "stable": row.state in ("Enabled", "Disabled"),
    }
    title = f"{shown['source_name']} → {row.function}"
    return page(request, "console/mapping.html", title, context, [mappings_crumb()], 400 if refused else 200)


def batch_page(request: HttpRequest, row: Mapping, pk: int) -> HttpResponse:
    batch = Batch.objects.filter(mapping=row, pk=pk).select_related("content").first()
    if batch is None:
        raise Http404("This batch is no longer kept.")
    records = [_record(row, batch, one) for one in batch.content.records[:RECORDS]] if _has_content(batch) else []
    if wants_json(request):
        return JsonResponse({**_batch_document(row, batch), "records": records})
    context = {
        **_batch_line(row, batch),
        "mapping": row,
        "records": [{**one, "mark": _FATES.get(one["fate"], ("", "…"))} for one in records],
        "more": max(0, batch.records + batch.filtered - len(records)),
        "invocation": Invocation.objects.filter(request_id=batch.request_id).first() if batch.request_id else None,
    }
    above = (row.uuid[:8], reverse("admin:invocations_mapping_change", args=[row.pk]))
    return page(request, "console/mapping_batch.html", f"Batch {batch.pk}", context, [mappings_crumb(), above])


def _has_content(batch: Batch) -> bool:
    return getattr(batch, "content", None) is not None


def source_name(row: Mapping) -> str:
    """A queue's, stream's or topic's name, or that of the table a stream belongs to."""
    if row.is_topic:
        return row.topic
    resource = row.source_arn.split(":", 5)[5]
    return resource.split("/")[1] if "/" in resource else resource


def _source_page(row: Mapping) -> str | None:
    """Where the source is shown; "" when it is gone, None for what has no page here."""
    name = source_name(row)
    if row.source in (Mapping.Source.DYNAMODB, Mapping.Source.KAFKA) or elsewhere.endpoint(row.source_arn) is not None:
        return None
    if row.is_queue:
        queue = Queue.objects.filter(account=row.account, region=row.region, name=name).first()
        return reverse("admin:invocations_queue_change", args=[queue.pk]) if queue else ""
    stream = Stream.objects.filter(account=row.account, region=row.region, name=name).first()
    return reverse("admin:invocations_stream_change", args=[stream.pk]) if stream else ""


def _lag(row: Mapping) -> str:
    """How far its pollers are behind, in words; "" when they are not."""
    if not row.is_queue:
        behind = row.pollers.aggregate(most=Max("behind_ms"))["most"]
        return f"{_span(behind)} behind" if behind else ""
    if elsewhere.endpoint(row.source_arn) is not None:
        return ""
    try:
        found = holding.behind(sqs.find(row.source_arn))
    except QueueRefusal:
        return ""
    if not found["messages"]:
        return ""
    return f"{found['messages']} messages, the oldest {_span(found['oldest_ms'] or 0)} old"


def _span(milliseconds: int) -> str:
    return span_text(timedelta(milliseconds=milliseconds))


def _lanes(row: Mapping) -> list[dict[str, Any]]:
    pollers = row.pollers.order_by("shard", "slot")
    if row.is_queue:
        pollers = pollers.filter(slot__lt=max(1, row.pollers_wanted))
    shown = list(pollers[:LANES])
    batches = Batch.objects.filter(poller__in=shown).exclude(state=Batch.State.ENDED)
    running = {batch.poller_id: batch for batch in batches.order_by("-id")}
    return [_lane(row, poller, running.get(poller.pk)) for poller in shown]


def _lane(row: Mapping, poller: Poller, batch: Batch | None) -> dict[str, Any]:
    name = poller.shard or f"poller {poller.slot}"
    if row.is_topic:
        name = f"partition {poller.shard}" if poller.shard else "scout"
    if poller.slots > 1:
        name += f" · slot {poller.slot + 1} of {poller.slots}"
    return {
        "poller": poller,
        "has_checkpoint": bool(poller.shard),
        "name": name,
        "batch": batch,
        "kind": _kind(poller, batch),
        "words": _words(row, poller, batch),
        "behind": _span(poller.behind_ms) if poller.behind_ms and not poller.closed else "",
    }


def _kind(poller: Poller, batch: Batch | None) -> str:
    if poller.closed:
        return "closed"
    if poller.trouble:
        return "blocked"
    return "running" if batch is not None else "idle"


def _words(row: Mapping, poller: Poller, batch: Batch | None) -> str:
    if poller.closed:
        return "Read to its end; its children go on."
    if poller.waits:
        return f"Waits until {', '.join(poller.parents)} is read to its end."
    if poller.trouble:
        again = f" Next try at {poller.due_at:%H:%M:%S} UTC." if poller.due_at > clock.now() else ""
        return f"{poller.trouble}{again}"
    if batch is not None:
        return batch_sentence(told_of(row, batch))
    if not row.polls:
        return "Rests: the mapping is not enabled."
    if row.is_topic:
        return _IDLE_PARTITION if poller.shard else _SCOUT
    looks = row.source == row.Source.DYNAMODB or elsewhere.endpoint(row.source_arn) is not None
    return "Nothing to do; looks again by itself." if looks else _IDLE


def _lane_document(lane: dict[str, Any]) -> dict[str, Any]:
    poller: Poller = lane["poller"]
    return {
        "name": lane["name"],
        "state": lane["kind"],
        "sentence": lane["words"],
        "checkpoint": poller.checkpoint or None,
        "behind_ms": poller.behind_ms,
        "batch": lane["batch"].pk if lane["batch"] else None,
    }


def told_of(row: Mapping, batch: Batch) -> Told:
    returns = None if batch.visible_ms is None else datetime.fromtimestamp(batch.visible_ms / 1000, UTC)
    return Told(
        state=batch.state,
        outcome=batch.outcome,
        reason=batch.reason,
        records=batch.records,
        failed=batch.failed,
        filtered=batch.filtered,
        attempt=batch.attempt,
        is_queue=row.is_queue,
        reports=row.report_failures,
        returns_at=returns,
        window_ends_at=batch.window_ends_at,
        max_retries=row.retries,
        max_age_seconds=row.max_record_age_seconds,
        shard="partition" if row.is_topic else "shard",
    )


def _batch_line(row: Mapping, batch: Batch) -> dict[str, Any]:
    took = None
    if batch.started_at is not None and batch.ended_at is not None:
        took = batch.ended_at - batch.started_at
    return {
        "batch": batch,
        "sentence": batch_sentence(told_of(row, batch)),
        "shown_outcome": batch.outcome or batch.state.lower(),
        "mark": _MARKS.get(batch.outcome, ("", "…")),
        "took": None if took is None else milliseconds_text(took.total_seconds() * 1000),
    }


_FINDING_MARKS = {GOOD: ("ok", "✓", "holds"), WARN: ("warn", "!", "tight"), BAD: ("bad", "✕", "breaks"), PLAIN: None}
_FATES = {
    "done": ("ok", "✓"),
    "succeeded": ("ok", "✓"),
    "failed": ("bad", "✕"),
    "given up": ("bad", "✕"),
    "filtered": ("", "⊘"),
}
_MARKS = {
    "succeeded": ("ok", "✓"),
    "partial": ("warn", "◐"),
    "failed": ("bad", "✕"),
    "filtered": ("", "⊘"),
    "throttled": ("warn", "⧖"),
    "refused": ("bad", "⊘"),
    "expired": ("bad", "⧖"),
    "returned": ("", "↩"),
    "lost": ("warn", "⟲"),
}


def _batch_document(row: Mapping, batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.pk,
        "state": batch.state,
        "outcome": batch.outcome or None,
        "sentence": batch_sentence(told_of(row, batch)),
        "records": batch.records,
        "failed": batch.failed,
        "filtered": batch.filtered,
        "request_id": batch.request_id or None,
        "attempt": batch.attempt,
        "shard": batch.shard or None,
        "first": batch.first or None,
        "last": batch.last or None,
        "opened_at": batch.opened_at.isoformat(),
        "ended_at": None if batch.ended_at is None else batch.ended_at.isoformat(),
    }


def _record(row: Mapping, batch: Batch, one: dict[str, Any]) -> dict[str, str]:
    fate = one["fate"] or (batch.outcome if batch.outcome == "succeeded" else "")
    why = one.get("why", "")
    return {
        "id": one["id"],
        "fate": fate or "under way",
        "sentence": fate_sentence(one["fate"], batch.outcome, why, is_queue=row.is_queue),
    }


def _facts(row: Mapping) -> Sequence[tuple[str, object]]:
    place = elsewhere.endpoint(row.source_arn)
    found: list[tuple[str, object]] = [] if place is None else [("Polled at", place.url or "AWS")]
    found += [
        ("BatchSize", row.batch_size),
        ("MaximumBatchingWindowInSeconds", "500 ms (default)" if row.window_seconds is None else row.window_seconds),
        ("ReportBatchItemFailures", "yes" if row.report_failures else "no"),
    ]
    if row.is_queue:
        found += [("MaximumConcurrency", row.max_concurrency or "not limited"), ("Pollers", row.pollers_wanted)]
    elif row.is_topic:
        found += _topic_facts(row)
    else:
        found += [
            ("StartingPosition", row.starting_position),
            ("ParallelizationFactor", row.parallelization_factor),
            ("MaximumRetryAttempts", row.max_retries),
            ("MaximumRecordAgeInSeconds", row.max_record_age_seconds),
            ("BisectBatchOnFunctionError", "yes" if row.bisect else "no"),
            ("TumblingWindowInSeconds", row.tumbling_window_seconds),
            ("OnFailure", row.on_failure or "nowhere"),
        ]
    return [*found, *((f"Filter {at}", text) for at, text in enumerate(row.filters, 1))]


def _topic_facts(row: Mapping) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [
        ("Cluster" if row.source_arn else "Bootstrap servers", row.source_arn or row.servers),
        ("Topic", row.topic),
        ("ConsumerGroupId", row.consumer_group),
        ("StartingPosition", row.starting_position),
        *((name, uri) for name, uri in row.access),
        ("OnFailure", row.on_failure or "nowhere"),
    ]
    if row.pollers_max is None:
        return found
    return [
        *found,
        ("Pollers", f"{row.pollers_min} to {row.pollers_max}"),
        ("MaximumRetryAttempts", row.max_retries),
        ("MaximumRecordAgeInSeconds", row.max_record_age_seconds),
        ("BisectBatchOnFunctionError", "yes" if row.bisect else "no"),
    ]
