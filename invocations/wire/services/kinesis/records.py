"""Put records, and read them by iterator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations import clock
from invocations.engines.kinesis import iterators, limits, putting, reading, sequences, shard_views, streams
from invocations.engines.kinesis.errors import DryRun, InvalidArgument, StreamNotFound, Validation
from invocations.engines.kinesis.hashing import HIGHEST
from invocations.engines.kinesis.putting import Entry
from invocations.models import Stream
from invocations.models.stream import shard_name
from invocations.wire.call import Answer, Call
from invocations.wire.services.kinesis import shapes
from invocations.wire.services.kinesis.addressing import of_arn, stream_of


def put_record(call: Call) -> Answer:
    stream = stream_of(call)
    entry = _entry(stream, call.params, "")
    ordering = call.params.get("SequenceNumberForOrdering")
    if ordering is not None:
        _check_ordering(stream, ordering)
    _stop_if_dry(call)
    done = putting.put(stream, [entry])[0]
    return Answer({"ShardId": done.shard_id, "SequenceNumber": done.sequence_number})


def put_records(call: Call) -> Answer:
    """All of them are stored, or the request is refused: no shard here is ever too busy for single records."""
    stream = stream_of(call)
    given = call.params["Records"]
    entries = [_entry(stream, record, f"records.{place}.member.") for place, record in enumerate(given, 1)]
    if sum(entry.size for entry in entries) > limits.PUT_BYTES:
        raise InvalidArgument(f"Records size exceeds {limits.PUT_BYTES // 2**20} MB limit")
    _stop_if_dry(call)
    done = putting.put(stream, entries)
    records = [{"ShardId": one.shard_id, "SequenceNumber": one.sequence_number} for one in done]
    return Answer({"FailedRecordCount": 0, "Records": records})


def _entry(stream: Stream, record: dict[str, Any], path: str) -> Entry:
    """One record, checked against what the model leaves to the stream. Raises StreamRefusal."""
    key, explicit = record.get("PartitionKey"), record.get("ExplicitHashKey")
    if key is None:
        raise _violated(f"{path}partitionKey", "Member must not be null", value="Value null")
    entry = Entry(record["Data"], key, None if explicit is None else int(explicit))
    most = stream.max_record_kib * 1024
    if entry.size > most:
        raise _violated(f"{path}data", f"Member must have length less than or equal to {most}")
    if entry.hash_key is not None and entry.hash_key > HIGHEST:
        raise InvalidArgument(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {explicit}"
        )
    return entry


def _violated(path: str, constraint: str, value: str = "Value") -> Validation:
    return Validation(f"1 validation error detected: {value} at '{path}' failed to satisfy constraint: {constraint}")


def _check_ordering(stream: Stream, text: str) -> None:
    """A record's place is always behind all that its shard has; what is left to check is that the number is one."""
    parsed = sequences.parse(text)
    if parsed is None or parsed.second > clock.now().timestamp():
        raise InvalidArgument(
            f"ExclusiveMinimumSequenceNumber {text} used in PutRecord on stream {stream.name} "
            f"under account {stream.account} is invalid."
        )


def _stop_if_dry(call: Call) -> None:
    if call.params.get("DryRun"):
        raise DryRun


def get_shard_iterator(call: Call) -> Answer:
    stream, params = stream_of(call), call.params
    shard = shard_views.find(stream, params["ShardId"])
    place = iterators.start(
        stream, shard, params["ShardIteratorType"], params.get("StartingSequenceNumber"), params.get("Timestamp")
    )
    _stop_if_dry(call)
    return Answer({"ShardIterator": iterators.write(stream.stream_id, shard.number, place)})


def get_records(call: Call) -> Answer:
    params = call.params
    iterator = iterators.read(params["ShardIterator"])
    stream = streams.find_id(call.caller.scope, iterator.stream_id)
    arn = params.get("StreamARN")
    if arn is not None and of_arn(call, arn).pk != stream.pk:
        raise InvalidArgument("Invalid ShardIterator.")
    if stream.status_at(clock.real()) == Stream.Status.DELETING:
        raise StreamNotFound(stream.name, stream.account)
    shard = shard_views.find(stream, shard_name(iterator.shard))
    most = limits.READ_RECORDS if params.get("Limit") is None else params["Limit"]
    _stop_if_dry(call)
    found = reading.read(reading.readable(stream, shard), iterator.place, most, limits.READ_BYTES)
    return Answer(
        {
            "Records": [shapes.record(record) for record in found.records],
            "NextShardIterator": (
                None if found.at_end else iterators.write(stream.stream_id, shard.number, found.place)
            ),
            "MillisBehindLatest": found.millis_behind,
            "ChildShards": (
                [shapes.child(row) for row in shard_views.children(stream, shard)] if found.at_end else None
            ),
        }
    )


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PutRecord": put_record,
    "PutRecords": put_records,
    "GetShardIterator": get_shard_iterator,
    "GetRecords": get_records,
}
