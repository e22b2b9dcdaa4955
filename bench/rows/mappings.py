"""Event source mappings: how much goes through them, how soon they start, what they cost while nothing happens.

What was handed over is read from the batches' own rows: from the first one's start to the last one's end.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any

from bench.calling import invoke_path, load
from bench.goals import Figure, Result
from bench.rounds import interleaved, medians, ratio
from bench.workshop import Workshop, create
from tests.house import House

TENS = Figure("sqs_batch_10", "SQS mapping, batch 10: messages/s against 10 x calls/s", "x", 0.7, 0.9, True)
HUNDREDS = Figure("sqs_batch_100", "SQS mapping, batch 100: messages/s against 100 x calls/s", "x", 0.5, 0.8, True)
STREAM = Figure(
    "kinesis_batch_100",
    "Kinesis mapping, batch 100, 4 shards: records/s against 100 x calls/s",
    "x",
    0.5,
    0.8,
    True,
)
SLOW = Figure("sqs_slow", "1,000 messages, 100 ms each, MaximumConcurrency 10: time against the ideal", "x", 1.3, 1.1)
WOKEN = Figure("sqs_start", "idle SQS mapping: SendMessage to the start of its batch, p50, warm", "ms", 30, 10)
IDLE = Figure("mappings_idle", "processor time of 100 idle mappings", "% of one core", 5, 1)
FIGURES = [TENS, HUNDREDS, STREAM, SLOW, WOKEN, IDLE]

_QUIET = "quiet"
_CALLERS = 1
_SENT = {10: 3_000, 100: 10_000}  # messages of a round
_SLOW_MESSAGES, _SLOW_SECONDS, _SLOW_AT_ONCE = 1_000, 0.1, 10
_STARTS = 30
_MAPPINGS = 100
_SHARDS = 4
_PATIENCE_SECONDS = 300.0
_PAUSE = 0.05


def measure(shop: Workshop) -> Iterator[Result]:
    create(shop.house, _QUIET, "quiet")
    calls = partial(sync_calls, shop)
    for size, figure in ((10, TENS), (100, HUNDREDS)):
        mapped = Mapped(shop.house, f"batches-{size}", _QUIET, size)
        yield _against(figure, size, shop, partial(mapped.through, _SENT[size]), calls)
    stream = Streamed(shop.house, "records", _QUIET, 100)
    yield _against(STREAM, 100, shop, partial(stream.through, _SENT[100]), calls)
    create(shop.house, "tenth", "tenth")
    slow = Mapped(shop.house, "slow", "tenth", 1, ScalingConfig={"MaximumConcurrency": _SLOW_AT_ONCE})
    ideal = _SLOW_MESSAGES * _SLOW_SECONDS / _SLOW_AT_ONCE
    found = [_SLOW_MESSAGES / slow.through(_SLOW_MESSAGES) / ideal for _ in range(max(1, shop.rounds // 2))]
    yield Result(SLOW, median(found), len(found))
    yield Result(WOKEN, 1000 * median(_starts(shop.house)), _STARTS)
    yield _idle(shop)


def _against(
    figure: Figure, size: int, shop: Workshop, through: Callable[[], float], calls: Callable[[], float]
) -> Result:
    values = interleaved({"records": through, "calls": calls}, shop.rounds)
    sides = medians(values)
    return Result(figure, ratio(values, "records", "calls") / size, shop.rounds, sides)


def sync_calls(shop: Workshop) -> float:
    return float(load(shop.house.port, invoke_path(_QUIET), _CALLERS, shop.seconds)["rate"])


class Mapped:
    """A queue and a mapping that is enabled once the queue is full."""

    def __init__(self, house: House, name: str, function: str, size: int, **options: Any) -> None:
        self._house, self._size = house, size
        self._queues, self._functions = house.client("sqs"), house.client("lambda")
        self._url = self._queues.create_queue(QueueName=name)["QueueUrl"]
        if size > 10:
            options["MaximumBatchingWindowInSeconds"] = 1
        self.uuid: str = self._functions.create_event_source_mapping(
            EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:{name}",
            FunctionName=function,
            BatchSize=size,
            Enabled=False,
            **options,
        )["UUID"]
        settled(self._functions, self.uuid, "Disabled")

    def through(self, messages: int) -> float:
        """Messages a second from the first batch's start to the last one's end."""
        for start in range(0, messages, 10):
            entries = [{"Id": str(n), "MessageBody": body(start + n)} for n in range(10)]
            self._queues.send_message_batch(QueueUrl=self._url, Entries=entries)
        return handed_over(self._house, self._functions, self.uuid, messages)


class Streamed:
    """A stream and a mapping that is enabled once its shards are full."""

    def __init__(self, house: House, name: str, function: str, size: int) -> None:
        self._house, self._name = house, name
        self._streams, self._functions = house.client("kinesis"), house.client("lambda")
        self._streams.create_stream(StreamName=name, ShardCount=_SHARDS)
        self._streams.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
        self.uuid: str = self._functions.create_event_source_mapping(
            EventSourceArn=f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}",
            FunctionName=function,
            BatchSize=size,
            Enabled=False,
            StartingPosition="TRIM_HORIZON",
        )["UUID"]
        settled(self._functions, self.uuid, "Disabled")

    def through(self, records: int) -> float:
        for start in range(0, records, 500):
            rows = [{"Data": body(n).encode(), "PartitionKey": str(n)} for n in range(start, start + 500)]
            self._streams.put_records(StreamName=self._name, Records=rows)
        return handed_over(self._house, self._functions, self.uuid, records)


def body(number: int) -> str:
    return json.dumps({"number": number, "text": "x" * 100})


def settled(functions: Any, uuid: str, state: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while functions.get_event_source_mapping(UUID=uuid)["State"] != state:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the mapping did not become {state}")
        time.sleep(_PAUSE)


def handed_over(house: House, functions: Any, uuid: str, records: int) -> float:
    """Enable the mapping until so many records were handed over; return how many a second."""
    newest = Batches(house, uuid).newest()
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    rows = Batches(house, uuid, newest)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while rows.done() < records:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{rows.done()} of {records} records were handed over")
        time.sleep(_PAUSE)
    seconds = rows.seconds()
    functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    settled(functions, uuid, "Disabled")
    return records / seconds


class Batches:
    """The ended batches of a mapping, read beside the server."""

    def __init__(self, house: House, uuid: str, after: int = 0) -> None:
        self._path, self._uuid, self._after = house.home / "db.sqlite3", uuid, after

    def newest(self) -> int:
        return int(self._ask("coalesce(max(batch.id), 0)")[0])

    def done(self) -> int:
        return int(self._ask("coalesce(sum(batch.records), 0)", "AND batch.outcome = 'succeeded'")[0])

    def seconds(self) -> float:
        first, last = self._ask("min(batch.started_at), max(batch.ended_at)")
        return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()

    def _ask(self, what: str, further: str = "") -> tuple[Any, ...]:
        text = (
            f"SELECT {what} FROM invocations_batch batch JOIN invocations_mapping mapping "
            f"ON mapping.id = batch.mapping_id WHERE mapping.uuid = ? AND batch.id > ? {further}"
        )
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            row: tuple[Any, ...] = connection.execute(text, (self._uuid, self._after)).fetchone()
        return row


def _starts(house: House) -> list[float]:
    """Seconds from SendMessage's answer to the start of its batch, one message at a time."""
    queues, functions = house.client("sqs"), house.client("lambda")
    create(house, "stamped-message", "stamp")
    url = queues.create_queue(QueueName="stamped-message")["QueueUrl"]
    uuid = functions.create_event_source_mapping(
        EventSourceArn="arn:aws:sqs:us-east-1:000000000000:stamped-message", FunctionName="stamped-message"
    )["UUID"]
    settled(functions, uuid, "Enabled")
    rows = Batches(house, uuid)
    found = []
    for number in range(_STARTS + 1):
        queues.send_message(QueueUrl=url, MessageBody="{}")
        sent = time.time()
        while rows.done() <= number:
            time.sleep(0.005)
        (started,) = rows._ask("max(batch.started_at)")
        found.append(datetime.fromisoformat(started).replace(tzinfo=UTC).timestamp() - sent)
        time.sleep(_PAUSE)
    return found[1:]


def _idle(shop: Workshop) -> Result:
    house = shop.house
    before = _processor_share(house)
    queues, functions = house.client("sqs"), house.client("lambda")
    for number in range(_MAPPINGS):
        queues.create_queue(QueueName=f"idle-{number}")
        functions.create_event_source_mapping(
            EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:idle-{number}", FunctionName=_QUIET
        )
    time.sleep(3)
    after = _processor_share(house)
    return Result(IDLE, after - before, 1, {"without": before, "with": after})


def _processor_share(house: House) -> float:
    """Per cent of one core that the whole tree uses in some seconds."""

    def used() -> float:
        total = 0.0
        for process in house.processes():
            with_times = process.cpu_times()
            total += with_times.user + with_times.system
        return total

    began, first = time.monotonic(), used()
    time.sleep(10)
    return 100 * (used() - first) / (time.monotonic() - began)
