"""Rows as the documents that Kinesis answers with."""

from __future__ import annotations

from typing import Any

from invocations import clock
from invocations.engines.kinesis import shard_views
from invocations.engines.kinesis.hashing import HashRange
from invocations.engines.kinesis.moments import from_ms
from invocations.engines.kinesis.reading import Record
from invocations.models import Shard, Stream


def summary(stream: Stream) -> dict[str, Any]:
    """What lists say of a stream."""
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": stream.status_at(clock.real()),
        "StreamModeDetails": {"StreamMode": stream.mode},
        "StreamCreationTimestamp": stream.created_at,
    }


def described(stream: Stream) -> dict[str, Any]:
    """What both descriptions say of a stream."""
    return {
        **summary(stream),
        "RetentionPeriodHours": stream.retention_hours,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }


def shard(row: Shard) -> dict[str, Any]:
    view = shard_views.view(row)
    lower, adjacent = (*view.parents, None, None)[:2]
    return {
        "ShardId": view.shard_id,
        "ParentShardId": lower,
        "AdjacentParentShardId": adjacent,
        "HashKeyRange": hash_range(view.hash_range),
        "SequenceNumberRange": {
            "StartingSequenceNumber": view.first_sequence,
            "EndingSequenceNumber": view.last_sequence,
        },
    }


def child(row: Shard) -> dict[str, Any]:
    view = shard_views.view(row)
    return {
        "ShardId": view.shard_id,
        "ParentShards": list(view.parents),
        "HashKeyRange": hash_range(view.hash_range),
    }


def hash_range(part: HashRange) -> dict[str, str]:
    return {"StartingHashKey": str(part.first), "EndingHashKey": str(part.last)}


def record(found: Record) -> dict[str, Any]:
    return {
        "SequenceNumber": found.sequence_number,
        "ApproximateArrivalTimestamp": from_ms(found.arrived_ms),
        "Data": found.data,
        "PartitionKey": found.partition_key,
    }
