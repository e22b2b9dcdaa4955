"""Kinesis refuses in AWS's words, and nothing is half-written."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.engines.kinesis import iterators, moments
from invocations.models import Stream
from tests.wire.rides import ARN, FIRST, iterator, refused

pytestmark = pytest.mark.django_db

TOO_LONG = "failed to satisfy constraint: Member must have length less than or equal to"
GONE = "ResourceNotFoundException: Stream gone under account 000000000000 not found."
RIDES = {"StreamName": "rides"}
RECORD = {"PartitionKey": "k", "Data": b""}


@pytest.mark.parametrize(
    ("operation", "members", "text"),
    [
        ("describe_stream", {"StreamName": "gone"}, GONE),
        ("describe_stream", {"StreamARN": ARN.replace("rides", "gone")}, GONE),
        ("describe_stream", {}, "InvalidArgumentException: Either StreamName or StreamARN must be provided."),
        ("delete_stream", {"StreamName": "gone"}, GONE),
        ("put_record", {"StreamName": "gone", **RECORD}, GONE),
        ("put_records", {"StreamName": "gone", "Records": [RECORD]}, GONE),
        ("list_tags_for_stream", {"StreamName": "gone"}, GONE),
        ("list_shards", {"StreamName": "gone"}, GONE),
        ("list_tags_for_resource", {"ResourceARN": ARN.replace("rides", "gone")}, GONE),
        (
            "create_stream",
            {"StreamName": "rides", "ShardCount": 1},
            "ResourceInUseException: Stream rides under account 000000000000 already exists.",
        ),
        ("create_stream", {"StreamName": "a b", "ShardCount": 1}, "ValidationException: 1 validation error detected"),
        ("create_stream", {"StreamName": "new", "ShardCount": 0}, "ValidationException: 1 validation error detected"),
        ("create_stream", {"StreamName": "new"}, "ValidationException: ShardCount must be specified"),
        (
            "create_stream",
            {"StreamName": "new", "ShardCount": 2, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
            "ValidationException: ShardCount must not be specified",
        ),
        (
            "create_stream",
            {"StreamName": "new", "ShardCount": 499},
            "LimitExceededException: This request would exceed the shard limit for the account 000000000000 in "
            "us-east-1. Current shard count for the account: 2. Limit: 500.",
        ),
        (
            "create_stream",
            {"StreamName": "new", "ShardCount": 1, "WarmThroughputMiBps": 5},
            "InvalidArgumentException: lambdaplay does not offer WarmThroughputMiBps",
        ),
        (
            "create_stream",
            {"StreamName": "new", "ShardCount": 1, "RecordDistributionStrategy": "AUTO"},
            "InvalidArgumentException: lambdaplay does not offer RecordDistributionStrategy AUTO",
        ),
        (
            "put_record",
            {**RIDES, "PartitionKey": "k" * 257, "Data": b""},
            f"ValidationException: 1 validation error detected: Value '{'k' * 257}' at 'partitionKey' {TOO_LONG} 256",
        ),
        (
            "put_record",
            {**RIDES, "Data": b""},
            "ValidationException: 1 validation error detected: Value null at 'partitionKey' failed to satisfy "
            "constraint: Member must not be null",
        ),
        (
            "put_record",
            {**RIDES, "PartitionKey": "k", "Data": b"x" * 2**20},
            f"ValidationException: 1 validation error detected: Value at 'data' {TOO_LONG} 1048576",
        ),
        (
            "put_record",
            {**RIDES, **RECORD, "ExplicitHashKey": str(2**128)},
            "InvalidArgumentException: Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {2**128}",
        ),
        ("put_record", {**RIDES, **RECORD, "ExplicitHashKey": "007"}, "ValidationException: 1 validation error"),
        (
            "put_record",
            {**RIDES, **RECORD, "SequenceNumberForOrdering": "5"},
            "InvalidArgumentException: ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream rides "
            "under account 000000000000 is invalid.",
        ),
        ("put_records", {**RIDES, "Records": []}, "ValidationException: 1 validation error detected"),
        ("put_records", {**RIDES, "Records": [RECORD] * 501}, "ValidationException: 1 validation error detected"),
        (
            "put_records",
            {**RIDES, "Records": [RECORD, {"PartitionKey": "k", "Data": b"x" * 2**20}]},
            f"ValidationException: 1 validation error detected: Value at 'records.2.member.data' {TOO_LONG} 1048576",
        ),
        (
            "put_records",
            {**RIDES, "Records": [{"PartitionKey": "k", "Data": b"x" * (2**20 - 1)}] * 10 + [{**RECORD, "Data": b"x"}]},
            "InvalidArgumentException: Records size exceeds 10 MB limit",
        ),
        (
            "get_shard_iterator",
            {**RIDES, "ShardId": FIRST, "ShardIteratorType": "AT_SEQUENCE_NUMBER"},
            "InvalidArgumentException: Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
            "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
            "Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber.",
        ),
        (
            "get_shard_iterator",
            {**RIDES, "ShardId": FIRST, "ShardIteratorType": "LATEST", "StartingSequenceNumber": "5"},
            "InvalidArgumentException: Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "
            "StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
            "Request specified LATEST and also a StartingSequenceNumber.",
        ),
        (
            "get_shard_iterator",
            {**RIDES, "ShardId": FIRST, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "5"},
            f"InvalidArgumentException: StartingSequenceNumber 5 used in GetShardIterator on shard {FIRST} in stream "
            "rides under account 000000000000 is invalid.",
        ),
        (
            "get_shard_iterator",
            {**RIDES, "ShardId": FIRST, "ShardIteratorType": "AT_TIMESTAMP"},
            "InvalidArgumentException: Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
            "Current request has no timestamp parameter.",
        ),
        (
            "get_shard_iterator",
            {**RIDES, "ShardId": FIRST, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": "2999-01-01T00:00:00Z"},
            "InvalidArgumentException: The timestampInMillis parameter cannot be greater than the "
            "currentTimestampInMillis. timestampInMillis: 32472144000000, currentTimestampInMillis: ",
        ),
        (
            "get_shard_iterator",
            {**RIDES, "ShardId": "shardId-000000000009", "ShardIteratorType": "LATEST"},
            "ResourceNotFoundException: Shard shardId-000000000009 in stream rides under account 000000000000 "
            "does not exist",
        ),
        (
            "get_shard_iterator",
            {**RIDES, "ShardId": "nonsense", "ShardIteratorType": "LATEST"},
            "ResourceNotFoundException: Could not find shard nonsense in stream rides under account 000000000000.",
        ),
        ("get_shard_iterator", {**RIDES, "ShardId": FIRST, "ShardIteratorType": "NEWEST"}, "ValidationException: 1 "),
        ("get_records", {"ShardIterator": "nonsense"}, "InvalidArgumentException: Invalid ShardIterator."),
        ("get_records", {"ShardIterator": "AAAA"}, "InvalidArgumentException: Invalid ShardIterator."),
        ("get_records", {"ShardIterator": "x", "Limit": 10_001}, "ValidationException: 1 validation error detected"),
        ("list_shards", {}, "InvalidArgumentException: Either NextToken or StreamName should be provided."),
        (
            "list_shards",
            {**RIDES, "NextToken": "x"},
            "InvalidArgumentException: NextToken and StreamName cannot be provided together.",
        ),
        ("list_shards", {"NextToken": "bm9uc2Vuc2U="}, "InvalidArgumentException: NextToken is invalid."),
        ("list_shards", {**RIDES, "StreamCreationTimestamp": 5}, "ResourceNotFoundException: Stream rides under"),
        ("list_streams", {"NextToken": "*"}, "InvalidArgumentException: NextToken is invalid."),
        (
            "split_shard",
            {**RIDES, "ShardToSplit": FIRST, "NewStartingHashKey": str(2**128)},
            "InvalidArgumentException: Invalid NewStartingHashKey.",
        ),
        (
            "increase_stream_retention_period",
            {**RIDES, "RetentionPeriodHours": 23},
            "InvalidArgumentException: Minimum allowed retention period is 24 hours. Requested retention period "
            "(23 hours) is too short.",
        ),
        (
            "increase_stream_retention_period",
            {**RIDES, "RetentionPeriodHours": 8761},
            "InvalidArgumentException: Maximum allowed retention period is 8760 hours. Requested retention period "
            "(8761 hours) is too long.",
        ),
        (
            "decrease_stream_retention_period",
            {**RIDES, "RetentionPeriodHours": 48},
            "InvalidArgumentException: Requested retention period (48 hours) for stream rides can not be longer than "
            "existing retention period (24 hours). Use IncreaseRetentionPeriod API.",
        ),
        (
            "add_tags_to_stream",
            {**RIDES, "Tags": {"abc;def": "1"}},
            "InvalidArgumentException: Some tags contain invalid characters. Valid characters: Unicode letters, "
            "digits, white space, _ . / = + - % @.",
        ),
        ("remove_tags_from_stream", {**RIDES, "TagKeys": ["a\tb"]}, "InvalidArgumentException: Some tags contain inv"),
        (
            "add_tags_to_stream",
            {**RIDES, "Tags": {str(number): "" for number in range(51)}},
            "InvalidArgumentException: Failed to add tags to stream rides under account 000000000000 because a given "
            "stream cannot have more than 50 tags associated with it.",
        ),
        (
            "register_stream_consumer",
            {"StreamARN": ARN, "ConsumerName": "fan"},
            "InvalidParameterValueException: lambdaplay does not offer the operation RegisterStreamConsumer",
        ),
        (
            "start_stream_encryption",
            {**RIDES, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
            "InvalidParameterValueException: lambdaplay does not offer the operation StartStreamEncryption",
        ),
        (
            "enable_enhanced_monitoring",
            {**RIDES, "ShardLevelMetrics": ["ALL"]},
            "InvalidParameterValueException: lambdaplay does not offer the operation EnableEnhancedMonitoring",
        ),
    ],
)
def test_errors(rides: Any, operation: str, members: dict[str, Any], text: str) -> None:
    assert refused(getattr(rides, operation), **members).startswith(text)
    assert [stream.name for stream in Stream.objects.all()] == ["rides"]
    assert Stream.objects.get().tags == {}


def test_an_increase_that_is_none(rides: Any) -> None:
    rides.increase_stream_retention_period(StreamName="rides", RetentionPeriodHours=48)
    assert refused(rides.increase_stream_retention_period, StreamName="rides", RetentionPeriodHours=36) == (
        "InvalidArgumentException: Requested retention period (36 hours) for stream rides can not be shorter than "
        "existing retention period (48 hours). Use DecreaseRetentionPeriod API."
    )


def test_a_mangled_iterator_is_none(rides: Any) -> None:
    place = iterator(rides)
    for at in range(0, len(place), 7):
        letter = "A" if place[at] != "A" else "B"
        mangled = place[:at] + letter + place[at + 1 :]
        assert refused(rides.get_records, ShardIterator=mangled) == "InvalidArgumentException: Invalid ShardIterator."
    assert len(place) <= 512 and iterators.read(place).place == 0
    assert moments.to_ms(moments.from_ms(5)) == 5
