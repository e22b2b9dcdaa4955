"""The end of a mapping's transitional states: pollers appear, or what they held goes back and they go.

Settled by whoever looks first: a reader of the API, the console or the sweep.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from invocations import clock, limits
from invocations.flows import shards
from invocations.models import Batch, Mapping, Poller, mapping_states, poller_states
from invocations.sources import SourceTrouble, queue
from invocations.sources.base import ShardFacts

State = Mapping.State


def settle_due() -> int:
    """Settle what is due; return how many mappings were."""
    real = clock.real()
    rows = list(mapping_states.unsettled(real - timedelta(seconds=limits.SETTLE_SECONDS)))
    busy = poller_states.leased(row.pk for row in rows if _waits_for_pollers(row)) if rows else set()
    return sum(_settle(row) for row in rows if row.pk not in busy)


def _waits_for_pollers(row: Mapping) -> bool:
    """A stream's pollers may be shared out anew by an update, so none may be at work then."""
    return row.state in mapping_states.ENDING or (row.state == State.UPDATING and not row.is_queue)


def _settle(row: Mapping) -> bool:
    state = State.ENABLED if row.enabled else State.DISABLED
    found, trouble = _shards(row) if state == State.ENABLED else (None, "")
    with transaction.atomic():
        settled = mapping_states.settle(row.pk, row.state, state, clock.real())
        if not settled:
            return False
        if row.state in mapping_states.ENDING:
            give_back(row)
        if row.state == State.DELETING:
            Mapping.objects.filter(pk=row.pk).delete()
        elif state == State.ENABLED:
            _begin_to_poll(row, found)
        if trouble:
            mapping_states.remember(row, f"PROBLEM: {trouble}")
    return True


def _shards(row: Mapping) -> tuple[list[ShardFacts] | None, str]:
    """A stream's shards, or what is in the way of reading them."""
    if row.is_queue or row.is_topic:
        return None, ""
    try:
        return shards.listed(row), ""
    except SourceTrouble as trouble:
        return None, str(trouble)


def _begin_to_poll(row: Mapping, found: list[ShardFacts] | None) -> None:
    if row.is_queue:
        scale(row, starting_pollers(row))
        return
    if row.is_topic:  # brokers are asked outside of transactions, by the scout
        Poller.objects.bulk_create([Poller(mapping=row, due_at=clock.now())], ignore_conflicts=True)
        row.pollers.filter(troubles__gt=0).update(idle_until=None, troubles=0, trouble="")
        return
    shards.rearrange(row)
    if found is not None:
        shards.note(row, found)


def starting_pollers(row: Mapping) -> int:
    return min(limits.QUEUE_POLLERS_FIRST, most_pollers(row))


def most_pollers(row: Mapping) -> int:
    return row.max_concurrency or limits.QUEUE_POLLERS_MAX


def scale(row: Mapping, wanted: int) -> None:
    """Have that many pollers share the queue, from slot 0 on; rows of more stay for later."""
    now = clock.now()
    have = set(row.pollers.values_list("slot", flat=True))
    Poller.objects.bulk_create(
        [Poller(mapping=row, slot=slot, due_at=now) for slot in range(wanted) if slot not in have],
        ignore_conflicts=True,
    )
    Mapping.objects.filter(pk=row.pk).update(pollers_wanted=wanted, scaled_at=clock.real())
    row.pollers_wanted = wanted


def give_back(row: Mapping) -> None:
    """Nobody polls any more: what was taken and not run returns to the queue when it would have."""
    if not row.is_queue:
        return
    try:
        source = queue(row.source, row.source_arn).open(row.source_arn)
    except SourceTrouble:  # and with the queue its messages
        source = None
    for batch in row.batches.exclude(state=Batch.State.ENDED).select_related("content"):
        if poller_states.drop(batch, Batch.Outcome.RETURNED, clock.now()) and source is not None:
            source.let_go([one for one in batch.content.records if "receipt" in one], batch.visible_ms or 0)
