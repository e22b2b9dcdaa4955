"""Which shards of a stream a mapping reads, and who reads them: one poller for each shard and slot.

A child of a split or merge waits until its parents are read to their end, so that a key's order outlives resharding.
"""

from __future__ import annotations

from collections.abc import Sequence

from invocations import clock
from invocations.models import Mapping, Poller
from invocations.sources import stream
from invocations.sources.base import ShardFacts


def planned(row: Mapping) -> list[Poller]:
    """Pollers of a new mapping, to be saved with it: LATEST means from this moment on. Raises SourceTrouble."""
    source = stream(row.source, row.source_arn)
    found = source.shards(row.place)
    pollers = []
    for shard in found:
        at = source.start(row.place, shard.id, row.starting_position, row.starting_timestamp)
        pollers += _pollers(row, shard, found, at)
    return pollers


def listed(row: Mapping) -> list[ShardFacts]:
    """Ask the stream for its shards; not to be done in a transaction. Raises SourceTrouble."""
    return stream(row.source, row.source_arn).shards(row.place)


def take_turns(row: Mapping) -> None:
    """In a transaction: the last two pollers of a shard must not both believe that the other one is still at work."""
    list(Mapping.objects.select_for_update().filter(pk=row.pk).values_list("pk"))


def note(row: Mapping, found: Sequence[ShardFacts]) -> None:
    """Take note of shards that appeared, and let those go whose parents are done."""
    known = set(row.pollers.values_list("shard", flat=True))
    fresh = [shard for shard in found if shard.id not in known]
    pollers = [poller for shard in fresh for poller in _pollers(row, shard, found, "")]
    Poller.objects.bulk_create(pollers, ignore_conflicts=True)
    unfinished = set(row.pollers.filter(closed=False).values_list("shard", flat=True))
    for poller in row.pollers.filter(waits=True):
        if not unfinished.intersection(poller.parents):
            Poller.objects.filter(pk=poller.pk, waits=True).update(waits=False)


def rearrange(row: Mapping) -> None:
    """Share each shard's records out among as many slots as ParallelizationFactor now says.

    The new slots start where the one furthest behind stood: records of the others may come again, none is left out.
    To be called while no poller is at work.
    """
    factor = row.parallelization_factor
    by_shard: dict[str, list[Poller]] = {}
    for poller in row.pollers.exclude(slots=factor):
        by_shard.setdefault(poller.shard, []).append(poller)
    for shard, old in by_shard.items():
        behind = min((poller for poller in old), key=_place)
        closed = all(poller.closed for poller in old)
        Poller.objects.filter(pk__in=[poller.pk for poller in old]).delete()
        Poller.objects.bulk_create(
            Poller(
                mapping=row,
                shard=shard,
                slot=slot,
                slots=factor,
                due_at=clock.now(),
                parents=behind.parents,
                waits=behind.waits,
                checkpoint=behind.checkpoint,
                closed=closed,
            )
            for slot in range(factor)
        )


def _place(poller: Poller) -> int:
    """Sequence numbers are compared as numbers; who has none stands at the beginning."""
    return int(poller.checkpoint) if poller.checkpoint else -1


def _pollers(row: Mapping, shard: ShardFacts, found: Sequence[ShardFacts], at: str) -> list[Poller]:
    readable = {other.id for other in found}
    parents = [parent for parent in shard.parents if parent in readable]
    factor = row.parallelization_factor
    return [
        Poller(
            mapping=row,
            shard=shard.id,
            slot=slot,
            slots=factor,
            due_at=clock.now(),
            parents=parents,
            waits=bool(parents),
            checkpoint=at,
        )
        for slot in range(factor)
    ]
