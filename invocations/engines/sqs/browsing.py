"""Looking at messages without receiving them: nothing here changes a row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

from invocations.engines.sqs import removal
from invocations.engines.sqs.moments import now_ms
from invocations.engines.sqs.receiving import HELD_MS
from invocations.models import Message, Queue

VISIBLE, IN_FLIGHT, DELAYED = "visible", "in flight", "delayed"
STATES = (VISIBLE, IN_FLIGHT, DELAYED)


def messages(queue: Queue, state: str | None = None, after: int = 0, most: int = 25) -> list[Message]:
    """Messages with their bodies, oldest first, those behind row `after`; one more than `most` when there are more."""
    rows = _in_state(queue, state).filter(id__gt=after).select_related("content").order_by("id")
    return list(rows[: most + 1])


def dead(queue: Queue, target: Queue, after: int = 0, most: int = 25) -> list[Message]:
    """Messages that died in `queue` and lie in its dead-letter queue, oldest first; one more than `most` when more."""
    rows = Message.objects.filter(queue=target, dead_letter_source=queue.arn, id__gt=after)
    return list(rows.select_related("content").order_by("id")[: most + 1])


def dead_count(queue: Queue, target: Queue) -> int:
    return Message.objects.filter(queue=target, dead_letter_source=queue.arn).count()


def message(queue: Queue, pk: int) -> Message | None:
    return Message.objects.filter(queue=queue, pk=pk).select_related("content").first()


def _in_state(queue: Queue, state: str | None) -> QuerySet[Message]:
    now = now_ms()
    rows = Message.objects.filter(queue=queue, sent_ms__gt=removal.kept_since(queue, now))
    if state is None:
        return rows
    ahead = Q(visible_ms__gt=now)
    which = {VISIBLE: ~ahead, IN_FLIGHT: ahead & ~Q(receipt=""), DELAYED: ahead & Q(receipt="")}
    return rows.filter(which[state])


def state_of(row: Message) -> str:
    if row.visible_ms <= now_ms():
        return VISIBLE
    return IN_FLIGHT if row.receipt else DELAYED


def moment(milliseconds: int | None) -> datetime | None:
    """None also for a message that comes back when its poller lets go of it."""
    return None if milliseconds in (None, HELD_MS) else datetime.fromtimestamp(milliseconds / 1000, UTC)


def document(queue: Queue, row: Message) -> dict[str, Any]:
    """One message as JSON, for commands and pages."""
    sent, visible = moment(row.sent_ms), moment(row.visible_ms)
    return {
        "message_id": row.message_id,
        "queue": queue.arn,
        "state": state_of(row),
        "sent_at": None if sent is None else sent.isoformat(),
        "visible_at": None if visible is None else visible.isoformat(),
        "receive_count": row.receive_count,
        "group": row.group or None,
        "dead_letter_source": row.dead_letter_source or None,
        "attributes": row.content.attributes,
        "body": row.content.body,
    }
