"""What a mapping's past batches say about its BatchSize: the facts that decisions/batch_advice.py judges."""

from __future__ import annotations

from invocations.decisions.batch_advice import Advice, Call, Setup, advise
from invocations.errors import Refusal
from invocations.flows.targets import find
from invocations.models import Attempt, Batch, Mapping
from invocations.sources import SourceTrouble, queue
from invocations.values import Outcome

CALLS = 200  # the newest batches that are looked at
_MOST, _FIFO_MOST = 10_000, 10
# A call that ended early by an error says nothing of how long its records take.
_MEASURED = (Outcome.SUCCESS.value, Outcome.TIMEOUT.value)


def advice_of(row: Mapping) -> Advice:
    """Look at the newest batches, the function and the queue as they are now. Changes nothing."""
    calls, record_bytes = _measured(row)
    setup = Setup(
        batch_size=row.batch_size,
        batch_most=_FIFO_MOST if row.is_fifo else _MOST,
        window_seconds=row.window_seconds or 0,
        timeout_seconds=_timeout(row),
        is_queue=row.is_queue,
        visibility_seconds=_visibility(row),
        record_bytes=record_bytes,
        max_retries=row.retries,
        bisect=row.bisect,
        place="partition" if row.is_topic else "shard",
    )
    return advise(setup, calls)


def _measured(row: Mapping) -> tuple[list[Call], int | None]:
    """The calls, and the bytes of a usual record."""
    ended = row.batches.filter(state=Batch.State.ENDED, records__gt=0).exclude(request_id="").order_by("-id")[:CALLS]
    batches = {request: (records, size) for request, records, size in ended.values_list(
        "request_id", "records", "payload_bytes"
    )}  # fmt: skip
    attempts = Attempt.objects.filter(invocation__request_id__in=list(batches), outcome__in=_MEASURED)
    calls = [
        Call(batches[request][0], duration_us / 1000, outcome == Outcome.TIMEOUT.value)
        for request, outcome, duration_us in attempts.order_by("-id").values_list(
            "invocation__request_id", "outcome", "duration_us"
        )
    ]
    records, size = (sum(values) for values in zip(*batches.values(), strict=True)) if batches else (0, 0)
    return calls, round(size / records) if records and size else None


def _timeout(row: Mapping) -> int | None:
    try:
        return find(row.scope, row.function, row.qualifier or None).version.timeout_seconds
    except Refusal:
        return None


def _visibility(row: Mapping) -> int | None:
    if not row.is_queue:
        return None
    try:
        opened = queue(row.source, row.source_arn).open(row.source_arn)
        return opened.visibility_seconds if opened.local else None  # no page waits for somebody else's endpoint
    except SourceTrouble:
        return None
