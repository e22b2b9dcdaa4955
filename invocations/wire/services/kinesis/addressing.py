"""Which stream a request is about: by name, ARN or id."""

from __future__ import annotations

from invocations.arns import parse_arn
from invocations.engines.kinesis import streams
from invocations.engines.kinesis.errors import InvalidArgument, StreamNotFound
from invocations.errors import AccessDenied
from invocations.models import Stream
from invocations.wire.call import Call


def stream_of(call: Call) -> Stream:
    """The stream that StreamName, StreamARN or StreamId names. Raises StreamRefusal, AccessDenied."""
    name, arn, stream_id = (call.params.get(key) for key in ("StreamName", "StreamARN", "StreamId"))
    if name is None and arn is None and stream_id is None:
        raise InvalidArgument("Either StreamName or StreamARN must be provided.")
    found = [
        *([] if name is None else [streams.find(call.caller.scope, name)]),
        *([] if arn is None else [of_arn(call, arn)]),
        *([] if stream_id is None else [streams.find_id(call.caller.scope, stream_id)]),
    ]
    if len({stream.pk for stream in found}) > 1:
        raise InvalidArgument("StreamName, StreamARN and StreamId do not name the same stream.")
    return found[0]


def of_arn(call: Call, text: str) -> Stream:
    """The stream of an ARN, when it is the caller's. Raises StreamNotFound, AccessDenied."""
    arn, scope = parse_arn(text), call.caller.scope
    if arn is None or not arn.resource.startswith("stream/") or "/" in arn.resource.removeprefix("stream/"):
        raise StreamNotFound(text, scope.account)
    if arn.account != scope.account:
        raise AccessDenied(
            f"User: {call.caller.arn} is not authorized to perform: kinesis:{call.operation} on resource: {text} "
            f"because no resource-based policy allows the kinesis:{call.operation} action"
        )
    if arn.region != scope.region:
        raise StreamNotFound(arn.resource.removeprefix("stream/"), scope.account)
    return streams.find(scope, arn.resource.removeprefix("stream/"))
