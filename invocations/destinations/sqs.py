"""A standard queue: the record is a message. A dead letter is the event, with three message attributes."""

from __future__ import annotations

from invocations.arns import Arn
from invocations.destinations.base import (
    DEAD_LETTER,
    ON_FAILURE,
    ON_SUCCESS,
    Attributes,
    Context,
    Destination,
    Undeliverable,
)
from invocations.engines import sqs
from invocations.engines.sqs.content import TRACE_HEADER
from invocations.engines.sqs.errors import QueueDoesNotExist


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Store the message. A queue that is not there may come yet; what a queue refuses it will refuse again."""
    named = {name: {"DataType": one["type"], "StringValue": one["value"]} for name, one in attributes.items()}
    try:
        sqs.send(arn.text, body.decode(), named, system_attributes=_trace(context), sender=context.scope.account)
    except QueueDoesNotExist as refusal:
        raise Undeliverable(refusal.message) from refusal
    except sqs.QueueRefusal as refusal:
        raise Undeliverable(refusal.message, permanent=True) from refusal


def _trace(context: Context) -> dict[str, dict[str, str]]:
    """Who reads the message goes on with the trace of the invocation that it tells of."""
    if not context.trace_id:
        return {}
    return {TRACE_HEADER: {"DataType": "String", "StringValue": f"Root={context.trace_id}"}}


DESTINATION = Destination("sqs", frozenset({ON_SUCCESS, ON_FAILURE, DEAD_LETTER}), send, local=True)
