"""Create, describe, list, change and delete streams."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from invocations.engines.kinesis import limits, removal, shard_views, streams
from invocations.engines.kinesis.errors import InvalidArgument, NotOffered
from invocations.models import Stream
from invocations.wire.call import Answer, Call
from invocations.wire.services.kinesis import shapes
from invocations.wire.services.kinesis.addressing import stream_of

_WARM = "a shard's throughput is not limited here, so there is nothing to warm"


def create_stream(call: Call) -> Answer:
    params = call.params
    _refuse_unacted(params)
    mode = (params.get("StreamModeDetails") or {}).get("StreamMode", Stream.Mode.PROVISIONED)
    kib = params.get("MaxRecordSizeInKiB")
    streams.create(
        call.caller.scope,
        params["StreamName"],
        params.get("ShardCount"),
        mode,
        params.get("Tags"),
        1024 if kib is None else kib,
    )
    return Answer()


def _refuse_unacted(params: dict[str, Any]) -> None:
    if params.get("WarmThroughputMiBps"):
        raise NotOffered("WarmThroughputMiBps", _WARM)
    if params.get("RecordDistributionStrategy") == "AUTO":
        raise NotOffered("RecordDistributionStrategy AUTO", "records are placed by their partition keys.")


def delete_stream(call: Call) -> Answer:
    removal.delete(stream_of(call))
    return Answer()


def describe_stream(call: Call) -> Answer:
    stream = stream_of(call)
    limit, after = call.params.get("Limit"), call.params.get("ExclusiveStartShardId") or ""
    most = limits.DESCRIBE_SHARDS if limit is None else min(limit, limits.DESCRIBE_SHARDS)
    rows = [row for row in shard_views.of(stream) if row.shard_id > after]
    description = {
        **shapes.described(stream),
        "Shards": [shapes.shard(row) for row in rows[:most]],
        "HasMoreShards": len(rows) > most,
    }
    return Answer({"StreamDescription": description})


def describe_stream_summary(call: Call) -> Answer:
    stream = stream_of(call)
    description = {
        **shapes.described(stream),
        "StreamId": stream.stream_id,
        "OpenShardCount": len(shard_views.open_ones(stream)),
        "ConsumerCount": 0,
        "MaxRecordSizeInKiB": stream.max_record_kib,
    }
    return Answer({"StreamDescriptionSummary": description})


def list_streams(call: Call) -> Answer:
    params = call.params
    most = limits.LIST_STREAMS if params.get("Limit") is None else params["Limit"]
    token = params.get("NextToken")
    after = params.get("ExclusiveStartStreamName") or "" if token is None else _name_in(token)
    rows = streams.listed(call.caller.scope, after, most)
    more, rows = len(rows) > most, rows[:most]
    return Answer(
        {
            "StreamNames": [row.name for row in rows],
            "HasMoreStreams": more,
            "NextToken": base64.b64encode(rows[-1].name.encode()).decode() if more else None,
            "StreamSummaries": [shapes.summary(row) for row in rows],
        }
    )


def _name_in(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidArgument("NextToken is invalid.") from None


def list_stream_consumers(call: Call) -> Answer:
    """Nobody can register here, so there are none: the true answer to those who ask."""
    stream_of(call)
    return Answer({"Consumers": []})


def describe_limits(call: Call) -> Answer:
    scope = call.caller.scope
    return Answer(
        {
            "ShardLimit": limits.SHARDS,
            "OpenShardCount": streams.open_shards(scope),
            "OnDemandStreamCount": streams.on_demand_streams(scope),
            "OnDemandStreamCountLimit": limits.ON_DEMAND_STREAMS,
        }
    )


def increase_retention(call: Call) -> Answer:
    streams.keep_longer(stream_of(call), call.params["RetentionPeriodHours"])
    return Answer()


def decrease_retention(call: Call) -> Answer:
    streams.keep_shorter(stream_of(call), call.params["RetentionPeriodHours"])
    return Answer()


def update_stream_mode(call: Call) -> Answer:
    stream, mode = stream_of(call), call.params["StreamModeDetails"]["StreamMode"]
    if call.params.get("WarmThroughputMiBps"):
        raise NotOffered("WarmThroughputMiBps", _WARM)
    streams.change_mode(stream, mode)
    return Answer()


def update_max_record_size(call: Call) -> Answer:
    streams.change(stream_of(call), max_record_kib=call.params["MaxRecordSizeInKiB"])
    return Answer()


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateStream": create_stream,
    "DeleteStream": delete_stream,
    "DescribeStream": describe_stream,
    "DescribeStreamSummary": describe_stream_summary,
    "ListStreams": list_streams,
    "ListStreamConsumers": list_stream_consumers,
    "DescribeLimits": describe_limits,
    "IncreaseStreamRetentionPeriod": increase_retention,
    "DecreaseStreamRetentionPeriod": decrease_retention,
    "UpdateStreamMode": update_stream_mode,
    "UpdateMaxRecordSize": update_max_record_size,
}
