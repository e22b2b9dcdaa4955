"""Send, receive, delete, and change visibility, one request about one queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.engines.sqs import content, limits, receiving, sending, settling
from invocations.engines.sqs.errors import invalid
from invocations.engines.sqs.receiving import Received
from invocations.models import Queue
from invocations.wire.call import Answer, Call
from invocations.wire.services.sqs import shapes
from invocations.wire.services.sqs.addressing import queue_of, sender_of
from invocations.wire.services.sqs.polls import poll
from lambdaplay.db.pool import pooled


def send_message(call: Call) -> Answer:
    queue = queue_of(call)
    message = shapes.outgoing(call.params, sender_of(call.caller))
    content.check(queue, message)
    return Answer(shapes.sent(message, sending.send(queue, shapes.traced(call, [message]))[0]))


def receive_message(call: Call) -> Answer:
    """Called without a database connection: each attempt takes one, the wait between them holds none."""
    params = call.params
    with pooled():
        queue = queue_of(call)
    most, wait = _counts(params, queue)
    system, wanted = shapes.system_names(params), params.get("MessageAttributeNames") or []
    seconds, attempt_id = params.get("VisibilityTimeout"), params.get("ReceiveRequestAttemptId")

    known = [queue]  # for the first attempt; later ones look again, for it may have been changed or deleted

    def attempt() -> list[Received]:
        with pooled():
            return receiving.receive(known.pop() if known else queue_of(call), most, seconds, attempt_id)

    found = poll(queue.arn, wait, attempt)
    return Answer({"Messages": [shapes.received(message, system, wanted) for message in found] or None})


def _counts(params: dict[str, Any], queue: Queue) -> tuple[int, int]:
    """How many messages, and how many seconds to wait. Raises InvalidValue."""
    most = 1 if params.get("MaxNumberOfMessages") is None else params["MaxNumberOfMessages"]
    if not 1 <= most <= limits.MESSAGES_PER_RECEIVE:
        raise invalid(most, "MaxNumberOfMessages", f"Must be between 1 and {limits.MESSAGES_PER_RECEIVE}, if provided.")
    wait = queue.wait_seconds if params.get("WaitTimeSeconds") is None else params["WaitTimeSeconds"]
    if not 0 <= wait <= limits.WAIT_SECONDS:
        raise invalid(wait, "WaitTimeSeconds", f"Must be >= 0 and <= {limits.WAIT_SECONDS}, if provided.")
    seconds = params.get("VisibilityTimeout")
    if seconds is not None and not 0 <= seconds <= limits.VISIBILITY_SECONDS:
        raise invalid(seconds, "VisibilityTimeout", f"Must be between 0 and {limits.VISIBILITY_SECONDS}, if provided.")
    attempt = params.get("ReceiveRequestAttemptId")
    if attempt is not None and not queue.fifo:
        raise invalid(
            attempt,
            "ReceiveRequestAttemptId",
            "The request include parameter that is not valid for this queue type.",
        )
    return most, wait


def delete_message(call: Call) -> Answer:
    refusal = settling.delete(queue_of(call), [call.params["ReceiptHandle"]])[0]
    if refusal is not None:
        raise refusal
    return Answer()


def change_message_visibility(call: Call) -> Answer:
    settling.change_visibility(queue_of(call), call.params["ReceiptHandle"], call.params["VisibilityTimeout"])
    return Answer()


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "SendMessage": send_message,
    "ReceiveMessage": receive_message,
    "DeleteMessage": delete_message,
    "ChangeMessageVisibility": change_message_visibility,
}
