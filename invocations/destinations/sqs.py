"""A queue: the record is a message. A dead letter is the event, with three message attributes.

Options: `group` and `dedup` are the message's group and deduplication id (the latter in FIFO queues only).
"""

from __future__ import annotations

from collections.abc import Mapping

from invocations.arns import Arn
from invocations.destinations.base import (
    DEAD_LETTER,
    NO_PERMISSIONS,
    NO_RESOURCE,
    ON_FAILURE,
    ON_SUCCESS,
    Attributes,
    Context,
    Destination,
    Undeliverable,
)
from invocations.engines import sqs
from invocations.engines.sqs import policies
from invocations.engines.sqs.content import TRACE_HEADER
from invocations.engines.sqs.errors import QueueDoesNotExist


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Store the message. A queue that is not there may come yet; what a queue refuses it will refuse again.

    A service (topic, rule) gives up at once where the queue is missing, or its policy does not let the service send.
    """
    try:
        _check_permission(arn.text, context)
        sqs.send(
            arn.text,
            body.decode(),
            {name: _attribute(one) for name, one in attributes.items()},
            group=context.options.get("group"),
            dedup=context.options.get("dedup") if arn.resource.endswith(".fifo") else None,
            system_attributes=_trace(context),
            sender=context.principal or context.scope.account,
            hops=context.hops,
            caused_by=context.caused_by,
        )
    except QueueDoesNotExist as refusal:
        raise Undeliverable(refusal.message, permanent=bool(context.principal), code=NO_RESOURCE) from refusal
    except sqs.QueueRefusal as refusal:
        raise Undeliverable(refusal.message, permanent=True) from refusal
    except UnicodeDecodeError as error:
        raise Undeliverable("A queue takes text only, and this is not UTF-8.", permanent=True) from error


def _check_permission(queue_arn: str, context: Context) -> None:
    if not context.principal:
        return
    facts = {"aws:SourceArn": context.policy_arn, "aws:SourceAccount": context.scope.account}
    if not policies.allows(sqs.find(queue_arn), context.principal, "SendMessage", facts):
        raise Undeliverable(
            f"The policy of {queue_arn} does not allow {context.principal} to SendMessage for {context.policy_arn}.",
            permanent=True,
            code=NO_PERMISSIONS,
        )


def _attribute(one: Mapping[str, str]) -> dict[str, str]:
    member = "BinaryValue" if one["type"].startswith("Binary") else "StringValue"
    return {"DataType": one["type"], member: one["value"]}


def _trace(context: Context) -> dict[str, dict[str, str]]:
    """Who reads the message goes on with the trace of the invocation that it tells of."""
    if not context.trace_id:
        return {}
    return {TRACE_HEADER: {"DataType": "String", "StringValue": f"Root={context.trace_id}"}}


DESTINATION = Destination("sqs", frozenset({ON_SUCCESS, ON_FAILURE, DEAD_LETTER}), send, local=True)
