"""Tags: the stream's own operations, and those for resources of any kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.engines.kinesis import streams, tagging
from invocations.models import Stream
from invocations.wire.call import Answer, Call
from invocations.wire.services.kinesis.addressing import of_arn, stream_of

_PAGE = 50


def add_tags_to_stream(call: Call) -> Answer:
    streams.tag(stream_of(call), call.params["Tags"])
    return Answer()


def remove_tags_from_stream(call: Call) -> Answer:
    _untag(stream_of(call), call.params["TagKeys"])
    return Answer()


def list_tags_for_stream(call: Call) -> Answer:
    after = call.params.get("ExclusiveStartTagKey") or ""
    most = _PAGE if call.params.get("Limit") is None else call.params["Limit"]
    tags = [tag for tag in _written(stream_of(call)) if tag["Key"] > after]
    return Answer({"Tags": tags[:most], "HasMoreTags": len(tags) > most})


def tag_resource(call: Call) -> Answer:
    streams.tag(of_arn(call, call.params["ResourceARN"]), call.params["Tags"])
    return Answer()


def untag_resource(call: Call) -> Answer:
    _untag(of_arn(call, call.params["ResourceARN"]), call.params["TagKeys"])
    return Answer()


def list_tags_for_resource(call: Call) -> Answer:
    return Answer({"Tags": _written(of_arn(call, call.params["ResourceARN"]))})


def _untag(stream: Stream, keys: list[str]) -> None:
    tagging.check_characters(keys)
    streams.untag(stream, keys)


def _written(stream: Stream) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in sorted(stream.tags.items())]


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "AddTagsToStream": add_tags_to_stream,
    "RemoveTagsFromStream": remove_tags_from_stream,
    "ListTagsForStream": list_tags_for_stream,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
