"""Kinesis over the wire: boto3 against the endpoint of this process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from invocations import clock, limits
from invocations.engines.kinesis import limits as quotas
from tests.wire.boto import client
from tests.wire.rides import ARN, FIRST, iterator, refused

pytestmark = pytest.mark.django_db


def test_a_stream_is_described(rides: Any) -> None:
    rides.add_tags_to_stream(StreamName="rides", Tags={"team": "a"})
    whole = rides.describe_stream(StreamName="rides")["StreamDescription"]
    summary = rides.describe_stream_summary(StreamARN=ARN)["StreamDescriptionSummary"]
    assert {key: whole[key] for key in whole if key not in ("Shards", "StreamCreationTimestamp")} == {
        "StreamName": "rides",
        "StreamARN": ARN,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "HasMoreShards": False,
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }
    assert (summary["OpenShardCount"], summary["ConsumerCount"], summary["MaxRecordSizeInKiB"]) == (2, 0, 1024)
    assert abs(summary["StreamCreationTimestamp"] - datetime.now(UTC)) < timedelta(minutes=5)
    first, second = whole["Shards"]
    assert first["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**127 - 1)}
    assert second["HashKeyRange"] == {"StartingHashKey": str(2**127), "EndingHashKey": str(2**128 - 1)}
    assert set(first["SequenceNumberRange"]) == {"StartingSequenceNumber"}
    assert len(summary["StreamId"]) == 24


def test_creation_takes_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    kinesis, now = client("kinesis"), clock.real()
    monkeypatch.setattr(clock, "real", lambda: now)
    kinesis.create_stream(StreamName="slow", ShardCount=1)
    described = [kinesis.describe_stream(StreamName="slow")["StreamDescription"]["StreamStatus"]]
    early = refused(kinesis.put_record, StreamName="slow", PartitionKey="k", Data=b"")
    busy = refused(kinesis.update_shard_count, StreamName="slow", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    now += timedelta(seconds=limits.SETTLE_SECONDS)
    described.append(kinesis.describe_stream(StreamName="slow")["StreamDescription"]["StreamStatus"])
    assert described == ["CREATING", "ACTIVE"]
    assert early == "ResourceNotFoundException: Stream slow under account 000000000000 not found."
    assert busy == (
        "ResourceInUseException: Stream slow under account 000000000000 not ACTIVE, instead in state CREATING"
    )


def test_records_make_the_round(rides: Any) -> None:
    data = bytes(range(256))
    one = rides.put_record(StreamName="rides", PartitionKey="k", ExplicitHashKey="0", Data=data)
    more = rides.put_records(
        StreamARN=ARN,
        Records=[
            {"PartitionKey": "é", "ExplicitHashKey": "1", "Data": b""},
            {"PartitionKey": "z", "ExplicitHashKey": str(2**128 - 1), "Data": b"z"},
        ],
    )
    assert more["FailedRecordCount"] == 0
    assert [record["ShardId"] for record in more["Records"]] == [FIRST, "shardId-000000000001"]
    found = rides.get_records(ShardIterator=iterator(rides))
    assert [(r["PartitionKey"], r["Data"], r["SequenceNumber"]) for r in found["Records"]] == [
        ("k", data, one["SequenceNumber"]),
        ("é", b"", more["Records"][0]["SequenceNumber"]),
    ]
    assert found["MillisBehindLatest"] == 0
    assert abs(found["Records"][0]["ApproximateArrivalTimestamp"] - datetime.now(UTC)) < timedelta(minutes=5)
    assert rides.get_records(ShardIterator=found["NextShardIterator"])["Records"] == []


def test_every_type_of_iterator(rides: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    numbers = []
    for letter in "abc":
        done = rides.put_record(StreamName="rides", PartitionKey="k", ExplicitHashKey="0", Data=letter.encode())
        numbers.append(done["SequenceNumber"])
        now += timedelta(seconds=10)

    def seen(kind: str, **more: Any) -> str:
        records = rides.get_records(ShardIterator=iterator(rides, FIRST, kind, **more))["Records"]
        return b"".join(record["Data"] for record in records).decode()

    assert seen("TRIM_HORIZON") == "abc"
    assert seen("LATEST") == ""
    assert seen("AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == "bc"
    assert seen("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == "c"
    assert seen("AT_TIMESTAMP", Timestamp=now - timedelta(seconds=20)) == "bc"
    start = rides.list_shards(StreamName="rides")["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert seen("AT_SEQUENCE_NUMBER", StartingSequenceNumber=start) == "abc"
    first = rides.get_records(ShardIterator=iterator(rides), Limit=1)
    assert (len(first["Records"]), first["MillisBehindLatest"]) == (1, 30_000)


def test_a_consumer_goes_from_a_closed_shard_to_its_children(rides: Any) -> None:
    rides.put_record(StreamName="rides", PartitionKey="k", ExplicitHashKey="0", Data=b"before")
    place = iterator(rides)
    rides.split_shard(StreamName="rides", ShardToSplit=FIRST, NewStartingHashKey="100")
    rides.put_record(StreamName="rides", PartitionKey="k", ExplicitHashKey="0", Data=b"after")
    last = rides.get_records(ShardIterator=place)
    assert [record["Data"] for record in last["Records"]] == [b"before"]
    assert "NextShardIterator" not in last
    lower, upper = last["ChildShards"]
    assert lower == {
        "ShardId": "shardId-000000000002",
        "ParentShards": [FIRST],
        "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "99"},
    }
    assert upper["HashKeyRange"]["StartingHashKey"] == "100"
    after = rides.get_records(ShardIterator=iterator(rides, lower["ShardId"]))["Records"]
    assert [record["Data"] for record in after] == [b"after"]
    assert int(after[0]["SequenceNumber"]) > int(last["Records"][0]["SequenceNumber"])
    rides.merge_shards(StreamName="rides", ShardToMerge=lower["ShardId"], AdjacentShardToMerge=upper["ShardId"])
    merged = rides.list_shards(StreamName="rides")["Shards"][-1]
    assert (merged["ParentShardId"], merged["AdjacentParentShardId"]) == (lower["ShardId"], upper["ShardId"])


def test_shards_are_listed_in_pages(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="rides", ShardCount=5)
    page = kinesis.list_shards(StreamName="rides", MaxResults=2)
    found = [shard["ShardId"] for shard in page["Shards"]]
    while "NextToken" in page:
        page = kinesis.list_shards(NextToken=page["NextToken"], MaxResults=2)
        found += [shard["ShardId"] for shard in page["Shards"]]
    assert found == [f"shardId-{number:012d}" for number in range(5)]
    later = kinesis.list_shards(StreamName="rides", ExclusiveStartShardId=found[2])["Shards"]
    assert [shard["ShardId"] for shard in later] == found[3:]
    described = kinesis.describe_stream(StreamName="rides", Limit=3, ExclusiveStartShardId=found[0])
    assert [shard["ShardId"] for shard in described["StreamDescription"]["Shards"]] == found[1:4]
    assert described["StreamDescription"]["HasMoreShards"] is True
    kinesis.update_shard_count(StreamName="rides", TargetShardCount=10, ScalingType="UNIFORM_SCALING")
    kinds = {
        kind: len(kinesis.list_shards(StreamName="rides", ShardFilter={"Type": kind})["Shards"])
        for kind in ("AT_LATEST", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON")
    }
    assert kinds == {"AT_LATEST": 10, "AT_TRIM_HORIZON": 5, "FROM_TRIM_HORIZON": 15}


def test_streams_are_listed_in_pages(kinesis: Any) -> None:
    for name in "cab":
        kinesis.create_stream(StreamName=name, ShardCount=1)
    page = kinesis.list_streams(Limit=2)
    assert (page["StreamNames"], page["HasMoreStreams"]) == (["a", "b"], True)
    assert kinesis.list_streams(Limit=2, NextToken=page["NextToken"])["StreamNames"] == ["c"]
    rest = kinesis.list_streams(ExclusiveStartStreamName="a")
    assert [summary["StreamName"] for summary in rest["StreamSummaries"]] == ["b", "c"]
    assert rest["HasMoreStreams"] is False


def test_tags_both_ways(rides: Any) -> None:
    rides.add_tags_to_stream(StreamName="rides", Tags={"b": "2", "a": "1"})
    rides.tag_resource(ResourceARN=ARN, Tags={"c": "3"})
    page = rides.list_tags_for_stream(StreamName="rides", Limit=2)
    assert (page["Tags"], page["HasMoreTags"]) == ([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], True)
    assert rides.list_tags_for_stream(StreamName="rides", ExclusiveStartTagKey="b")["Tags"] == [
        {"Key": "c", "Value": "3"}
    ]
    rides.remove_tags_from_stream(StreamName="rides", TagKeys=["a"])
    rides.untag_resource(ResourceARN=ARN, TagKeys=["b"])
    assert rides.list_tags_for_resource(ResourceARN=ARN)["Tags"] == [{"Key": "c", "Value": "3"}]


def test_settings_change_and_are_acted_on(rides: Any) -> None:
    rides.increase_stream_retention_period(StreamName="rides", RetentionPeriodHours=48)
    rides.decrease_stream_retention_period(StreamName="rides", RetentionPeriodHours=24)
    rides.update_max_record_size(StreamARN=ARN, MaxRecordSizeInKiB=2048)
    rides.put_record(StreamName="rides", PartitionKey="k", Data=b"x" * (2 * 2**20 - 1))
    rides.update_stream_mode(StreamARN=ARN, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    on_demand = refused(rides.split_shard, StreamName="rides", ShardToSplit=FIRST, NewStartingHashKey="5")
    assert on_demand == (
        "ValidationException: Request is invalid. Stream rides under account 000000000000 is in On-Demand mode."
    )
    limits_now = rides.describe_limits()
    assert (limits_now["OpenShardCount"], limits_now["OnDemandStreamCount"]) == (0, 1)
    assert rides.list_stream_consumers(StreamARN=ARN)["Consumers"] == []


def test_on_demand_has_four_shards(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="auto", StreamModeDetails={"StreamMode": "ON_DEMAND"}, Tags={"a": "b"})
    assert len(kinesis.list_shards(StreamName="auto")["Shards"]) == 4
    assert kinesis.list_tags_for_stream(StreamName="auto")["Tags"] == [{"Key": "a", "Value": "b"}]


def test_delete_and_wait(rides: Any) -> None:
    rides.put_record(StreamName="rides", PartitionKey="k", Data=b"x")
    place = iterator(rides)
    rides.delete_stream(StreamName="rides", EnforceConsumerDeletion=True)
    rides.get_waiter("stream_not_exists").wait(StreamName="rides")
    assert refused(rides.get_records, ShardIterator=place).startswith("ResourceNotFoundException")
    rides.create_stream(StreamName="rides", ShardCount=1)
    assert refused(rides.get_records, ShardIterator=place).startswith("ResourceNotFoundException")


def test_an_iterator_lives_five_minutes_of_real_time(rides: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made, now = datetime(2026, 3, 21, 4, 12, 17, tzinfo=UTC), clock.now()
    monkeypatch.setattr(clock, "real", lambda: made)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=1))  # product time has no say
    place = iterator(rides)
    made += timedelta(seconds=300)
    rides.get_records(ShardIterator=place)
    made += timedelta(seconds=1)
    assert refused(rides.get_records, ShardIterator=place) == (
        "ExpiredIteratorException: Iterator expired. The iterator was created at time Sat Mar 21 04:12:17 UTC 2026 "
        "while right now it is Sat Mar 21 04:17:18 UTC 2026 "
        "which is further in the future than the tolerated delay of 300000 milliseconds."
    )


def test_a_list_token_lives_as_long(rides: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    token = rides.list_shards(StreamName="rides", MaxResults=1)["NextToken"]
    later = clock.real() + timedelta(seconds=quotas.TOKEN_SECONDS + 1)
    monkeypatch.setattr(clock, "real", lambda: later)
    assert refused(rides.list_shards, NextToken=token).startswith("ExpiredNextTokenException")


def test_a_dry_run_changes_nothing(rides: Any) -> None:
    for call, members in (
        (rides.put_record, {"StreamName": "rides", "PartitionKey": "k", "Data": b""}),
        (rides.put_records, {"StreamName": "rides", "Records": [{"PartitionKey": "k", "Data": b""}]}),
        (rides.get_records, {"ShardIterator": iterator(rides)}),
        (rides.get_shard_iterator, {"StreamName": "rides", "ShardId": FIRST, "ShardIteratorType": "LATEST"}),
    ):
        assert refused(call, DryRun=True, **members).startswith("DryRunOperationException: Request would have")
    assert rides.get_records(ShardIterator=iterator(rides))["Records"] == []


def test_sequence_number_for_ordering(rides: Any) -> None:
    first = rides.put_record(StreamName="rides", PartitionKey="k", Data=b"1")["SequenceNumber"]
    second = rides.put_record(StreamName="rides", PartitionKey="k", Data=b"2", SequenceNumberForOrdering=first)
    assert int(second["SequenceNumber"]) > int(first)


def test_other_accounts_and_regions_have_their_own(rides: Any) -> None:
    neighbour, elsewhere = client("kinesis", key_id="111122223333"), client("kinesis", "eu-west-1")
    for other in (neighbour, elsewhere):
        assert other.list_streams()["StreamNames"] == []
        assert refused(other.get_records, ShardIterator=iterator(rides)).startswith("ResourceNotFoundException")
    assert refused(neighbour.describe_stream, StreamARN=ARN).startswith("AccessDeniedException: User: arn:")
    assert refused(elsewhere.describe_stream, StreamARN=ARN) == (
        "ResourceNotFoundException: Stream rides under account 000000000000 not found."
    )
