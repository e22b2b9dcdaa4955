"""What every source is: how a poller looks into it, reads from it and tells it what is done.

A source knows nothing of functions or mappings; a poller knows nothing of queues or shards beyond this.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from invocations.decisions import batch
from invocations.errors import LambdaplayError
from invocations.values import Place


class SourceTrouble(LambdaplayError):
    """The source cannot be read now (gone, no permission, no answer); the text is AWS's, or says what to do."""


class SourceBusy(SourceTrouble):
    """The source asks for patience: no problem, the poller just comes later."""


class Item(NamedTuple):
    """One message taken from a queue: its record for the event, and what names it to the queue again."""

    id: str  # what a function names in batchItemFailures
    text: bytes  # as the event has it, JSON
    view: Callable[[], Mapping[str, Any]]  # what filters see
    held: Mapping[str, Any]  # kept with the batch: {"row": .., "receipt": ..}, elsewhere {"receipt": .., "message": ..}
    returns_ms: int  # when its visibility timeout ends, product time
    trace_header: str = ""  # of who sent it
    hops: int = 0  # invocations that led to it
    caused_by: str = ""  # the request id of the last of them


class Read(NamedTuple):
    """One record of a stream."""

    id: str  # sequence number
    text: bytes  # as the event has it, JSON
    view: Callable[[], Mapping[str, Any]]  # what filters see
    key: str  # records of one key keep their order
    arrived: datetime


@dataclass(frozen=True)
class Page:
    """Records behind a position, in order.

    `position` is where the next page begins, also when there were no records. `ended`: the shard is closed and this
    was all of it. `skipped` counts records that were past the stream's retention before anybody read them.
    """

    records: tuple[Read, ...]
    position: str
    ended: bool = False
    more: bool = False  # there may be more behind it
    behind_ms: int = 0  # how far the last record given lies behind now; 0 when no more are left
    skipped: int = 0


@dataclass(frozen=True)
class ShardFacts:
    """A shard and those that it came from (read them first)."""

    id: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """`kind` as in Mapping.source."""

    kind: str

    def view(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """What filters see of a record as a function gets it. Raises ValueError when its data cannot be read."""
        raise NotImplementedError

    def at(self, arn: str) -> Source:
        """Who reads that very source: what is at somebody else's endpoint is read in another way."""
        return self


class OpenQueue:
    """Messages that are taken, and then deleted or given back.

    A `local` one does all of it in the caller's transaction. Another asks somebody else's endpoint: it is called
    outside of transactions, deletes after the commit, and gives nothing back: a queue does that by itself in time.
    """

    visibility_seconds: int
    local = True

    def take(self, most: int) -> list[Item]:
        """Take up to `most` messages; others do not see them until they are given back. Raises SourceTrouble."""
        raise NotImplementedError

    def peek(self, most: int) -> list[Item]:
        """Up to `most` visible messages as they would be taken, in that order. Nothing changes, so none is held."""
        raise NotImplementedError

    def again(self, held: Sequence[Mapping[str, Any]]) -> list[Item]:
        """Messages taken before, those that are still ours."""
        raise NotImplementedError

    def remove(self, held: Sequence[Mapping[str, Any]]) -> None:
        """These are done."""
        raise NotImplementedError

    def let_go(self, held: Sequence[Mapping[str, Any]], visible_ms: int) -> None:
        """These come back at that moment (product time)."""
        raise NotImplementedError


class QueueSource(Source):
    """Queues, found by their ARNs.

    `asks`: nobody tells us when something arrives, so pollers look by themselves, `idle_seconds` apart (real time) all
    together; else `ready` knows.
    """

    asks = False
    idle_seconds = 1.0

    def open(self, arn: str) -> OpenQueue:
        """Raises SourceTrouble when there is no such queue."""
        raise NotImplementedError

    def ready(self, arns: Iterable[str]) -> set[str]:
        """Those of the queues that have something to take, and those that are gone."""
        raise NotImplementedError


class StreamSource(Source):
    """Records in shards, read from a position on. Positions and sequence numbers compare as integers."""

    product_time = True  # whether records are dated in product time; else in real time
    idle_seconds = 1.0  # real time between two looks at a shard that has nothing

    def check(self, place: Place) -> None:
        """Raise SourceTrouble when a mapping cannot be made of it: there is no such stream."""
        raise NotImplementedError

    def shards(self, place: Place) -> list[ShardFacts]:
        """All shards that can still be read. Raises SourceTrouble."""
        raise NotImplementedError

    def start(self, place: Place, shard: str, position: str, at: datetime | None) -> str:
        """Where a mapping begins: TRIM_HORIZON, LATEST or AT_TIMESTAMP (with `at`). "": the oldest there is."""
        raise NotImplementedError

    def read(self, place: Place, shard: str, after: str, most: int, identity: str) -> Page:
        """Up to `most` records behind `after`; `identity` is the ARN of the role that reads. Raises SourceTrouble."""
        raise NotImplementedError

    def newest(self, place: Place, shard: str, most: int) -> list[Read]:
        """Up to `most` of a shard's latest records, in order. Moves nobody's place. Raises SourceTrouble."""
        raise NotImplementedError

    def has_more(self, place: Place, shard: str, after: str) -> bool:
        """Whether something was put behind `after`; False where asking is dear (the next look will tell)."""
        return False

    def batch_info(self, place: Place, shard: str, records: Sequence[Read]) -> tuple[str, dict[str, Any]]:
        """The key and the document by which an on-failure record names these records."""
        raise NotImplementedError

    def record_info(self, place: Place, shard: str, read: Read) -> tuple[str, dict[str, Any]]:
        """The same of a single record that is told of with its data. Of topics only."""
        raise NotImplementedError

    def envelope(self, place: Place, shard: str) -> tuple[bytes, bytes]:
        """What stands before and after the records in an event."""
        return batch.HEAD, batch.TAIL

    def keep(self, place: Place, shard: str, checkpoint: str) -> None:
        """Tell the source how far was read and finished, where it wants to know. Raises SourceTrouble."""


def json_text(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()
