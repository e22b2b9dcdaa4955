"""Polling: who claims which poller when. A row is the poller, a message says "look at this one now".

A put wakes a poller at once; a tick finds what nobody woke: messages that became visible, windows that ended, pollers
whose worker died. While there is work a poller goes on by itself, for a few seconds, then lets others have their turn.
Several workers and several beats share this; each step is a guarded update.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType

from django.db.models import Min, Q, QuerySet
from django.db.models.functions import Now

from invocations import clock, event_queue
from invocations.flows import leases, poll_queue, poll_stream, poll_topic, scaling, settle_mappings
from invocations.flows.steps import REST, Step, Turn
from invocations.models import Mapping as Row
from invocations.models import Poller, mapping_states, poller_states
from invocations.runtime import client
from invocations.sources import SourceBusy, SourceTrouble, queue, stream
from lambdaplay.db.pool import pooled
from lambdaplay.db.prepared import Select

log = logging.getLogger(__name__)

TURN_SECONDS = 3.0  # real time; then the poller is told anew, so that many share few threads
LOOK_SECONDS = 0.1  # between two looks at the mapping, which its owner may have changed
TROUBLE_SECONDS_MAX = 60
AT_ONCE = 200  # pollers of one sweep
ASKERS = 20  # pollers of one queue that count for how seldom each of them asks it
ROUNDS = 10_000  # of `run_all`: an end for a source that never is empty

_WORKERS: Mapping[str, ModuleType] = {
    Row.Source.SQS: poll_queue,
    Row.Source.KINESIS: poll_stream,
    Row.Source.DYNAMODB: poll_stream,
    Row.Source.KAFKA: poll_topic,
}


# --- who is woken -----------------------------------------------------------------------------------------------------


def wake_shard(stream_arn: str, shard: str) -> None:
    """Something was put into a shard: tell those who read it."""
    with pooled():
        readers = Poller.objects.filter(mapping__source_arn=stream_arn, shard=shard, closed=False)
        if event_queue.broken():
            readers.update(idle_until=None)  # nobody waits for a tick that is far off
            return
        real = clock.real()
        mine = poller_states.claimable(clock.now(), real).filter(mapping__source_arn=stream_arn, shard=shard)
        for pk, known in list(mine.filter(poller_states.untold(real)).values_list("pk", "sent_at")):
            _tell(pk, known)


def wake(source_arn: str) -> bool:
    """Something arrived: tell one poller of each of the queue's mappings. False when one of them had none to tell.

    One that is told already will find this too; one that finds more than it can take wakes the next.
    """
    if event_queue.broken():
        return True
    real = clock.real()
    with pooled():
        woken = [_wake_one(pk, real) for (pk,) in _POLLED(source_arn=source_arn)]  # each of them, whatever another says
    return all(woken)


def _wake_one(mapping: int, real: datetime) -> bool:
    """Of the pollers that are free the one told last comes first: it knows already, unless its message was lost."""
    found = poller_states.first_free(mapping, clock.now(), real)
    if found is None:
        return False
    pk, told_at = found
    return (told_at is not None and told_at >= real - poller_states.RESEND) or _tell(pk, told_at)


_POLLED = Select(
    lambda source_arn: Row.objects.filter(source_arn=source_arn, enabled=True).order_by("pk").values_list("pk"),
    source_arn=str,
)


def sweep(limit: int = AT_ONCE) -> int:
    """One round: settle mappings that changed, send messages about pollers that are due. Returns how many."""
    with pooled():
        settle_mappings.settle_due()
        if event_queue.broken():
            return 0
        real = clock.real()
        rows = due(real).filter(poller_states.untold(real)).values_list("pk", "sent_at")
        return sum(_tell(pk, known) for pk, known in list(rows[:limit]))


def due(real: datetime) -> QuerySet[Poller]:
    """Pollers that have something to do: what they hold or held, or what lies in their source."""
    now = clock.now()
    queues = Row.objects.filter(source=Row.Source.SQS, enabled=True, state=Row.State.ENABLED)
    arns = dict(queues.values_list("pk", "source_arn"))
    told = {pk: arn for pk, arn in arns.items() if not queue(Row.Source.SQS, arn).asks}
    ready = queue(Row.Source.SQS, "").ready(set(told.values())) if told else set()
    waiting = [pk for pk, arn in told.items() if arn in ready]
    asking = [pk for pk in arns if pk not in told]
    return (
        poller_states.claimable(now, real)
        .filter(
            Q(collect_until__lte=now)
            | Q(lease_until__lt=Now())
            | Q(mapping_id__in=waiting)
            | (
                (~Q(mapping__source=Row.Source.SQS) | Q(mapping_id__in=asking))
                & (Q(idle_until=None) | Q(idle_until__lte=real))
            )
        )
        .order_by("slot", "pk")
    )


def next_due() -> datetime | None:
    """When the next poller's back-off or batching window ends (product time)."""
    now = clock.now()
    with pooled():
        mine = Poller.objects.filter(mapping__enabled=True, closed=False)
        found = [
            mine.filter(due_at__gt=now).aggregate(first=Min("due_at"))["first"],
            mine.filter(collect_until__gt=now).aggregate(first=Min("collect_until"))["first"],
        ]
    return min((moment for moment in found if moment is not None), default=None)


def _tell(pk: int, known: datetime | None) -> bool:
    return poller_states.tell(pk, known, clock.real()) and event_queue.send_poll(pk)


def drain(runner: str, at_most: int) -> int:
    """Run due pollers without the broker's help, when it is gone or its messages do not arrive; return how many."""
    with pooled():
        settle_mappings.settle_due()
        real = clock.real()
        rows = due(real)
        if not event_queue.broken():
            rows = rows.filter(sent_at__lt=real - poller_states.RESEND)
        waiting = list(rows.values_list("pk", flat=True)[:at_most])
    return sum(run(pk, runner) for pk in waiting)


def run_all(mapping: Row, runner: str) -> int:
    """Poll until nothing is left that can be done now, in this thread; return how many turns had work."""
    turns = 0
    for _ in range(ROUNDS):
        with pooled():
            settle_mappings.settle_due()
            real = clock.real()
            waiting = list(due(real).filter(mapping=mapping).values_list("pk", flat=True))
        worked = sum(run(pk, runner) for pk in waiting)
        if not worked:
            break
        turns += worked
    return turns


# --- one turn ---------------------------------------------------------------------------------------------------------


def run(poller_id: int, runner: str) -> bool:
    """Claim this poller and let it work; False when it was not to be had, or had nothing to do."""
    with pooled():
        poller = _claim(poller_id, runner)
    if poller is None:
        return False
    turn = Turn(poller.mapping, poller)
    began = time.monotonic()
    worked, step = False, REST
    with leases.kept(partial(poller_states.renew, poller.pk, poller.epoch), partial(_stop, turn)):
        try:
            with pooled():
                _WORKERS[turn.mapping.source].recover(turn)
            looked = began
            while True:
                step = _step(turn)
                worked = worked or step.worked or step.heirs
                now = time.monotonic()
                if not step.worked or now - began > TURN_SECONDS:
                    break
                if now - looked > LOOK_SECONDS:
                    looked = now
                    if not _goes_on(turn):
                        break
        except SourceTrouble as trouble:
            _rest_in_trouble(turn, str(trouble), is_problem=not isinstance(trouble, SourceBusy))
            return worked
        except BaseException:
            _rest_in_trouble(turn, "The poller failed; see the worker's log.")
            raise
    _rest(turn, step)
    return worked


def _claim(poller_id: int, runner: str) -> Poller | None:
    """Who sent the message may know of an advance of the clock that this process has yet to see."""
    poller = poller_states.claim(poller_id, clock.now(), clock.real(), runner)
    if poller is None:
        clock.refresh()
        poller = poller_states.claim(poller_id, clock.now(), clock.real(), runner)
    if poller is None:
        poller_states.forget_message(poller_id)
    return poller


def _step(turn: Turn) -> Step:
    step: Step = _WORKERS[turn.mapping.source].step(turn)
    if step.more:
        scaling.share(turn.mapping, wake)
    return step


def _goes_on(turn: Turn) -> bool:
    """The owner may have changed or stopped the mapping meanwhile."""
    with pooled():
        found = _MAPPING(pk=turn.mapping.pk)
    row = Row.from_db(None, _COLUMNS, found[0]) if found else None
    if row is None or not row.polls:
        return False
    turn.mapping = row
    if row.is_queue:
        turn.source = None  # and the queue's owner the queue
    return True


_COLUMNS = [field.attname for field in Row._meta.concrete_fields]
_MAPPING = Select(lambda pk: Row.objects.filter(pk=pk).order_by().values_list(*_COLUMNS), pk=int)


def _stop(turn: Turn) -> None:
    log.warning("Poller %s was taken over by another worker; what it runs here is ended.", turn.poller.pk)
    if turn.running:
        client.cancel(turn.running)


def _rest(turn: Turn, step: Step) -> None:
    poller, mapping = turn.poller, turn.mapping
    columns = {
        "collect_until": step.collect_until,
        "idle_until": None,
        "troubles": poller.troubles + 1 if step.throttled else 0,
        "trouble": step.trouble[: poller_states.TROUBLE_CHARACTERS],
        "behind_ms": poller.behind_ms,
    }
    if step.due_at is not None:
        columns["due_at"] = step.due_at
    elif not step.worked:
        seconds = _idle_seconds(mapping) if step.idle_seconds is None else step.idle_seconds
        columns["idle_until"] = None if seconds is None else clock.real() + timedelta(seconds=seconds)
    with pooled():
        if not poller_states.release(poller.pk, poller.epoch, **columns):
            return
        if step.throttled:
            scaling.shrink(mapping)
        elif mapping.pollers_max is not None and poller.shard:
            _tell_next(mapping, poller.pk)
        elif step.worked:
            _tell(poller.pk, None)
        elif step.closed or step.heirs:
            _tell_heirs(mapping)
        elif step.due_at is None:
            _look_again(turn)


def _idle_seconds(mapping: Row) -> float | None:
    """Real time until a poller that found nothing looks again by itself; None: it need not."""
    if not mapping.is_queue:
        return stream(mapping.source, mapping.source_arn).idle_seconds
    source = queue(mapping.source, mapping.source_arn)
    if not source.asks:
        return None
    # They look one after the other: who all began at once drift apart.
    together = min(max(mapping.pollers_wanted, 1), ASKERS)
    return source.idle_seconds * together * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


def _look_again(turn: Turn) -> None:
    """Whoever sent something between the last look and the release found the poller busy and told nobody."""
    poller, mapping = turn.poller, turn.mapping
    if mapping.is_queue:
        if queue(mapping.source, mapping.source_arn).ready([mapping.source_arn]):
            wake(mapping.source_arn)
    elif (
        not mapping.is_topic
        and poller.collect_until is None
        and stream(mapping.source, mapping.source_arn).has_more(mapping.place, poller.shard, poller.checkpoint)
    ):
        _tell(poller.pk, None)


def _tell_next(mapping: Row, mine: int) -> None:
    """Where only so many partitions are read at once they take turns: the next one that has something to do."""
    real = clock.real()
    free = poller_states.claimable(clock.now(), real).filter(mapping=mapping, idle_until=None)
    rows = list(free.filter(poller_states.untold(real)).order_by("pk").values_list("pk", "sent_at"))
    for pk, known in sorted(rows, key=lambda row: (row[0] <= mine, row[0]))[:1]:
        _tell(pk, known)


def _tell_heirs(mapping: Row) -> None:
    """Pollers that may go on now: of a split shard's children, or of partitions where something arrived."""
    real = clock.real()
    fresh = poller_states.claimable(clock.now(), real).filter(mapping=mapping, idle_until=None)
    for pk, known in list(fresh.filter(poller_states.untold(real)).values_list("pk", "sent_at")):
        _tell(pk, known)


def _rest_in_trouble(turn: Turn, sentence: str, is_problem: bool = True) -> None:
    poller = turn.poller
    seconds = min(2**poller.troubles, TROUBLE_SECONDS_MAX)
    with pooled():
        if is_problem:
            mapping_states.remember(turn.mapping, f"PROBLEM: {sentence}")
        poller_states.release(
            poller.pk,
            poller.epoch,
            idle_until=clock.real() + timedelta(seconds=seconds),
            troubles=poller.troubles + 1,
            trouble=sentence[: poller_states.TROUBLE_CHARACTERS],
        )
