"""A topic: the record is a message. A dead letter is the event, with three message attributes.

Options: `subject`, `group` and `dedup` are the message's (the last two in FIFO topics only).
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
from invocations.engines import sns


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Publish. A topic that is not there may come yet; what a topic refuses it will refuse again.

    A service (rule, bucket) gives up at once where the topic is missing, or its policy does not let the service in.
    """
    try:
        topic = sns.find(arn.text)
        _check_permission(topic, context)
        fifo = topic.fifo
        outgoing = sns.Outgoing(
            message=body.decode(),
            subject=context.options.get("subject"),
            attributes={name: _attribute(one) for name, one in attributes.items()},
            group=context.options.get("group") if fifo else None,
            deduplication_id=context.options.get("dedup") if fifo else None,
        )
        origin = sns.Origin(
            publisher=context.principal or context.function_arn,
            trace_id=context.trace_id,
            hops=context.hops,
            caused_by=context.caused_by or context.request_id,
        )
        sns.publish(topic, outgoing, origin)
    except sns.TopicDoesNotExist as refusal:
        raise Undeliverable(refusal.message, permanent=bool(context.principal), code=NO_RESOURCE) from refusal
    except sns.TopicRefusal as refusal:
        raise Undeliverable(refusal.message, permanent=True) from refusal
    except UnicodeDecodeError as error:
        raise Undeliverable("A topic takes text only, and this is not UTF-8.", permanent=True) from error


def _check_permission(topic: sns.Topic, context: Context) -> None:
    facts = {"aws:SourceArn": context.policy_arn, "aws:SourceAccount": context.scope.account}
    if context.principal and not sns.allows(topic, context.principal, facts):
        raise Undeliverable(
            f"The policy of {topic.arn} does not allow {context.principal} to Publish for {context.policy_arn}.",
            permanent=True,
            code=NO_PERMISSIONS,
        )


def _attribute(one: Mapping[str, str]) -> dict[str, str]:
    member = "BinaryValue" if one["type"].startswith("Binary") else "StringValue"
    return {"DataType": one["type"], member: one["value"]}


DESTINATION = Destination("sns", frozenset({ON_SUCCESS, ON_FAILURE, DEAD_LETTER}), send, local=True)
