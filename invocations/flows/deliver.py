"""Sending what the outbox holds. A delivery never changes the outcome that it tells of.

Each is tried until its target has it: after a second, then twice as long each time, up to five minutes, for six hours,
unless its parcel says otherwise. Then it is undeliverable: shown, kept and open to a replay; where it has a
dead-letter queue, the delivery to that queue is written in the transaction that gives up.
"""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction

from invocations import clock, event_queue, limits
from invocations.arns import function_arn, short_name
from invocations.crashpoints import crashpoint
from invocations.decisions.backoff import next_try
from invocations.destinations import Destination, Undeliverable, find, read_target
from invocations.destinations.base import ON_SUCCESS, Context
from invocations.flows import parcels
from invocations.models import Delivery, DeliveryBody, delivery_states
from invocations.records import qualified_arn
from invocations.values import Scope
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

AT_ONCE = 100  # of a sweep
NAME_CHARACTERS = 256
_draw = random.SystemRandom().random

Where = tuple[Destination | None, str | None, list[int]]  # a destination, its lane, dead letters that came of looking


def run(delivery_id: int, sender: str) -> None:
    """Try this delivery once, if it is due and nobody else is at it. `sender` names the process in the log.

    What came of it is tried at once, too: its dead letter, and what waited behind it in its lane.
    """
    _run_all(_run(delivery_id, _destination(delivery_id), sender), sender)


def _run_all(ahead: list[int], sender: str) -> None:
    for _ in range(AT_ONCE - 1):
        if not ahead:
            return
        ahead = [*_run(ahead[0], _destination(ahead[0]), sender), *ahead[1:]]


def _run(delivery_id: int, where: Where, sender: str) -> list[int]:
    destination, lane, dead_letters = where
    if destination is not None and destination.local:
        with pooled(), transaction.atomic():
            dead_letters = _try(delivery_id, destination, sender)
    elif destination is not None:
        dead_letters = _try(delivery_id, destination, sender)
    if lane is None:
        return dead_letters
    with pooled():
        behind = delivery_states.next_in_lane(lane, clock.now())
    return dead_letters if behind is None else [*dead_letters, behind]


def run_all_of(request_id: str, sender: str) -> None:
    """Try what an invocation left in the outbox."""
    with pooled():
        waiting = delivery_states.due_of(request_id, clock.now())
    for delivery_id, _ in waiting:
        run(delivery_id, sender)


def run_at_hand(request_id: str, sender: str) -> list[int]:
    """Try what an invocation left in the outbox and goes no further than our own database; return what else it left."""
    left = []
    with pooled():
        waiting = delivery_states.due_of(request_id, clock.now())
    for delivery_id, target in waiting:
        if at_hand(target):
            _run_all(_run(delivery_id, _find(delivery_id, target, lane=None), sender), sender)
        else:
            left.append(delivery_id)
    return left


def at_hand(target: str) -> bool:
    """Whether sending there waits for nothing but our own database."""
    try:
        destination = find(target)
    except Undeliverable:
        return True  # nothing to send: it ends at once
    return destination.local or destination.quick


def due(limit: int) -> list[int]:
    """Return the ids of deliveries that are to be tried now, the longest due first."""
    with pooled():
        return list(delivery_states.due(clock.now()).values_list("pk", flat=True)[:limit])


def next_due() -> datetime | None:
    """When the next waiting delivery becomes due."""
    with pooled():
        waiting = Delivery.objects.filter(state=Delivery.State.PENDING, due_at__gt=clock.now())
        return waiting.order_by("due_at").values_list("due_at", flat=True).first()


def replay(delivery_id: int) -> bool:
    """Give an undeliverable delivery, or one that waits, a try at once; False when it is neither."""
    now = clock.now()
    with pooled():
        replayed = delivery_states.revive(delivery_id, now) or delivery_states.hurry(delivery_id, now)
        if replayed:
            _tell(delivery_id, None)
    return replayed


def sweep_deliveries(limit: int = AT_ONCE) -> int:
    """Send messages about due deliveries of which none speaks, or whose message seems lost; return how many.

    Never more than the broker's queue has room for: what seems lost may only be waiting there.
    """
    if event_queue.broken():
        return 0
    with pooled():
        now = clock.now()
        rows = list(delivery_states.untold(now).values_list("pk", "sent_at")[:limit])
        rows += delivery_states.unheard(now, clock.real()).values_list("pk", "sent_at")[: limit - len(rows)]
        waiting = event_queue.waiting("deliveries") if rows else None
        room = 0 if waiting is None else max(0, limits.OUTSTANDING_DELIVERIES - waiting)
        return sum(_tell(delivery_id, known) for delivery_id, known in rows[:room])


def drain_deliveries(sender: str, limit: int = AT_ONCE, patience: timedelta = delivery_states.RESEND) -> int:
    """Send due deliveries without the broker's help, when it is gone or its messages do not arrive; return how many."""
    with pooled():
        now, real = clock.now(), clock.real()
        rows = delivery_states.due(now) if event_queue.broken() else delivery_states.unheard(now, real, patience)
        waiting = list(rows.values_list("pk", flat=True)[:limit])
    for delivery_id in waiting:
        run(delivery_id, sender)
    return len(waiting)


def _tell(delivery_id: int, known: datetime | None) -> bool:
    if not delivery_states.tell(delivery_id, known, clock.real()):
        return False
    crashpoint("delivery.telling")
    return event_queue.send_delivery(delivery_id)


def _destination(delivery_id: int) -> Where:
    """Where it goes; nowhere when there is nothing to do."""
    with pooled():
        found = delivery_states.where_to(delivery_id, clock.now())
    return (None, None, []) if found is None else _find(delivery_id, *found)


def _find(delivery_id: int, target: str, lane: str | None) -> Where:
    """One that nobody can deliver ends here, with its dead letter."""
    try:
        return find(target), lane, []
    except Undeliverable as error:
        with pooled():
            claimed = _claim(delivery_id)
            return None, lane, [] if claimed is None else _put_off(claimed, error)


def _claim(delivery_id: int) -> Delivery | None:
    if not delivery_states.claim(delivery_id, clock.now()):
        return None
    return delivery_states.load(delivery_id)


def _try(delivery_id: int, destination: Destination, sender: str) -> list[int]:
    """Return the ids of the dead letters that came of it."""
    with pooled():
        row = _claim(delivery_id)
    if row is None:
        return []
    crashpoint("delivery.claimed")
    error = _send(row, destination)
    with pooled():
        if error is None:
            crashpoint("delivery.sent")
            delivery_states.sent(row.pk, clock.now())
            return []
        crashpoint("delivery.failed")
        log.warning("%s: delivery %s to %s, try %s: %s", sender, row.pk, row.destination, row.tries, error)
        return _put_off(row, error)


def _send(row: Delivery, destination: Destination) -> Undeliverable | None:
    """Return why it could not be sent. A broken target, or a fault of ours on the way to it, is no more than that."""
    arn = read_target(row.destination)
    content: DeliveryBody = row.content
    if arn is None:
        return Undeliverable(f"{row.destination} is no ARN, no URL and no topic.", permanent=True)
    try:
        if destination.local:
            with transaction.atomic():
                destination.send(arn, parcels.body(row), content.attributes, _context(row))
        else:
            destination.send(arn, parcels.body(row), content.attributes, _context(row))
    except Undeliverable as error:
        return error
    except (OperationalError, InterfaceError):
        raise  # our database, not the target: nothing is known of the target
    except Exception as error:
        log.exception("delivery %s to %s", row.pk, row.destination)
        return Undeliverable(f"{type(error).__name__}: {error}")
    return None


def _put_off(row: Delivery, error: Undeliverable) -> list[int]:
    """Give it another time, or give it up; return the ids of the dead letters written with that."""
    now = clock.now()
    due_at = None
    if not error.permanent:
        tries = row.tries - row.spent
        due_at = next_try(tries, now, row.give_up_at, _draw(), row.max_tries, row.content.back_off)
    if due_at is not None:
        delivery_states.later(row.pk, row.tries, due_at, str(error))
        return []
    with transaction.atomic():
        if not delivery_states.fail(row.pk, row.tries, now, str(error)):
            return []
        letter = parcels.dead_letter(row, error)
        return [] if letter is None else list(parcels.write([letter]))


def _context(row: Delivery) -> Context:
    function, arn, request_id = short_name(row.source_arn)[:NAME_CHARACTERS], row.source_arn, ""
    if row.invocation is not None:
        told = row.invocation
        function, request_id = told.function, told.request_id
        arn = qualified_arn(function_arn(told.account, told.region, told.function), told.qualifier)
    return Context(
        key=row.key,
        scope=Scope(row.account, row.region),
        function=function,
        function_arn=arn,
        kind=row.kind,
        succeeded=row.kind == ON_SUCCESS,
        request_id=request_id,
        trace_id=row.trace_id,
        hops=row.hops,
        at=row.created_at,
        caused_by=row.caused_by,
        principal=row.principal,
        policy_arn=row.policy_arn,
        options=row.content.options,
    )
