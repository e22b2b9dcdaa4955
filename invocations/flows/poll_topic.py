"""A topic's pollers: one for each partition, and a scout that finds partitions and sees where something arrived.

Partitions are polled like a stream's shards. The scout asks the brokers about all of them at once, so that a partition
where nothing happens costs nothing. What a poller finished is told to the brokers as its group's offset: after the
commit that has the outcome, never before, so that the group is never ahead of our checkpoint. Whoever dies in between
leaves an old offset behind, which the next turn of that partition puts right.
"""

from __future__ import annotations

from invocations import clock
from invocations.flows import poll_stream
from invocations.flows.steps import Step, Turn
from invocations.models import Mapping, Poller, mapping_states
from invocations.sources import stream
from invocations.sources.base import ShardFacts
from lambdaplay.db.pool import pooled

SCOUT_SECONDS = 1.0  # real time between two looks of a scout that finds nothing
ALONE_SECONDS = 60.0  # a partition looks by itself so seldom: its scout wakes it


def step(turn: Turn) -> Step:
    """One batch of a partition, or one look around. Raises SourceTrouble."""
    if not turn.poller.shard:
        return _scout(turn)
    before = turn.poller.checkpoint
    done = poll_stream.step(turn)
    if turn.poller.checkpoint != before or (turn.look_back and _is_ours(turn.poller)):
        mapping = turn.mapping
        stream(mapping.source, mapping.source_arn).keep(mapping.place, turn.poller.shard, turn.poller.checkpoint)
    turn.look_back = False
    if done.worked or done.due_at is not None:
        return done
    return Step(**{**vars(done), "idle_seconds": ALONE_SECONDS})


def recover(turn: Turn) -> None:
    """What a dead worker left."""
    poll_stream.recover(turn)


def _is_ours(poller: Poller) -> bool:
    """A worker that was taken for dead while its function ran tells no old offset."""
    if not poller.checkpoint:
        return False
    with pooled():
        return Poller.objects.filter(pk=poller.pk, epoch=poller.epoch).exists()


def _scout(turn: Turn) -> Step:
    mapping = turn.mapping
    source, place = stream(mapping.source, mapping.source_arn), mapping.place
    with pooled():
        known = {poller.shard: poller for poller in mapping.pollers.exclude(shard="")}
    found = source.shards(place)
    if turn.poller.troubles:
        _go_on(mapping, turn.poller)
    fresh = [shard for shard in found if shard.id not in known]
    made = _begin(mapping, fresh, first=not known) if fresh else 0
    resting = [poller for poller in known.values() if poller.lease_until is None and poller.idle_until is not None]
    behind = [poller.pk for poller in resting if source.has_more(place, poller.shard, poller.checkpoint)]
    with pooled():
        woken = Poller.objects.filter(pk__in=behind, troubles=0).update(idle_until=None) if behind else 0
    return Step(worked=False, heirs=bool(made or woken), idle_seconds=SCOUT_SECONDS)


def _go_on(mapping: Mapping, scout: Poller) -> None:
    """The brokers are back: nobody has to sit out the rest of a back-off, and the mapping is well again."""
    with pooled():
        mapping.pollers.exclude(pk=scout.pk).filter(troubles__gt=0).update(idle_until=None, troubles=0, trouble="")
        if mapping.last_result.startswith("PROBLEM"):
            mapping_states.remember(mapping, "OK" if mapping.batches.exists() else "No records processed")
    scout.troubles = 0


def _begin(mapping: Mapping, fresh: list[ShardFacts], *, first: bool) -> int:
    """Pollers of partitions. Those that are added to a topic later are read from their beginning: nothing is lost."""
    source, place = stream(mapping.source, mapping.source_arn), mapping.place
    position = mapping.starting_position if first else "TRIM_HORIZON"
    pollers = [
        Poller(
            mapping=mapping,
            shard=shard.id,
            due_at=clock.now(),
            checkpoint=source.start(place, shard.id, position, mapping.starting_timestamp),
        )
        for shard in fresh
    ]
    with pooled():
        return len(Poller.objects.bulk_create(pollers, ignore_conflicts=True))
