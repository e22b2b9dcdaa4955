"""From queue URLs to queues and back, and who may come from another account."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from urllib.parse import unquote, urlsplit

from invocations.engines.sqs import policies, queues
from invocations.engines.sqs.errors import AccessToQueueDenied, InvalidAddress, MissingParameter, QueueDoesNotExist
from invocations.models import Queue
from invocations.values import Caller, Scope
from invocations.wire.call import Call
from invocations.wire.protocol.model import load


def required(call: Call) -> None:
    """Raise MissingParameter for the first required member that is not there."""
    shape = load("sqs").operation_model(call.operation).input_shape
    for name in shape.required_members:
        if call.params.get(name) is None and not (name == "QueueUrl" and _in_path(call)):
            raise MissingParameter(name)


def queue_of(call: Call) -> Queue:
    """The queue that the request is about. Raises QueueRefusal: missing, malformed, unknown, denied."""
    required(call)
    url = call.params.get("QueueUrl")
    account, name = _parts(call.path if url is None else url)
    queue = queues.find(Scope(account, call.caller.scope.region), name)
    check_access(call, queue)
    return queue


def check_access(call: Call, queue: Queue) -> None:
    """The owner may do everything; other accounts what the queue's policy lets them."""
    account = call.caller.scope.account
    action = call.operation.removesuffix("Batch")
    if queue.account != account and not policies.allows(queue, account, action):
        raise AccessToQueueDenied(
            f"User: {call.caller.arn} is not authorized to perform: sqs:{action.lower()} on resource: {queue.arn} "
            f"because no resource-based policy allows the sqs:{action.lower()} action"
        )


def _in_path(call: Call) -> bool:
    return len(call.path.strip("/").split("/")) == 2


def _parts(url: str) -> tuple[str, str]:
    """Account and name: the last two segments of the path, whatever host the URL names."""
    segments = [unquote(part) for part in urlsplit(url).path.split("/") if part] if "/" in url else []
    if len(segments) < 2 or not (len(segments[-2]) == 12 and segments[-2].isdigit()):
        if url and "/" not in url:
            raise InvalidAddress(url)
        raise QueueDoesNotExist if segments else InvalidAddress(url)
    return segments[-2], segments[-1]


def url_of(call: Call, queue: Queue) -> str:
    """The queue's URL under the host that this caller sees."""
    return f"http://{call.headers['host']}/{queue.account}/{queue.name}"


def sender_of(caller: Caller) -> str:
    """A SenderId as AWS forms them: a user's id, or a role's with the session."""
    digest = b32encode(hashlib.sha256(caller.arn.encode()).digest()).decode()[:17]
    return f"AIDA{digest}" if caller.environment_id is None else f"AROA{digest}:{caller.environment_id}"
