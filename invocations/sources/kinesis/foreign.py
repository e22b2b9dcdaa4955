"""Kinesis at somebody else's endpoint: AWS, or another emulator. Its records are dated in real time.

Where a reader stands is a sequence number. Before the first record it is the moment that reading begins at, as a
negative number of milliseconds since 1970: it comes before every sequence number and no record has it. Iterators are
kept in memory, as bookmarks that the endpoint forgets after five minutes: on a stream with few records only they lead
on through its empty stretches.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from invocations import clock, elsewhere
from invocations.elsewhere import Refused
from invocations.sources.base import Page, Read, ShardFacts, StreamSource
from invocations.sources.kinesis import records
from invocations.values import Place

_MOST = 10_000  # records of one GetRecords
_LATELY = timedelta(hours=1)  # a look at the latest records begins so long ago
_PAGES = 5  # of such a look
_KEPT = 2000  # iterators
_EXPIRED = "ExpiredIteratorException"
_UNKNOWN = ("InvalidArgumentException", "ValidationException")  # a sequence number of a stream that was there before
_MISSING = "ResourceNotFoundException"


class Foreign(StreamSource):
    product_time = False
    idle_seconds = 1.0  # a shard answers five reads a second, to all of its readers together

    def check(self, place: Place) -> None:
        _ask(place.arn, "describe_stream_summary", StreamName=_name(place.arn))

    def shards(self, place: Place) -> list[ShardFacts]:
        found: list[ShardFacts] = []
        asked: dict[str, str] = {"StreamName": _name(place.arn)}
        while True:
            answer = _ask(place.arn, "list_shards", **asked)
            found += [_facts(shard) for shard in answer["Shards"]]
            if not answer.get("NextToken"):
                return found
            asked = {"NextToken": answer["NextToken"]}

    def start(self, place: Place, shard: str, position: str, at: datetime | None) -> str:
        if position == "TRIM_HORIZON":
            return ""
        moment = clock.real() if at is None or position == "LATEST" else at
        return str(-int(moment.timestamp() * 1000))

    def read(self, place: Place, shard: str, after: str, most: int, identity: str) -> Page:
        arn, limit = place.arn, min(most, _MOST)
        answer = self._records(place, shard, after, limit)
        if answer is None:
            return Page((), after, ended=True)
        found = tuple(_read(arn, shard, record, identity) for record in answer["Records"])
        position = found[-1].id if found else after
        onward = answer.get("NextShardIterator")
        if onward:
            _bookmarks.keep((elsewhere.endpoint(arn), arn, shard, position), onward)
        behind = int(answer.get("MillisBehindLatest") or 0)
        return Page(found, position, ended=onward is None, more=bool(found) and behind > 0, behind_ms=behind)

    def newest(self, place: Place, shard: str, most: int) -> list[Read]:
        """The service reads forwards only, so what is there is read, as far as a few pages go."""
        found: list[Read] = []
        after = self.start(place, shard, "AT_TIMESTAMP", clock.real() - _LATELY)
        for _ in range(_PAGES):
            page = self.read(place, shard, after, _MOST, "")
            found, after = [*found, *page.records][-most:], page.position
            if not page.more:
                break
        return found

    def view(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return records.view_of(record)

    def batch_info(self, place: Place, shard: str, found: Sequence[Read]) -> tuple[str, dict[str, Any]]:
        return records.batch_info(place, shard, found)

    def _records(self, place: Place, shard: str, after: str, limit: int) -> dict[str, Any] | None:
        """A page; None when the shard is no more."""
        arn = place.arn
        bookmark = (elsewhere.endpoint(arn), arn, shard, after)
        iterator = _bookmarks.find(bookmark)
        if iterator is not None:
            try:
                return _ask(arn, "get_records", ShardIterator=iterator, Limit=limit)
            except Refused as refusal:
                _bookmarks.drop(bookmark)
                if refusal.code not in (_EXPIRED, *_UNKNOWN, _MISSING):
                    raise
        try:
            return self._fresh(arn, shard, after, limit)
        except Refused as refusal:
            if refusal.code != _MISSING or any(one.id == shard for one in self.shards(place)):
                raise
            return None

    def _fresh(self, arn: str, shard: str, after: str, limit: int) -> dict[str, Any]:
        try:
            iterator = _iterator(arn, shard, **_place(after))
        except Refused as refusal:
            if refusal.code not in _UNKNOWN or after.startswith("-"):
                raise
            iterator = _iterator(arn, shard, ShardIteratorType="TRIM_HORIZON")
        return _ask(arn, "get_records", ShardIterator=iterator, Limit=limit)


class _Bookmarks:
    """Iterators by where they stand, the last used ones."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], str] = OrderedDict()

    def find(self, place: tuple[object, ...]) -> str | None:
        with self._guard:
            return self._kept.get(place)

    def keep(self, place: tuple[object, ...], iterator: str) -> None:
        with self._guard:
            self._kept[place] = iterator
            self._kept.move_to_end(place)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def drop(self, place: tuple[object, ...]) -> None:
        with self._guard:
            self._kept.pop(place, None)


_bookmarks = _Bookmarks()


def _place(after: str) -> dict[str, Any]:
    if not after:
        return {"ShardIteratorType": "TRIM_HORIZON"}
    if after.startswith("-"):
        return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime.fromtimestamp(-int(after) / 1000, UTC)}
    return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}


def _iterator(arn: str, shard: str, **where: Any) -> str:
    answer = _ask(arn, "get_shard_iterator", StreamName=_name(arn), ShardId=shard, **where)
    found: str = answer["ShardIterator"]
    return found


def _facts(shard: dict[str, Any]) -> ShardFacts:
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    return ShardFacts(shard["ShardId"], tuple(parent for parent in parents if parent))


def _read(arn: str, shard: str, record: dict[str, Any], identity: str) -> Read:
    arrived = record["ApproximateArrivalTimestamp"].astimezone(UTC)
    sequence, key, data = record["SequenceNumber"], record["PartitionKey"], record["Data"]
    return records.read_of(arn, shard, sequence, key, data, arrived, identity)


def _name(arn: str) -> str:
    return elsewhere.owner(arn).resource.partition("/")[2]


def _ask(arn: str, operation: str, **parameters: Any) -> dict[str, Any]:
    return elsewhere.ask("kinesis", arn, operation, **parameters)
