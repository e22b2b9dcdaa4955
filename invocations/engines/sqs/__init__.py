"""SQS: queues on the database. Knows who sends and receives only by name.

For other rooms: `send`, `receive`, `delete` and `find` by queue ARN, and `on_send`, the callables that are told which
queue has something new (after the commit, in the sender's thread).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from invocations.engines.sqs import content, queues, receiving, sending, settling, waiting
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.errors import QueueRefusal
from invocations.engines.sqs.hooks import on_send
from invocations.engines.sqs.md5 import Attribute
from invocations.engines.sqs.receiving import Received
from invocations.models import Queue

__all__ = [
    "Attribute",
    "Outgoing",
    "QueueRefusal",
    "Received",
    "delete",
    "find",
    "on_send",
    "receive",
    "send",
    "waiting",
]


def find(arn: str) -> Queue:
    """The queue of an ARN. Raises QueueDoesNotExist."""
    return queues.find_arn(arn)


def send(
    arn: str,
    body: str,
    attributes: Mapping[str, Attribute] | None = None,
    delay: int | None = None,
    group: str | None = None,
    dedup: str | None = None,
    system_attributes: Mapping[str, Attribute] | None = None,
    sender: str = "",
    hops: int = 0,
    caused_by: str = "",
) -> str:
    """Send one message; return its id. Attributes as AWS's JSON has them; `delay` in seconds.

    `hops`: invocations that led to it; `caused_by`: the request id of the last of them.

    Raises QueueRefusal: QueueDoesNotExist, InvalidValue, MissingParameter, InvalidMessageContents.
    """
    queue = queues.find_arn(arn)
    message = Outgoing(body, attributes or {}, delay, group, dedup, system_attributes or {}, sender, hops, caused_by)
    content.check(queue, message)
    return sending.send(queue, [message])[0].message_id


def receive(arn: str, most: int = 10, visibility: int | None = None) -> list[Received]:
    """Take up to `most` messages and hide them for `visibility` seconds (None: the queue's). Never waits.

    Raises QueueDoesNotExist, OverLimit.
    """
    return receiving.receive(queues.find_arn(arn), most, visibility)


def delete(arn: str, handles: Sequence[str]) -> list[QueueRefusal | None]:
    """Delete received messages by their handles; one refusal or None for each. Raises QueueDoesNotExist."""
    return settling.delete(queues.find_arn(arn), handles)
