"""Sending what the outbox holds. A delivery never changes the outcome that it tells of.

Each is tried until its target has it: after a second, then twice as long each time, up to five minutes, for six hours.
Then it is undeliverable: shown, kept and open to a replay.
"""

from __future__ import annotations

import logging
import random
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from invocations import clock, event_queue
from invocations.arns import function_arn, parse_arn
from invocations.decisions.backoff import next_try
from invocations.destinations import Destination, Undeliverable, find
from invocations.destinations.base import ON_SUCCESS, Context
from invocations.models import Delivery, DeliveryBody, delivery_states
from invocations.records import qualified_arn
from invocations.values import Scope
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

AT_ONCE = 100  # of a sweep
_draw = random.SystemRandom().random


def run(delivery_id: int, sender: str) -> None:
    """Try this delivery once, if it is due and nobody else is at it. `sender` names the process in the log."""
    destination = _destination(delivery_id)
    if destination is None:
        return
    if destination.local:
        with pooled(), transaction.atomic():
            _try(delivery_id, destination, sender)
    else:
        _try(delivery_id, destination, sender)


def run_all_of(request_id: str, sender: str) -> None:
    """Try what an invocation left in the outbox."""
    with pooled():
        rows = delivery_states.due(clock.now()).filter(invocation__request_id=request_id)
        waiting = list(rows.values_list("pk", flat=True))
    for delivery_id in waiting:
        run(delivery_id, sender)


def due(limit: int) -> list[int]:
    """Return the ids of deliveries that are to be tried now, the longest due first."""
    with pooled():
        return list(delivery_states.due(clock.now()).values_list("pk", flat=True)[:limit])


def replay(delivery_id: int) -> bool:
    """Give an undeliverable delivery, or one that waits, a try at once; False when it is neither."""
    now = clock.now()
    with pooled():
        replayed = delivery_states.revive(delivery_id, now) or delivery_states.hurry(delivery_id, now)
        if replayed:
            _tell(delivery_id, None)
    return replayed


def sweep_deliveries(limit: int = AT_ONCE) -> int:
    """Send messages about due deliveries that no live message speaks of; return how many."""
    if event_queue.broken():
        return 0
    with pooled():
        rows = delivery_states.untold(clock.now(), clock.real()).values_list("pk", "sent_at")[:limit]
        return sum(_tell(delivery_id, known) for delivery_id, known in list(rows))


def drain_deliveries(sender: str, limit: int = AT_ONCE) -> int:
    """Send due deliveries without the broker's help, when it is gone or its messages do not arrive; return how many."""
    with pooled():
        now = clock.now()
        rows = delivery_states.due(now) if event_queue.broken() else delivery_states.unheard(now, clock.real())
        waiting = list(rows.values_list("pk", flat=True)[:limit])
    for delivery_id in waiting:
        run(delivery_id, sender)
    return len(waiting)


def _tell(delivery_id: int, known: datetime | None) -> bool:
    return delivery_states.tell(delivery_id, known, clock.real()) and event_queue.send_delivery(delivery_id)


def _destination(delivery_id: int) -> Destination | None:
    """Where it goes; None when there is nothing to do. One that nobody can deliver ends here."""
    with pooled():
        row = delivery_states.due(clock.now()).filter(pk=delivery_id).first()
        if row is None:
            return None
        try:
            return find(row.destination)
        except Undeliverable as error:
            if delivery_states.claim(delivery_id, clock.now()):
                delivery_states.fail(delivery_id, row.tries + 1, clock.now(), str(error))
            return None


def _try(delivery_id: int, destination: Destination, sender: str) -> None:
    with pooled():
        if not delivery_states.claim(delivery_id, clock.now()):
            return
        row = Delivery.objects.select_related("invocation", "content").get(pk=delivery_id)
    error = _send(row, destination)
    with pooled():
        if error is None:
            delivery_states.sent(row.pk, clock.now())
        else:
            log.warning("%s: delivery %s to %s, try %s: %s", sender, row.pk, row.destination, row.tries, error)
            _put_off(row, error)


def _send(row: Delivery, destination: Destination) -> Undeliverable | None:
    """Return why it could not be sent. A broken target, or a fault of ours on the way to it, is no more than that."""
    arn = parse_arn(row.destination)
    content: DeliveryBody = row.content
    if arn is None:
        return Undeliverable(f"{row.destination} is not an ARN.", permanent=True)
    try:
        if destination.local:
            with transaction.atomic():
                destination.send(arn, bytes(content.body), content.attributes, _context(row))
        else:
            destination.send(arn, bytes(content.body), content.attributes, _context(row))
    except Undeliverable as error:
        return error
    except (OperationalError, InterfaceError):
        raise  # our database, not the target: nothing is known of the target
    except Exception as error:
        log.exception("delivery %s to %s", row.pk, row.destination)
        return Undeliverable(f"{type(error).__name__}: {error}")
    return None


def _put_off(row: Delivery, error: Undeliverable) -> None:
    now = clock.now()
    due_at = None if error.permanent else next_try(row.tries, now, row.give_up_at, _draw())
    if due_at is None:
        delivery_states.fail(row.pk, row.tries, now, str(error))
    else:
        delivery_states.later(row.pk, row.tries, due_at, str(error))


def _context(row: Delivery) -> Context:
    invocation = row.invocation
    arn = function_arn(invocation.account, invocation.region, invocation.function)
    return Context(
        key=f"{invocation.request_id}:{row.kind}",
        scope=Scope(invocation.account, invocation.region),
        function=invocation.function,
        function_arn=qualified_arn(arn, invocation.qualifier),
        kind=row.kind,
        succeeded=row.kind == ON_SUCCESS,
        request_id=invocation.request_id,
        trace_id=invocation.trace_id,
        hops=invocation.hops,
        at=row.created_at,
    )
