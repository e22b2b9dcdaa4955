"""List shards, and divide the key space anew."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from invocations import clock
from invocations.engines.kinesis import limits, resharding, shard_views, streams
from invocations.engines.kinesis.errors import ExpiredNextToken, InvalidArgument, StreamNotFound
from invocations.engines.kinesis.hashing import HIGHEST
from invocations.engines.kinesis.shard_views import ShardFilter
from invocations.models import Stream
from invocations.wire.call import Answer, Call
from invocations.wire.services.kinesis import shapes
from invocations.wire.services.kinesis.addressing import stream_of

_STREAM_NAMES = ("StreamName", "StreamARN", "StreamId")
_SECOND = timedelta(seconds=1)


def list_shards(call: Call) -> Answer:
    params = call.params
    token = params.get("NextToken")
    if token is None:
        stream, which = _asked(call)
        after = params.get("ExclusiveStartShardId") or ""
    else:
        stream, which, after = _go_on(call, token)
    most = limits.LIST_SHARDS if params.get("MaxResults") is None else params["MaxResults"]
    rows = [row for row in shard_views.picked(stream, which) if row.shard_id > after]
    more, rows = len(rows) > most, rows[:most]
    return Answer(
        {
            "Shards": [shapes.shard(row) for row in rows],
            "NextToken": _token(stream, which, rows[-1].shard_id) if more else None,
        }
    )


def _asked(call: Call) -> tuple[Stream, ShardFilter]:
    params = call.params
    if all(params.get(name) is None for name in _STREAM_NAMES):
        raise InvalidArgument("Either NextToken or StreamName should be provided.")
    stream = stream_of(call)
    created = params.get("StreamCreationTimestamp")
    if created is not None and abs(created - stream.created_at) >= _SECOND:
        raise StreamNotFound(stream.name, stream.account)
    given = params.get("ShardFilter")
    if given is None:
        return stream, ShardFilter()
    return stream, ShardFilter(given["Type"], given.get("ShardId"), given.get("Timestamp"))


def _go_on(call: Call, token: str) -> tuple[Stream, ShardFilter, str]:
    for name in (*_STREAM_NAMES[:2], "StreamCreationTimestamp", "ExclusiveStartShardId", "ShardFilter"):
        if call.params.get(name) is not None:
            raise InvalidArgument(f"NextToken and {name} cannot be provided together.")
    try:
        said: dict[str, Any] = json.loads(base64.b64decode(token, validate=True))
        made = datetime.fromisoformat(said["made"])
        moment = said["timestamp"]
        which = ShardFilter(said["kind"], said["shard"], None if moment is None else datetime.fromisoformat(moment))
        stream_id, after = str(said["stream"]), str(said["after"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise InvalidArgument("NextToken is invalid.") from None
    if clock.real() > made + timedelta(seconds=limits.TOKEN_SECONDS):
        raise ExpiredNextToken("NextToken has expired. Call ListShards again without a NextToken.")
    return streams.find_id(call.caller.scope, stream_id), which, after


def _token(stream: Stream, which: ShardFilter, after: str) -> str:
    said = {
        "stream": stream.stream_id,
        "after": after,
        "kind": which.kind,
        "shard": which.shard_id,
        "timestamp": None if which.timestamp is None else which.timestamp.isoformat(),
        "made": clock.real().isoformat(),
    }
    return base64.b64encode(json.dumps(said).encode()).decode()


def split_shard(call: Call) -> Answer:
    first = int(call.params["NewStartingHashKey"])
    if first > HIGHEST:
        raise InvalidArgument(
            f"Invalid NewStartingHashKey. NewStartingHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {first}"
        )
    resharding.split(stream_of(call), call.params["ShardToSplit"], first)
    return Answer()


def merge_shards(call: Call) -> Answer:
    resharding.merge(stream_of(call), call.params["ShardToMerge"], call.params["AdjacentShardToMerge"])
    return Answer()


def update_shard_count(call: Call) -> Answer:
    stream, target = stream_of(call), call.params["TargetShardCount"]
    before = resharding.update_count(stream, target)
    return Answer(
        {
            "StreamName": stream.name,
            "CurrentShardCount": before,
            "TargetShardCount": target,
            "StreamARN": stream.arn,
        }
    )


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "ListShards": list_shards,
    "SplitShard": split_shard,
    "MergeShards": merge_shards,
    "UpdateShardCount": update_shard_count,
}
