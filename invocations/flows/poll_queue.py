"""A queue's poller: messages taken, filtered, handed over, and deleted with the outcome in one transaction.

What is taken is a Batch row in the transaction that takes it, so that a worker's death leaves nothing hidden for ever:
whoever claims the poller next gives its messages back.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from invocations import clock, limits
from invocations.decisions import batch as batches
from invocations.decisions import partial_batch, record_filters
from invocations.decisions.mapping_options import compile_patterns
from invocations.decisions.tracing import trace_id
from invocations.flows import hand_over, recursion
from invocations.flows.lineage import Lineage
from invocations.flows.steps import Step, Turn
from invocations.models import Batch, BatchRecords, Mapping, mapping_states, poller_states
from invocations.sources import OpenQueue, SourceTrouble, queue
from invocations.sources.base import Item
from lambdaplay.db.pool import pooled

DONE, FAILED, FILTERED = "done", "failed", "filtered"
_TAKEN_AT_ONCE = 1000  # messages of one transaction
THROTTLE_SECONDS = (1, 2, 5, 10, 20, 30)
_LOOP = f"messages of a loop of invocations, which is cut after {limits.CHAIN_MAX}, were not handed over"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Taken:
    """A batch in hand: its row, and its messages as far as they passed the filters."""

    row: Batch
    items: list[Item]


def step(turn: Turn) -> Step:
    """Take and run at most one batch. Raises SourceTrouble when the queue cannot be read."""
    with pooled():
        taken = _next(turn)
    if taken is None:
        return Step(worked=turn.more)
    if taken.row.state == Batch.State.COLLECTING:
        return Step(worked=False, collect_until=taken.row.window_ends_at)
    return _run(turn, taken)


def recover(turn: Turn) -> None:
    """What a dead worker left with this poller: what ran may have run; its messages come back when they would have."""
    for row in poller_states.open_batches(turn.poller):
        if row.state != Batch.State.RUNNING:
            continue
        with transaction.atomic():
            if poller_states.drop(row, Batch.Outcome.LOST, clock.now()):
                _return_all(turn, row)


# --- taking -----------------------------------------------------------------------------------------------------------


def _next(turn: Turn) -> Taken | None:
    """The batch to go on with; sets whether the queue may have more."""
    waiting = poller_states.open_batches(turn.poller) if turn.look_back else []
    turn.look_back = len(waiting) > 1
    if waiting and waiting[0].state == Batch.State.WAITING:
        turn.more = True
        return _resumed(turn, waiting[0])
    if not waiting and not turn.more and not _may_have(turn.mapping):
        return None
    return _gather(turn, waiting[0] if waiting else None)


def _may_have(mapping: Mapping) -> bool:
    source = queue(mapping.source, mapping.source_arn)
    return source.asks or bool(source.ready([mapping.source_arn]))


def _resumed(turn: Turn, row: Batch) -> Taken:
    kept = [one for one in row.content.records if one["fate"] != FILTERED]
    return Taken(row, _source(turn).again(kept))


def _source(turn: Turn) -> OpenQueue:
    """The queue as it was found when somebody last looked whether the mapping goes on."""
    if turn.source is None:
        mapping = turn.mapping
        turn.source = queue(mapping.source, mapping.source_arn).open(mapping.source_arn)
    found: OpenQueue = turn.source
    return found


def _gather(turn: Turn, row: Batch | None) -> Taken | None:
    """Take what there is, up to BatchSize; delete what the filters refuse; decide whether to wait for more."""
    source = _source(turn)
    with transaction.atomic() if source.local else nullcontext():
        have = [] if row is None else _resumed(turn, row).items
        room = min(turn.mapping.batch_size - len(have), _TAKEN_AT_ONCE)
        fresh = source.take(room) if room > 0 else []
        turn.more = len(fresh) >= room
        if row is None and not fresh:
            return None
        passed, refused = _filtered(turn.mapping, fresh)
        with nullcontext() if source.local else transaction.atomic():
            taken = _written(turn, row or _new_row(turn, fresh[0].returns_ms), [*have, *passed], refused)
        if refused:
            source.remove([item.held for item, _ in refused])
    return taken


def _written(turn: Turn, row: Batch, kept: list[Item], refused: Sequence[tuple[Item, str]]) -> Taken | None:
    if kept:
        return _complete(turn, row, kept, refused)
    _end_empty(row, refused)
    turn.more = True
    return None


def _filtered(mapping: Mapping, items: Sequence[Item]) -> tuple[list[Item], list[tuple[Item, str]]]:
    if not mapping.filters:
        return list(items), []
    filters = compile_patterns(mapping.source, mapping.filters)
    passed, refused = [], []
    for item in items:
        why = record_filters.refusal(filters, item.view())
        if why:
            refused.append((item, why))
        else:
            passed.append(item)
    return passed, refused


def _new_row(turn: Turn, visible_ms: int) -> Batch:
    now = clock.now()
    window = turn.mapping.collect_seconds
    return Batch(
        mapping_id=turn.mapping.pk,
        poller_id=turn.poller.pk,
        epoch=turn.poller.epoch,
        slot=turn.poller.slot,
        state=Batch.State.COLLECTING,
        opened_at=now,
        window_ends_at=batches.window_end(now, window) if window else None,
        visible_ms=visible_ms,
    )


def _end_empty(row: Batch, refused: Sequence[tuple[Item, str]]) -> None:
    """Nothing passed the filters: no call, but a row that says so."""
    before = row.content.records if row.pk else []
    row.state, row.outcome, row.ended_at = Batch.State.ENDED, Batch.Outcome.FILTERED, clock.now()
    row.filtered += len(refused)
    _store(row, [*before, *_refused_records(refused)])


def _complete(turn: Turn, row: Batch, kept: list[Item], refused: Sequence[tuple[Item, str]]) -> Taken:
    """Write the batch down, as running when it runs now; what does not fit into 6 MB becomes the next one."""
    size = turn.mapping.batch_size
    sizes = [len(item.text) for item in kept]
    count = batches.fitting(sizes, size)
    before = [one for one in row.content.records if one["fate"] == FILTERED] if row.pk else []
    now = clock.now()
    over = row.window_ends_at is None or now >= row.window_ends_at
    if over or count < len(kept) or batches.is_full(sizes, size):
        row.state, row.epoch, row.started_at = Batch.State.RUNNING, turn.poller.epoch, now
        row.request_id, row.attempt = hand_over.new_request_id(), 1
    _write(row, kept[:count], [*before, *_refused_records(refused)])
    if count < len(kept):
        rest = _new_row(turn, row.visible_ms or 0)
        rest.state = Batch.State.WAITING
        _write(rest, kept[count:], [])
        turn.look_back = True
    return Taken(row, kept[:count])


def _write(row: Batch, items: Sequence[Item], filtered: list[dict[str, Any]]) -> None:
    row.records = len(items)
    row.filtered = len(filtered)
    row.payload_bytes = sum(len(item.text) for item in items)
    _store(row, [*({"id": item.id, "fate": "", **item.held} for item in items), *filtered])


def _refused_records(refused: Sequence[tuple[Item, str]]) -> list[dict[str, Any]]:
    return [{"id": item.id, "fate": FILTERED, "why": why[:200]} for item, why in refused]


def _store(row: Batch, records: list[dict[str, Any]]) -> None:
    if row.pk is None:
        poller_states.write(row, records)
    else:
        row.save()
        _keep(row, records)


def _keep(row: Batch, records: list[dict[str, Any]]) -> None:
    BatchRecords.objects.filter(pk=row.pk).update(records=records)
    row.content.records = records


# --- running ----------------------------------------------------------------------------------------------------------


def _run(turn: Turn, taken: Taken) -> Step:
    row, items = taken.row, taken.items
    if row.state == Batch.State.WAITING and not _restarted(turn, taken):
        return Step(worked=True)
    turn.running = row.request_id
    looped = _looped(turn.mapping, items)
    answer = _call(turn.mapping, [item for item in items if item.id not in looped], row.request_id)
    turn.running = ""
    with pooled():
        if answer.throttled:
            return _throttled(turn, row, answer.problem)
        if not answer.ran:
            _refuse(turn, row, answer.problem)
            raise SourceTrouble(answer.problem)
        _settle(turn, row, items, answer, looped)
    return Step(worked=True, more=turn.more)


def _looped(mapping: Mapping, items: Sequence[Item]) -> frozenset[str]:
    """Messages whose chain of invocations ends here: they fail unseen, until their queue's redrive policy has them."""
    deep = [item for item in items if item.hops]
    if not deep:
        return frozenset()
    with pooled():
        stopped = recursion.is_stopped(mapping.scope, mapping.function, max(item.hops for item in deep))
    return frozenset(item.id for item in deep if stopped and item.hops >= limits.CHAIN_MAX)


def _call(mapping: Mapping, items: Sequence[Item], request_id: str) -> hand_over.Answer:
    """The batch goes on with the longest chain in it, and with the trace when all messages are of one."""
    if not items:
        return hand_over.Answer(ran=True, payload=b'{"batchItemFailures":[]}')
    event = batches.event_of([item.text for item in items])
    last = max(items, key=lambda item: item.hops)
    traces = {trace_id(item.trace_header) for item in items}
    return hand_over.call(
        mapping,
        event,
        request_id,
        trace_header=last.trace_header if len(traces) == 1 else None,
        lineage=Lineage(last.hops, last.caused_by),
    )


def _restarted(turn: Turn, taken: Taken) -> bool:
    """WAITING -> RUNNING; a batch whose messages were deleted meanwhile just ends."""
    row, now = taken.row, clock.now()
    with pooled():
        if not taken.items:
            poller_states.drop(row, Batch.Outcome.RETURNED, now)
            return False
        row.request_id = hand_over.new_request_id()
        row.attempt += 1
        return poller_states.start(row, turn.poller.epoch, row.request_id, now)


def _settle(turn: Turn, row: Batch, items: Sequence[Item], answer: hand_over.Answer, looped: frozenset[str]) -> None:
    mapping, epoch = turn.mapping, turn.poller.epoch
    verdict = _verdict(mapping, [item for item in items if item.id not in looped], answer)
    failed = frozenset(item.id for item in items) if verdict.all_failed else verdict.failed | looped
    reason = verdict.malformed or (_LOOP if looped else "")
    outcome = Batch.Outcome.SUCCEEDED
    if failed:
        outcome = Batch.Outcome.FAILED if len(failed) == len(items) else Batch.Outcome.PARTIAL
    # What is no longer ours came back to its queue while the batch waited; others may have it.
    done = {item.id for item in items} - failed
    records = [
        one if one["fate"] == FILTERED else {**one, "fate": DONE if one["id"] in done else FAILED}
        for one in row.content.records
    ]
    source, finished = _source(turn), [one for one in records if one["fate"] == DONE]
    with transaction.atomic():
        if not poller_states.end(row, epoch, outcome, clock.now(), failed=len(failed), reason=reason):
            return  # taken for dead meanwhile: whoever did so has given the messages back
        if source.local:
            source.remove(finished)
        if failed or not source.local:  # when all is well the outcome says it of every record
            _let_go(turn, row, [one for one in records if one["fate"] == FAILED])
            _keep(row, _without_messages(records))
        mapping_states.remember(mapping, "PROBLEM: Function call failed" if answer.function_error or looped else "OK")
    if not source.local:
        source.remove(finished)


def _without_messages(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The batch has ended: what was kept to call it again is in its invocation's payload."""
    return [{name: value for name, value in one.items() if name != "message"} for one in records]


def _verdict(mapping: Mapping, items: Sequence[Item], answer: hand_over.Answer) -> partial_batch.Verdict:
    if answer.function_error is not None:
        return partial_batch.Verdict(malformed="the function ended with an error")
    if not mapping.report_failures:
        return partial_batch.SUCCESS
    return partial_batch.judge(answer.payload, {item.id for item in items})


def _throttled(turn: Turn, row: Batch, problem: str) -> Step:
    """Tried again within the visibility timeout; then the messages are let go."""
    now, epoch = clock.now(), turn.poller.epoch
    again = now + timedelta(seconds=THROTTLE_SECONDS[min(row.attempt, len(THROTTLE_SECONDS)) - 1])
    if again < _EPOCH + timedelta(milliseconds=row.visible_ms or 0):
        poller_states.wait(row, epoch, problem)
        return Step(worked=False, due_at=again, collect_until=again, trouble=problem, throttled=True)
    with transaction.atomic():
        if poller_states.end(row, epoch, Batch.Outcome.THROTTLED, now, failed=row.records, reason=problem):
            _return_all(turn, row)
    return Step(worked=False, due_at=again, trouble=problem, throttled=True)


def _refuse(turn: Turn, row: Batch, problem: str) -> None:
    """The function is gone or cannot run here: the messages come back by their visibility timeout."""
    with transaction.atomic():
        if poller_states.end(
            row, turn.poller.epoch, Batch.Outcome.REFUSED, clock.now(), failed=row.records, reason=problem
        ):
            _return_all(turn, row)


def _return_all(turn: Turn, row: Batch) -> None:
    records = [{**one, "fate": one["fate"] or FAILED} for one in row.content.records]
    _let_go(turn, row, [one for one in records if one["fate"] == FAILED])
    _keep(row, _without_messages(records))


def _let_go(turn: Turn, row: Batch, records: Sequence[dict[str, Any]]) -> None:
    held = [one for one in records if "receipt" in one]
    _source(turn).let_go(held, row.visible_ms or 0)
