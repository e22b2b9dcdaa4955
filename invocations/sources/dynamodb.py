"""DynamoDB streams: the companion's, through our own endpoint, like any client's.

The companion keeps its tables in memory and dates records in real time. What it tells of a record is put into AWS's
shape: its own differs in version, size and dates.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from invocations import neighbours
from invocations.arns import parse_arn
from invocations.sources.base import Page, Read, ShardFacts, SourceTrouble, StreamSource, json_text
from invocations.values import Place, Scope

_MOST = 1000  # records of one GetRecords
_PAGES = 20  # that are read for a look at the latest records


class DynamoDb(StreamSource):
    product_time = False
    idle_seconds = 1.0

    def check(self, place: Place) -> None:
        _describe(place.arn)

    def shards(self, place: Place) -> list[ShardFacts]:
        found = []
        for shard in _describe(place.arn)["Shards"]:
            parent = shard.get("ParentShardId")
            found.append(ShardFacts(shard["ShardId"], (parent,) if parent else ()))
        return found

    def start(self, place: Place, shard: str, position: str, at: datetime | None) -> str:
        """The service names no newest record, so for LATEST what is there is read once."""
        after = ""
        while position == "LATEST":
            page = self.read(place, shard, after, _MOST, "")
            after = page.position
            if not page.more:
                break
        return after

    def read(self, place: Place, shard: str, after: str, most: int, identity: str) -> Page:
        limit = min(most, _MOST)
        answer = _records(place.arn, shard, after, limit)
        records = tuple(_read(place.arn, one) for one in answer["Records"])
        position = records[-1].id if records else after
        return Page(records, position, answer.get("NextShardIterator") is None, len(records) >= limit)

    def newest(self, place: Place, shard: str, most: int) -> list[Read]:
        """The service reads forwards only, so what is there is read once, as far as a few pages go."""
        found: list[Read] = []
        after = ""
        for _ in range(_PAGES):
            page = self.read(place, shard, after, _MOST, "")
            found, after = [*found, *page.records][-most:], page.position
            if not page.more:
                break
        return found

    def view(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return record

    def batch_info(self, place: Place, shard: str, records: Sequence[Read]) -> tuple[str, dict[str, Any]]:
        return "DDBStreamBatchInfo", {
            "shardId": shard,
            "startSequenceNumber": records[0].id,
            "endSequenceNumber": records[-1].id,
            "approximateArrivalOfFirstRecord": _second(records[0].arrived),
            "approximateArrivalOfLastRecord": _second(records[-1].arrived),
            "batchSize": len(records),
            "streamArn": place.arn,
        }


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _describe(arn: str) -> dict[str, Any]:
    """The stream, with all of its shards."""
    client = _client(arn)
    found: dict[str, Any] = _asked(arn, lambda: client.describe_stream(StreamArn=arn))["StreamDescription"]
    last = found.get("LastEvaluatedShardId")
    while last:
        page = _asked(arn, lambda start=last: client.describe_stream(StreamArn=arn, ExclusiveStartShardId=start))
        found["Shards"] += page["StreamDescription"]["Shards"]
        last = page["StreamDescription"].get("LastEvaluatedShardId")
    return found


def _records(arn: str, shard: str, after: str, limit: int) -> dict[str, Any]:
    """One page behind the sequence number. Iterators expire, so each page has a fresh one."""
    client = _client(arn)
    place = {"ShardIteratorType": "TRIM_HORIZON"}
    if after:
        place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}

    def ask() -> dict[str, Any]:
        iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard, **place)["ShardIterator"]
        answer: dict[str, Any] = client.get_records(ShardIterator=iterator, Limit=limit)
        return answer

    try:
        return _asked(arn, ask)
    except ClientError:  # trimmed: the oldest record that is left comes next
        place = {"ShardIteratorType": "TRIM_HORIZON"}
        return _asked(arn, ask)


def _asked(arn: str, ask: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = ask()
    except ClientError as error:
        told = error.response.get("Error", {})
        if told.get("Code") == "TrimmedDataAccessException":
            raise
        if told.get("Code") == "ResourceNotFoundException":
            raise SourceTrouble(f"Stream not found: {arn}") from error
        raise SourceTrouble(f"DynamoDB answered {told.get('Code', '?')}: {told.get('Message', '')}") from error
    except BotoCoreError as error:
        raise SourceTrouble(f"DynamoDB did not answer: {error}") from error
    return answer


def _client(arn: str) -> Any:
    parts = parse_arn(arn)
    if parts is None or settings.LAMBDAPLAY_COMPANION == "none":
        raise SourceTrouble(f"Stream not found: {arn} (LAMBDAPLAY_COMPANION is 'none').")
    return neighbours.own_client("dynamodbstreams", Scope(parts.account, parts.region))


def _read(arn: str, found: Mapping[str, Any]) -> Read:
    told = found["dynamodb"]
    moment = told.get("ApproximateCreationDateTime")
    arrived = moment if isinstance(moment, datetime) else datetime.now(UTC)
    inner: dict[str, Any] = {"ApproximateCreationDateTime": float(int(arrived.timestamp()))}
    for name in ("Keys", "NewImage", "OldImage"):
        if told.get(name):
            inner[name] = _plain(told[name])
    inner["SequenceNumber"] = told["SequenceNumber"]
    inner["SizeBytes"] = sum(_size(inner.get(name, {})) for name in ("Keys", "NewImage", "OldImage"))
    inner["StreamViewType"] = told["StreamViewType"]
    record: dict[str, Any] = {
        "eventID": found["eventID"].replace("-", ""),
        "eventName": found["eventName"],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": found["awsRegion"],
        "dynamodb": inner,
        "eventSourceARN": arn,
    }
    if found.get("userIdentity"):
        identity = found["userIdentity"]
        record["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    key = json.dumps(inner.get("Keys", {}), sort_keys=True)
    return Read(told["SequenceNumber"], json_text(record), lambda: record, key, arrived)


def _plain(value: Any) -> Any:
    """Binary values in base64, as events have them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | set) else value


def _size(image: Mapping[str, Any]) -> int:
    """Bytes as DynamoDB counts them, nearly: names and values in UTF-8."""
    total = 0
    for name, value in image.items():
        total += len(name.encode())
        [inner] = value.values() if isinstance(value, Mapping) and len(value) == 1 else [value]
        total += len(inner.encode()) if isinstance(inner, str) else len(json.dumps(inner, default=str))
    return total


SOURCE = DynamoDb("dynamodb")
