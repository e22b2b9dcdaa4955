"""What a receiver says of a message it has: done with it, or not yet."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from invocations.engines.sqs import handles, hooks, limits, removal
from invocations.engines.sqs.errors import MessageNotInflight, QueueRefusal, invalid
from invocations.engines.sqs.handles import Handle
from invocations.engines.sqs.moments import now_ms
from invocations.models import Message, Queue


def delete(queue: Queue, texts: Sequence[str]) -> list[QueueRefusal | None]:
    """Delete messages by receipt handle, in one transaction; one refusal or None for each handle.

    Deleting twice is no error. A handle that is not the newest deletes nothing; in a FIFO queue that is refused, and so
    is one whose visibility timeout is over.
    """
    results: list[QueueRefusal | None] = [None] * len(texts)
    wanted: dict[int, Handle] = {}
    for place, text in enumerate(texts):
        try:
            handle = handles.read(text, queue.pk)
            wanted[place] = handle
        except QueueRefusal as refusal:
            results[place] = refusal
    if not wanted:
        return results
    with transaction.atomic():
        rows = Message.objects.select_for_update().filter(
            queue_id=queue.pk, pk__in=[h.message for h in wanted.values()]
        )
        found = {pk: (receipt, visible) for pk, receipt, visible in rows.values_list("id", "receipt", "visible_ms")}
        now = now_ms()
        gone = set()
        for place, handle in wanted.items():
            receipt, visible = found.get(handle.message, ("", 0))
            if not receipt:
                continue
            if queue.fifo and (receipt != handle.receipt or visible <= now):
                results[place] = invalid(handle.text, "ReceiptHandle", "The receipt handle has expired.")
            elif receipt == handle.receipt:
                gone.add(handle.message)
        if gone:
            removal.remove(list(gone))
            if queue.fifo:
                hooks.announce(queue.arn)  # the rest of the group is free
    return results


def change_visibility(queue: Queue, text: str, seconds: int) -> None:
    """Hide a message in flight for `seconds` from now; 0 shows it at once. Raises QueueRefusal."""
    if not 0 <= seconds <= limits.VISIBILITY_SECONDS:
        raise invalid(seconds, "VisibilityTimeout", f"Must be between 0 and {limits.VISIBILITY_SECONDS}.")
    handle = handles.read(text, queue.pk)
    now = now_ms()
    message = Message.objects.filter(queue_id=queue.pk, pk=handle.message, receipt=handle.receipt)
    held = message.filter(visible_ms__gt=now)
    longest = limits.VISIBILITY_SECONDS * 1000
    # Counted from the receive: the sum must stay below twelve hours.
    if held.filter(received_ms__gte=now + seconds * 1000 - longest).update(visible_ms=now + seconds * 1000):
        if seconds == 0:
            hooks.announce(queue.arn)
        return
    _refuse_change(text, held.exists(), message.exists())


def _refuse_change(text: str, in_flight: bool, exists: bool) -> None:
    if in_flight:
        raise invalid(
            text,
            "VisibilityTimeout",
            f"Total VisibilityTimeout for the message is beyond the limit [{limits.VISIBILITY_SECONDS} seconds]",
        )
    if exists:
        raise MessageNotInflight
    raise invalid(
        text,
        "ReceiptHandle",
        "Message does not exist or is not available for visibility timeout change.",
    )
