"""Operations on queues themselves."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from invocations.engines.sqs import attributes, limits, queues
from invocations.engines.sqs.errors import InvalidAttributeValue, InvalidValue, invalid
from invocations.models import Queue
from invocations.values import Scope
from invocations.wire.call import Answer, Call
from invocations.wire.services.sqs.addressing import check_access, queue_of, required, url_of


def create_queue(call: Call) -> Answer:
    required(call)
    params = call.params
    queue = queues.create(
        call.caller.scope, params["QueueName"], _strings(params.get("Attributes")), _strings(params.get("tags"))
    )
    return Answer({"QueueUrl": url_of(call, queue)})


def get_queue_url(call: Call) -> Answer:
    required(call)
    params, scope = call.params, call.caller.scope
    owner = params.get("QueueOwnerAWSAccountId") or scope.account
    queue = queues.find(Scope(owner, scope.region), params["QueueName"])
    check_access(call, queue)
    return Answer({"QueueUrl": url_of(call, queue)})


def list_queues(call: Call) -> Answer:
    params = call.params
    found, token = _page(
        call, lambda after, most: queues.listed(call.caller.scope, params.get("QueueNamePrefix") or "", after, most)
    )
    return Answer({"QueueUrls": found or None, "NextToken": token})


def list_dead_letter_source_queues(call: Call) -> Answer:
    dead = queue_of(call)
    found, token = _page(call, lambda after, most: queues.sources_of(dead, after, most))
    return Answer({"queueUrls": found, "NextToken": token})


def _page(call: Call, rows: Callable[[str, int], list[Queue]]) -> tuple[list[str], str | None]:
    """A page of queue URLs and the token of the next one, which AWS gives only to those who ask for pages."""
    most = call.params.get("MaxResults")
    if most is not None and not 1 <= most <= limits.LIST_ITEMS:
        raise invalid(most, "MaxResults", f"Must be between 1 and {limits.LIST_ITEMS}, if provided.")
    size = limits.LIST_ITEMS if most is None else most
    found = rows(_from_token(call.params.get("NextToken")), size)
    token = None
    if most is not None and len(found) > size:
        token = base64.b64encode(found[size - 1].name.encode()).decode()
    return [url_of(call, queue) for queue in found[:size]], token


def _from_token(token: str | None) -> str:
    try:
        return base64.b64decode(token or "", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidValue("Invalid or expired next token.") from None


def get_queue_attributes(call: Call) -> Answer:
    queue = queue_of(call)
    names = attributes.asked_for(call.params.get("AttributeNames") or [])
    return Answer({"Attributes": queues.read(queue, names) or None})


def set_queue_attributes(call: Call) -> Answer:
    queues.change(queue_of(call), _strings(call.params["Attributes"]))
    return Answer()


def delete_queue(call: Call) -> Answer:
    queues.delete(queue_of(call))
    return Answer()


def purge_queue(call: Call) -> Answer:
    queues.purge(queue_of(call))
    return Answer()


def tag_queue(call: Call) -> Answer:
    queues.tag(queue_of(call), _strings(call.params["Tags"]))
    return Answer()


def untag_queue(call: Call) -> Answer:
    queues.untag(queue_of(call), call.params["TagKeys"])
    return Answer()


def list_queue_tags(call: Call) -> Answer:
    return Answer({"Tags": queue_of(call).tags or None})


def _strings(given: dict[str, str | None] | None) -> dict[str, str]:
    """A map without nulls in it."""
    for name, value in (given or {}).items():
        if value is None:
            raise InvalidAttributeValue(f"Invalid value for the parameter {name}.")
    return {name: str(value) for name, value in (given or {}).items()}


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateQueue": create_queue,
    "GetQueueUrl": get_queue_url,
    "ListQueues": list_queues,
    "ListDeadLetterSourceQueues": list_dead_letter_source_queues,
    "GetQueueAttributes": get_queue_attributes,
    "SetQueueAttributes": set_queue_attributes,
    "DeleteQueue": delete_queue,
    "PurgeQueue": purge_queue,
    "TagQueue": tag_queue,
    "UntagQueue": untag_queue,
    "ListQueueTags": list_queue_tags,
}
