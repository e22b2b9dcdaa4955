"""The storm over queues and streams: messages and records in, kills between, and then each of them is asked after.

Half of the messages go through a FIFO queue. The function fails now and then: before it did anything, after all of it,
and record by record. It tells a queue what it did before it returns.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdaplay.chaos.house import HOST, VICTIMS, House
from lambdaplay.chaos.source_judge import Item, Report, Verdict, judge
from lambdaplay.chaos.storm import make_function

# Names what it did by the item's source, key and number, and by the id that its source gave it.
SOURCE = """
import base64, json, random, time
import boto3
from botocore.config import Config

sqs = boto3.client("sqs", config=Config(connect_timeout=3, read_timeout=8, retries={"total_max_attempts": 2}))
url = None

def handler(event, context):
    global url
    began = time.time_ns()
    if random.random() < 0.05:
        raise ValueError("before anything was done")
    done, failed = [], []
    for record in event["Records"]:
        if "kinesis" in record:
            name, text, ordered = record["kinesis"]["sequenceNumber"], base64.b64decode(record["kinesis"]["data"]), True
        else:
            name, text, ordered = record["messageId"], record["body"], record["eventSourceARN"].endswith(".fifo")
        if failed and ordered or random.random() < 0.01:
            failed.append(name)
        else:
            done.append([*json.loads(text), name])
    url = url or sqs.get_queue_url(QueueName="ran")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"at": began, "items": done}))
    if random.random() < 0.05:
        raise ValueError("after all was done")
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}
"""
FUNCTION = "chaos-sources"
QUEUES = {"queue": ("ordered-not", {}), "fifo": ("ordered.fifo", {"FifoQueue": "true"})}
STREAM, SHARDS = "rides", 4
KEYS = 40
SENDERS = 4
AT_ONCE = {"queue": 10, "fifo": 10, "stream": 25}  # of one request
HELD_VICTIMS = ("lp-poller", HOST)  # half of the kills: who has batches in hand
PATIENCE_SECONDS = 300.0  # of real time without a single item being done
IDLE_SECONDS = 2.0  # real time without one, after which product time is moved on
IDLE_ADVANCE = 30  # seconds of product time


@dataclass
class Outcome:
    seed: int
    messages: int
    records: int
    kills: Counter[str] = field(default_factory=Counter)
    resent: int = 0  # requests whose answer did not come, so that they were made again
    calls: int = 0  # that told what they did
    left: int = 0  # messages that are still in their queue
    outcomes: Counter[str] = field(default_factory=Counter)  # of batches
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0

    @property
    def broken(self) -> bool:
        return self.verdict.broken or bool(self.left)


def rage(house: House, *, messages: int, records: int, kills: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Run the storm against a started house."""
    outcome = Outcome(seed, messages, records)
    began = time.monotonic()
    _prepare(house)
    say(f"seed {seed}: sending {messages} messages and {records} records while {kills} kills fall")
    storm = _Storm(house, outcome, kills)
    storm.run(say)
    rows = house.rows()
    outcome.outcomes.update(rows["outcomes"])
    outcome.left = storm.left()
    outcome.calls = len(storm.reports)
    outcome.verdict = judge(storm.accepted, storm.reports, rows["done"])
    outcome.seconds = time.monotonic() - began
    return outcome


def _prepare(house: House) -> None:
    sqs, kinesis, functions = (house.client(name) for name in ("sqs", "kinesis", "lambda"))
    sqs.create_queue(QueueName="ran")
    for name, attributes in QUEUES.values():
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60", **attributes})
    kinesis.create_stream(StreamName=STREAM, ShardCount=SHARDS)
    kinesis.get_waiter("stream_exists").wait(StreamName=STREAM)
    make_function(functions, FUNCTION, SOURCE)
    common = {"FunctionName": FUNCTION, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    for name, _ in QUEUES.values():
        arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
        functions.create_event_source_mapping(**common, EventSourceArn=arn)
    functions.create_event_source_mapping(
        **common,
        EventSourceArn=f"arn:aws:kinesis:us-east-1:000000000000:stream/{STREAM}",
        StartingPosition="TRIM_HORIZON",
        ParallelizationFactor=2,
        BisectBatchOnFunctionError=True,
    )


class _Storm:
    """Senders, one each for some keys, so that a key's items are put in order; the main thread collects and kills."""

    def __init__(self, house: House, outcome: Outcome, kills: int) -> None:
        self._house, self._outcome, self._kills = house, outcome, kills
        self._clients = {service: house.client(service) for service in ("sqs", "kinesis")}
        self._chance = random.Random(outcome.seed)  # noqa: S311 - a storm to be repeated, no secret
        self._guard = threading.Lock()
        self.accepted: list[Item] = []
        self.reports: list[Report] = []
        self._done: set[str] = set()

    def run(self, say: Callable[[str], None]) -> None:
        total = self._outcome.messages + self._outcome.records
        with ThreadPoolExecutor(SENDERS) as pool:
            senders = [pool.submit(self._send_all, number) for number in range(SENDERS)]
            self._collect(senders, total, say)
            for sender in senders:
                sender.result()

    # --- sending ------------------------------------------------------------------------------------------------------

    def _send_all(self, sender: int) -> None:
        for source, items in self._work(sender):
            while not self._sent(source, items):
                with self._guard:
                    self._outcome.resent += 1
                self._house.await_door()

    def _work(self, sender: int) -> Iterator[tuple[str, list[tuple[str, str, int]]]]:
        """Requests of this sender, its sources in turns."""
        fifo = self._outcome.messages // 2
        counts = {"queue": self._outcome.messages - fifo, "fifo": fifo, "stream": self._outcome.records}
        waiting = {
            source: [
                (source, f"k{number % KEYS}", number // KEYS)
                for number in range(count)
                if number % KEYS % SENDERS == sender
            ]
            for source, count in counts.items()
        }
        while any(waiting.values()):
            for source, items in waiting.items():
                some, waiting[source] = items[: AT_ONCE[source]], items[AT_ONCE[source] :]
                if some:
                    yield source, some

    def _sent(self, source: str, items: list[tuple[str, str, int]]) -> bool:
        """Whether the answer came. What was sent and not answered is sent again, and may be there twice."""
        try:
            names = self._put(items) if source == "stream" else self._send(source, items)
        except (BotoCoreError, ClientError):
            return False
        with self._guard:
            self.accepted += [Item(*item, name) for item, name in zip(items, names, strict=True)]
        return True

    def _put(self, items: list[tuple[str, str, int]]) -> list[str]:
        records = [{"Data": json.dumps(item).encode(), "PartitionKey": item[1]} for item in items]
        answer = self._clients["kinesis"].put_records(StreamName=STREAM, Records=records)
        return [one["SequenceNumber"] for one in answer["Records"]]

    def _send(self, source: str, items: list[tuple[str, str, int]]) -> list[str]:
        entries = [{"Id": str(at), "MessageBody": json.dumps(item)} for at, item in enumerate(items)]
        if source == "fifo":
            for entry, (_, key, number) in zip(entries, items, strict=True):
                entry |= {"MessageGroupId": key, "MessageDeduplicationId": f"{key}-{number}"}
        sqs = self._clients["sqs"]
        answer = sqs.send_message_batch(QueueUrl=self._url(QUEUES[source][0]), Entries=entries)
        return [one["MessageId"] for one in sorted(answer["Successful"], key=lambda one: int(one["Id"]))]

    # --- collecting ---------------------------------------------------------------------------------------------------

    def _collect(self, senders: list[Future[None]], total: int, say: Callable[[str], None]) -> None:
        """Until all is done, or patience is over. Kills fall evenly over sending and doing."""
        progress, told = time.monotonic(), 0
        while not (all(sender.done() for sender in senders) and self._is_over()):
            if self._drain():
                progress = time.monotonic()
            idle = time.monotonic() - progress
            if idle > PATIENCE_SECONDS:
                say("nothing was done for a long time; giving up")
                return
            self._strike(total)
            if idle > IDLE_SECONDS:
                self._move_on()
                time.sleep(0.5)
            if len(self._done) // 2000 > told:
                told = len(self._done) // 2000
                say(f"{len(self._done)} done, {len(self.accepted)} accepted, {self._outcome.kills.total()} kills")

    def _is_over(self) -> bool:
        if not {item.id for item in self.accepted} <= self._done or self.left():
            return False
        self._house.wait_healthy()
        return not self._drain() and not self._at_work()

    def _at_work(self) -> bool:
        """A batch that has told what it did, and whose outcome is not committed yet."""
        return any(self._house.rows()["outcomes"].get(state) for state in ("COLLECTING", "WAITING", "RUNNING"))

    def _strike(self, total: int) -> None:
        fallen = self._outcome.kills.total()
        reached = len(self.accepted) + len(self._done)
        if fallen >= self._kills or reached < (fallen + 1) * 2 * total // (self._kills + 1):
            return
        names = HELD_VICTIMS if self._chance.random() < 0.5 else (*VICTIMS, *HELD_VICTIMS)
        name = self._house.kill_one(self._chance, names)
        if name is not None:
            self._outcome.kills[name] += 1

    def _move_on(self) -> None:
        try:
            self._house.advance(IDLE_ADVANCE)
        except OSError:
            self._house.await_door()

    def _drain(self) -> bool:
        """Take what calls told; whether there was an item that was not done before."""
        before = len(self._done)
        try:
            for body in self._told():
                items = [Item(*item) for item in body["items"]]
                self.reports.append(Report(body["at"], items))
                self._done.update(item.id for item in items)
        except (BotoCoreError, ClientError):
            self._house.await_door()
        return len(self._done) > before

    def _told(self) -> Iterator[dict[str, Any]]:
        sqs, url = self._clients["sqs"], self._url("ran")
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            yield from (json.loads(message["Body"]) for message in messages)
            entries = [{"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]} for at, one in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)

    def left(self) -> int:
        """Messages in the two queues, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs, found = self._clients["sqs"], 0
        for queue, _ in QUEUES.values():
            try:
                answer = sqs.get_queue_attributes(QueueUrl=self._url(queue), AttributeNames=names)
            except (BotoCoreError, ClientError):
                self._house.await_door()
                return -1
            found += sum(map(int, answer["Attributes"].values()))
        return found

    def _url(self, queue: str) -> str:
        return f"{self._house.url}/000000000000/{queue}"
