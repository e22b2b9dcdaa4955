"""A stream's poller: records behind the checkpoint, called in order, and the checkpoint moved with the outcome.

Each outcome is one transaction on the checkpoint and the epoch it left; so a late worker moves nothing, and what is
recorded as done was done. What follows from an outcome is decided in decisions/stream_retry.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from invocations import clock
from invocations.decisions import batch as batches
from invocations.decisions import partial_batch, stream_retry, tumbling
from invocations.decisions.batch_sentences import HALVED
from invocations.decisions.stream_retry import Entry, Next, Policy, Span
from invocations.decisions.tumbling import Window
from invocations.errors import Refusal
from invocations.flows import give_up, hand_over, read_stream, shards
from invocations.flows.read_stream import Found
from invocations.flows.steps import REST, Step, Turn
from invocations.flows.targets import find
from invocations.models import Batch, BatchRecords, Mapping, mapping_states, poller_states
from invocations.sources import SourceTrouble, StreamSource, stream
from lambdaplay.db.pool import pooled

DONE, FAILED, FILTERED, GIVEN_UP = "done", "failed", "filtered", "given up"
Outcome = Batch.Outcome


def step(turn: Turn) -> Step:
    """Call the function with at most one batch, or see that there is nothing to do. Raises SourceTrouble."""
    with pooled():
        source = _source(turn)
        spans = _spans(turn)
        window = tumbling.restored(turn.poller.window)
        if window is not None and window.early:
            found = Found(turn.poller.checkpoint, window=window)
        else:
            found = read_stream.gather(turn, source, spans[0].last if spans else "", window)
        turn.poller.behind_ms = found.behind_ms
        if found.skipped:
            _note_skipped(turn, found.skipped)
        if not found.entries:
            done = _without_records(turn, source, found, spans, window)
            if done is not None:
                return done
        else:
            expired = _expire(turn, source, found, spans)
            if expired:
                return Step(worked=True)
            waits = None if spans else _collect(turn, found)
            if waits is not None:
                return waits
    if not found.entries:
        assert window is not None
        return _run_final(turn, window)
    return _run(turn, source, found, spans or (Span(found.position),))


def recover(turn: Turn) -> None:
    """What a dead worker left: its batch may have run; the checkpoint says what is to be called again."""
    for row in poller_states.open_batches(turn.poller):
        poller_states.drop(row, Outcome.LOST, clock.now())


# --- without a call ---------------------------------------------------------------------------------------------------


def _without_records(
    turn: Turn, source: StreamSource, found: Found, spans: Sequence[Span], window: Window | None
) -> Step | None:
    """What is to be done when no record is for the function; None: the window's final call."""
    if found.position != turn.poller.checkpoint or spans:
        _pass_over(turn, found, spans)
        return Step(worked=True)
    if window is not None and (window.early or found.window_over or found.ended or _now(source) >= window.end):
        return None
    if found.ended:
        return _close(turn)
    return Step(worked=False, collect_until=window.end) if window is not None else REST


def _pass_over(turn: Turn, found: Found, spans: Sequence[Span]) -> None:
    """Records of other slots and those that filters refuse: the checkpoint moves on."""
    with transaction.atomic():
        if _advance(turn, found.position, spans[1:]) and found.refused:
            row = _row(turn, found, Batch.State.ENDED)
            row.outcome, row.ended_at = Outcome.FILTERED, clock.now()
            poller_states.write(row, _records(found, ""))


def _close(turn: Turn) -> Step:
    poller = turn.poller
    found = shards.listed(turn.mapping)
    with transaction.atomic():
        shards.take_turns(turn.mapping)
        if poller_states.advance(poller.pk, poller.epoch, poller.checkpoint, closed=True):
            poller.closed = True
            shards.note(turn.mapping, found)
    return Step(worked=False, closed=True)


def _note_skipped(turn: Turn, skipped: int) -> None:
    """Said once for each place where it happened."""
    now, place = clock.now(), turn.poller.checkpoint
    if Batch.objects.filter(poller=turn.poller, outcome=Outcome.EXPIRED, last=place, records=0).exists():
        return
    Batch.objects.create(
        mapping=turn.mapping,
        poller=turn.poller,
        shard=turn.poller.shard,
        slot=turn.poller.slot,
        state=Batch.State.ENDED,
        outcome=Outcome.EXPIRED,
        reason=f"{skipped} records were past the stream's retention before they were read",
        failed=skipped,
        last=place,
        opened_at=now,
        ended_at=now,
    )


def _expire(turn: Turn, source: StreamSource, found: Found, spans: Sequence[Span]) -> bool:
    """Cut off, from the front, what is older than MaximumRecordAgeInSeconds; False when nothing is."""
    entries = _entries(found)
    count = stream_retry.expired(entries, _now(source), _policy(turn.mapping))
    if not count:
        return False
    span = spans[0] if spans else Span(found.position)
    gone = found.entries[:count]
    rest = spans[1:] if count == len(entries) else (replace(span), *spans[1:])
    with transaction.atomic():
        if not _advance(turn, span.last if count == len(entries) else gone[-1].id, rest):
            return True
        row = _row(turn, Found(gone[-1].id, gone), Batch.State.ENDED)
        row.outcome, row.ended_at, row.failed = Outcome.EXPIRED, clock.now(), count
        row.reason = stream_retry.RECORD_AGE_EXCEEDED
        row.request_id = hand_over.new_request_id()
        poller_states.write(row, [{"id": read.id, "fate": GIVEN_UP} for read in gone])
        give_up.post(turn, row, gone, stream_retry.RECORD_AGE_EXCEEDED, max(1, span.calls), None)
    return True


def _collect(turn: Turn, found: Found) -> Step | None:
    """Wait for more until the batching window is over, counted from the first record that was seen."""
    seconds = turn.mapping.collect_seconds
    if not seconds or found.full or found.ended or found.window_over:
        return None
    now = clock.now()
    if turn.poller.collect_until is None:
        turn.poller.collect_until = batches.window_end(now, seconds)
    until = turn.poller.collect_until
    return Step(worked=False, collect_until=until) if now < until else None


# --- with a call ------------------------------------------------------------------------------------------------------


def _run(turn: Turn, source: StreamSource, found: Found, spans: Sequence[Span]) -> Step:
    window = found.window
    more = None if window is None else tumbling.members(window, turn.poller.shard, turn.mapping.source_arn, final=False)
    with pooled(), transaction.atomic():
        row = _begin(turn, found, spans[0].calls + 1)
    envelope = source.envelope(turn.mapping.place, turn.poller.shard)
    event = batches.event_of([read.text for read in found.entries], more, envelope)
    answer = _called(turn, row, event)
    with pooled():
        if not answer.ran:
            return _not_run(turn, row, answer)
        verdict = _verdict(turn, found, answer)
        entries, policy = _entries(found), _policy(turn.mapping)
        if verdict.malformed:
            decided = stream_retry.after_failure(entries, spans, policy)
        elif verdict.failed:
            decided = stream_retry.after_partial(entries, spans, verdict.failed, policy)
        else:
            decided = stream_retry.after_success(len(entries), spans)
        return _settle(turn, source, row, found, spans, answer, verdict, decided)


def _settle(
    turn: Turn,
    source: StreamSource,
    row: Batch,
    found: Found,
    spans: Sequence[Span],
    answer: hand_over.Answer,
    verdict: partial_batch.Verdict,
    decided: Next,
) -> Step:
    failed = len(found.entries) - decided.done + decided.given_up
    outcome = Outcome.SUCCEEDED if not failed else Outcome.FAILED if failed == len(found.entries) else Outcome.PARTIAL
    whole = decided.done == len(found.entries)
    checkpoint = turn.poller.checkpoint
    if decided.done:
        checkpoint = spans[0].last if whole else found.entries[decided.done - 1].id
    window = _window_after(found, answer, moved=bool(decided.done) and not verdict.malformed)
    with transaction.atomic():
        if not _advance(turn, checkpoint, decided.spans, window):
            return REST  # taken for dead meanwhile: whoever did so goes on from the old checkpoint
        reason = decided.condition or verdict.malformed
        if len(decided.spans) > len(spans):
            reason = f"{reason or 'the first record was reported'}; {HALVED}"
        poller_states.end(row, turn.poller.epoch, outcome, clock.now(), failed=failed, reason=reason)
        if failed:
            _keep_fates(row, found, decided)
        if decided.given_up:
            called = give_up.Called(answer.executed_version, answer.function_error, answer.status_code)
            give_up.post(turn, row, found.entries, decided.condition, decided.calls, called)
        problem = bool(verdict.malformed)
        mapping_states.remember(turn.mapping, "PROBLEM: Function call failed" if problem else "OK")
    turn.poller.collect_until = None
    if not decided.wait_seconds:
        return Step(worked=True)
    due = stream_retry.wait_until(
        _now(source), decided.wait_seconds, _entries(found)[decided.done], _policy(turn.mapping)
    )
    return Step(worked=False, due_at=clock.now() + (due - _now(source)), trouble=_blocked(found, decided, verdict))


def _blocked(found: Found, decided: Next, verdict: partial_batch.Verdict) -> str:
    first, calls = found.entries[decided.done].id, decided.spans[0].calls
    return f"Called {calls} times in vain from record {first} on: {verdict.malformed or 'it was reported as failed'}."


def _run_final(turn: Turn, window: Window) -> Step:
    """The window's last call, without records: it must succeed before the shard goes on."""
    poller, mapping = turn.poller, turn.mapping
    with pooled(), transaction.atomic():
        row = _begin(turn, Found(poller.checkpoint), window.calls + 1)
    more = tumbling.members(window, poller.shard, mapping.source_arn, final=True)
    answer = _called(turn, row, batches.event_of([], more))
    with pooled():
        if not answer.ran:
            return _not_run(turn, row, answer)
        failed = answer.function_error is not None
        spent = mapping.max_retries != stream_retry.FOREVER and window.calls >= mapping.max_retries
        left = replace(window, calls=window.calls + 1) if failed and not spent else None
        with transaction.atomic():
            if not _advance(turn, poller.checkpoint, _spans(turn), left):
                return REST
            outcome = Outcome.FAILED if failed else Outcome.SUCCEEDED
            poller_states.end(row, poller.epoch, outcome, clock.now(), reason="final call of a window")
            mapping_states.remember(mapping, "PROBLEM: Function call failed" if failed else "OK")
    if left is None:
        return Step(worked=True)
    due = clock.now() + timedelta(seconds=stream_retry.back_off(left.calls))
    return Step(worked=False, due_at=due, trouble=f"The final call of a window failed {left.calls} times.")


def _called(turn: Turn, row: Batch, event: bytes) -> hand_over.Answer:
    turn.running = row.request_id
    try:
        return hand_over.call(turn.mapping, event, row.request_id)
    finally:
        turn.running = ""


def _not_run(turn: Turn, row: Batch, answer: hand_over.Answer) -> Step:
    """No retry is used up; records grow older meanwhile."""
    outcome = Outcome.THROTTLED if answer.throttled else Outcome.REFUSED
    poller_states.end(row, turn.poller.epoch, outcome, clock.now(), failed=row.records, reason=answer.problem)
    if not answer.throttled:
        raise SourceTrouble(answer.problem)
    wait = stream_retry.back_off(turn.poller.troubles + 1)
    return Step(worked=False, due_at=clock.now() + timedelta(seconds=wait), trouble=answer.problem, throttled=True)


def _verdict(turn: Turn, found: Found, answer: hand_over.Answer) -> partial_batch.Verdict:
    mapping = turn.mapping
    if answer.function_error is not None:
        return partial_batch.Verdict(malformed="the function ended with an error")
    if found.window is not None and tumbling.state_of(answer.payload) is None:
        return partial_batch.Verdict(malformed="the answer has no state, which a tumbling window needs")
    if not mapping.report_failures:
        return partial_batch.SUCCESS
    partition = f"{mapping.topic}-{turn.poller.shard}" if mapping.is_topic else ""
    return partial_batch.judge(answer.payload, {read.id for read in found.entries}, partition)


def _window_after(found: Found, answer: hand_over.Answer, *, moved: bool) -> Window | None:
    state = tumbling.state_of(answer.payload) if found.window is not None and moved else None
    return found.window if state is None or found.window is None else tumbling.after(found.window, state)


# --- rows -------------------------------------------------------------------------------------------------------------


def _advance(turn: Turn, checkpoint: str, spans: Sequence[Span], window: Window | str | None = "as it is") -> bool:
    """Move on from where the poller stands; False when somebody else has it."""
    poller = turn.poller
    stored = [[span.last, span.calls] for span in spans]
    kept = poller.window if isinstance(window, str) else ({} if window is None else window.stored())
    if stored == poller.spans and kept == poller.window:
        moved = poller_states.move(poller.pk, poller.epoch, poller.checkpoint, checkpoint)
    else:
        moved = poller_states.advance(
            poller.pk, poller.epoch, poller.checkpoint, checkpoint=checkpoint, spans=stored, window=kept
        )
    if moved:
        poller.checkpoint, poller.spans, poller.window = checkpoint, stored, kept
    return moved


def _begin(turn: Turn, found: Found, attempt: int) -> Batch:
    row = _row(turn, found, Batch.State.RUNNING)
    row.request_id, row.started_at, row.attempt = hand_over.new_request_id(), clock.now(), attempt
    poller_states.write(row, _records(found, ""))
    return row


def _row(turn: Turn, found: Found, state: Batch.State) -> Batch:
    entries = found.entries or [read for read, _ in found.refused]
    return Batch(
        mapping_id=turn.mapping.pk,
        poller_id=turn.poller.pk,
        epoch=turn.poller.epoch,
        shard=turn.poller.shard,
        slot=turn.poller.slot,
        state=state,
        opened_at=clock.now(),
        records=len(found.entries),
        filtered=len(found.refused),
        payload_bytes=sum(len(read.text) for read in found.entries),
        first=entries[0].id if entries else "",
        last=entries[-1].id if entries else "",
    )


def _records(found: Found, fate: str) -> list[dict[str, Any]]:
    refused = [{"id": read.id, "fate": FILTERED, "why": why[:200]} for read, why in found.refused]
    return [*({"id": read.id, "fate": fate} for read in found.entries), *refused]


def _keep_fates(row: Batch, found: Found, decided: Next) -> None:
    fates = [DONE] * (decided.done - decided.given_up) + [GIVEN_UP] * decided.given_up
    fates += [FAILED] * (len(found.entries) - len(fates))
    records = [{"id": read.id, "fate": fate} for read, fate in zip(found.entries, fates, strict=True)]
    BatchRecords.objects.filter(pk=row.pk).update(records=[*records, *_records(Found("", refused=found.refused), "")])


def _source(turn: Turn) -> StreamSource:
    if turn.source is None:
        turn.source = stream(turn.mapping.source, turn.mapping.source_arn)
        turn.identity = _role(turn.mapping)
    found: StreamSource = turn.source
    return found


def _role(mapping: Mapping) -> str:
    """Whose name events say the stream was read in."""
    try:
        return find(mapping.scope, mapping.function, mapping.qualifier or None).version.role
    except Refusal:
        return ""


def _spans(turn: Turn) -> tuple[Span, ...]:
    return tuple(Span(last, calls) for last, calls in turn.poller.spans)


def _policy(mapping: Mapping) -> Policy:
    return Policy(mapping.retries, mapping.max_record_age_seconds, mapping.bisect)


def _entries(found: Found) -> list[Entry]:
    return [Entry(read.id, read.arrived) for read in found.entries]


def _now(source: StreamSource) -> datetime:
    """The time that the source's records are dated in."""
    return clock.now() if source.product_time else clock.real()
