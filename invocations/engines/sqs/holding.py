"""Messages that a poller of ours has: hidden until it lets go of them, however product time is steered meanwhile.

What was taken is named by row and receipt: once somebody else has received or deleted a message, it is not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from invocations.engines.sqs import hooks, taking
from invocations.engines.sqs.moments import now_ms
from invocations.engines.sqs.receiving import HELD_MS, deliverable
from invocations.engines.sqs.taking import Taken, take
from invocations.models import Message, Queue
from invocations.values import Scope
from lambdaplay.db.lists import among, listed
from lambdaplay.db.prepared import Select

__all__ = ["Held", "Taken", "again", "let_go", "ready", "remove", "take"]

_AT_ONCE = 500  # messages of one statement


class Held(NamedTuple):
    """One message that was taken: its row, and the receipt of that receive."""

    row: int
    receipt: str


def again(queue: Queue, held: Sequence[Held]) -> list[Taken]:
    """Those that are still ours, with their bodies, in the order given."""
    found = taking.again(queue, [one.row for one in held])
    ours = {Held(one.pk, one.receipt): one for one in found}
    return [ours[one] for one in held if one in ours]


def remove(queue: Queue, held: Sequence[Held]) -> None:
    """Delete those that are still ours, in the caller's transaction."""
    for receipt in {one.receipt for one in held}:
        _remove(queue, [one.row for one in held if one.receipt == receipt], receipt)
    if queue.fifo and held:
        hooks.announce(queue.arn)  # the rest of the group is free


def _remove(queue: Queue, ids: Sequence[int], receipt: str) -> None:
    with connection.cursor() as cursor:
        which = f"DELETE FROM invocations_message WHERE {among('id')} AND queue_id = %s AND receipt = %s"  # noqa: S608
        cursor.execute(which, (listed(ids), queue.pk, receipt))
        if cursor.rowcount < len(ids):
            kept = set(Message.objects.filter(pk__in=ids).values_list("pk", flat=True))
            ids = [pk for pk in ids if pk not in kept]
        cursor.execute(f"DELETE FROM invocations_messagebody WHERE {among('message_id')}", (listed(ids),))  # noqa: S608


def let_go(queue: Queue, held: Sequence[Held], visible_ms: int) -> None:
    """Have those that are still ours come back at that moment (product time), or at once when it is past."""
    visible = max(visible_ms, now_ms())
    with transaction.atomic():
        for piece in _pieces(held):
            _ours(queue, piece).order_by().filter(visible_ms=HELD_MS).update(visible_ms=visible)
        if held and visible <= now_ms():
            hooks.announce(queue.arn)


def ready(arns: Iterable[str]) -> set[str]:
    """Those of the queues that have something to give, and those that are gone: their readers must hear of it.

    What lies in a FIFO queue behind a group's message that somebody has is not to be had: who looked for it would look
    again at once, and for as long as the other one's function runs.
    """
    wanted = {arn: arn.rsplit(":", 1)[1] for arn in arns}
    now = now_ms()
    if len(wanted) == 1:  # as each poller asks, for each message that finds its queue idle
        ((arn, name),) = wanted.items()
        region, account = arn.split(":")[3:5]
        found = _READY(account=account, region=region, name=name, now=now)
        return set(wanted) if all(_is_free(pk, fifo, seen, now) for pk, fifo, seen in found) else set()
    visible = Message.objects.filter(queue_id=OuterRef("pk"), visible_ms__lte=now)
    rows = Queue.objects.filter(name__in=set(wanted.values())).annotate(has_visible=Exists(visible))
    known = {}
    for pk, fifo, region, account, name, seen in rows.values_list(
        "pk", "fifo", "region", "account", "name", "has_visible"
    ):
        known[f"arn:aws:sqs:{region}:{account}:{name}"] = _is_free(pk, fifo, seen, now)
    return {arn for arn in wanted if known.get(arn, True)}


def _is_free(pk: int, fifo: bool, has_visible: bool, now: int) -> bool:
    return has_visible and (not fifo or deliverable(Queue(pk=pk, fifo=True), now).exists())


_READY = Select(
    lambda account, region, name, now: (
        Queue.objects.within(Scope(account, region))
        .filter(name=name)
        .order_by()
        .annotate(has_visible=Exists(Message.objects.filter(queue_id=OuterRef("pk"), visible_ms__lte=now)))
        .values_list("pk", "fifo", "has_visible")
    ),
    account=str,
    region=str,
    name=str,
    now=int,
)


def behind(queue: Queue) -> Mapping[str, int | None]:
    """How far its readers are behind: visible messages, and the age of the oldest one in milliseconds."""
    now = now_ms()
    visible = Message.objects.filter(queue=queue, visible_ms__lte=now)
    oldest = visible.order_by("sent_ms").values_list("sent_ms", flat=True).first()
    return {"messages": visible.count(), "oldest_ms": None if oldest is None else max(0, now - oldest)}


def _ours(queue: Queue, held: Sequence[Held]) -> QuerySet[Message]:
    receipts = {one.receipt for one in held}
    return Message.objects.filter(
        Q(receipt=next(iter(receipts))) if len(receipts) == 1 else Q(receipt__in=receipts),
        queue_id=queue.pk,
        pk__in=[one.row for one in held],
    )


def _pieces(held: Sequence[Held]) -> Iterable[Sequence[Held]]:
    for start in range(0, len(held), _AT_ONCE):
        yield held[start : start + _AT_ONCE]
