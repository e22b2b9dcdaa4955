"""Events in, kills between, questions after."""

from __future__ import annotations

import io
import json
import random
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError

from botocore.exceptions import BotoCoreError, ClientError

from lambdaplay.chaos.house import House

FUNCTION = "chaos"
# It says that it ran before it ends, through the endpoint, like any function would; some events fail every time.
SOURCE = """
import boto3, os
sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName="ran")["QueueUrl"]

def handler(event, context):
    sqs.send_message(QueueUrl=url, MessageBody=context.aws_request_id)
    if event["fails"]:
        raise ValueError("as asked for")
    return event["number"]
"""
FAILING_SHARE = 0.05
SENDERS = 4
PATIENCE_SECONDS = 150.0  # without a single event or delivery coming to its end
LOOKED_AT = 20  # unended events asked about in a round: the house has better things to do


@dataclass
class Outcome:
    """What came of the storm. The four of `broken` must be empty."""

    seed: int
    accepted: list[str] = field(default_factory=list)
    refused: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)  # accepted, and nobody knows of it
    stuck: list[str] = field(default_factory=list)  # never came to an end
    wrongly_recorded: list[str] = field(default_factory=list)  # recorded as succeeded, but never ran
    undelivered: list[str] = field(default_factory=list)  # ended, and its destination was not told
    cut_short: int = 0  # attempts whose runner died: shown as Lost or Fenced
    ran_again: int = 0  # runs beyond one attempt each
    told_again: int = 0  # records a destination got twice
    seconds: float = 0.0

    @property
    def broken(self) -> bool:
        return bool(self.lost or self.stuck or self.wrongly_recorded or self.undelivered)


def rage(house: House, *, events: int, kills: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Run the storm against a started house."""
    outcome = Outcome(seed)
    began = time.monotonic()
    _prepare(house)
    say(f"seed {seed}: sending {events} events while {kills} kills fall")
    _send_and_kill(house, outcome, events, kills)
    house.wait_healthy()
    say(f"accepted {len(outcome.accepted)}, refused {outcome.refused}; waiting for all to end")
    records = _settle(house, outcome)
    _judge(house, outcome, records)
    outcome.seconds = time.monotonic() - began
    return outcome


def _prepare(house: House) -> None:
    sqs, functions = house.client("sqs"), house.client("lambda")
    for name in ("ran", "told"):
        sqs.create_queue(QueueName=name)
    make_function(functions, FUNCTION, SOURCE)
    told = {"Destination": "arn:aws:sqs:us-east-1:000000000000:told"}
    functions.put_function_event_invoke_config(
        FunctionName=FUNCTION, MaximumRetryAttempts=1, DestinationConfig={"OnSuccess": told, "OnFailure": told}
    )


def make_function(functions: Any, name: str, source: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
        MemorySize=256,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)


def _send_and_kill(house: House, outcome: Outcome, events: int, kills: int) -> None:
    """Kills fall evenly over the sending: one after every so many events."""
    chance = random.Random(outcome.seed)  # noqa: S311 - a storm to be repeated, no secret
    numbers = iter(range(events))
    failing = {number for number in range(events) if chance.random() < FAILING_SHARE}
    guard = threading.Lock()
    sent = 0

    def send_on() -> None:
        nonlocal sent
        client = house.client("lambda")
        while True:
            with guard:
                number = next(numbers, None)
                if number is None:
                    return
                sent += 1
                strike = kills and sent % max(1, events // kills) == 0 and outcome.kills.total() < kills
                name = house.kill_one(chance) if strike else None
                if name is not None:
                    outcome.kills[name] += 1
            _send(house, client, outcome, {"number": number, "fails": number in failing})

    with ThreadPoolExecutor(SENDERS) as pool:
        for future in [pool.submit(send_on) for _ in range(SENDERS)]:
            future.result()


def _send(house: House, client: Any, outcome: Outcome, event: dict[str, Any]) -> None:
    """An event counts as accepted when the caller heard 202, and as refused otherwise, whatever became of it."""
    try:
        answer = client.invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=json.dumps(event))
        outcome.accepted.append(answer["ResponseMetadata"]["RequestId"])
    except (BotoCoreError, ClientError):
        outcome.refused += 1
        house.await_door()


def _settle(house: House, outcome: Outcome) -> dict[str, dict[str, Any]]:
    """Advance product time until every event and every delivery has ended, or patience has."""
    waiting, records = list(outcome.accepted), dict[str, dict[str, Any]]()
    progress = time.monotonic()
    while waiting and time.monotonic() < progress + PATIENCE_SECONDS:
        house.advance(60)
        left = _look(house, outcome, waiting, records)
        if len(left) < len(waiting):
            progress = time.monotonic()
        waiting = left
        time.sleep(0.5)
    outcome.stuck = waiting
    return records


def _look(house: House, outcome: Outcome, waiting: list[str], records: dict[str, dict[str, Any]]) -> list[str]:
    """Ask about some of the waiting; return who still waits, those asked about last."""
    still: list[str] = []
    for place, request_id in enumerate(waiting):
        if len(still) == LOOKED_AT:
            return [*waiting[place:], *still]
        found = _record(house, request_id)
        if found is None:
            outcome.lost.append(request_id)
        else:
            records[request_id] = found
            if not _ended(found):
                still.append(request_id)
    return still


def _record(house: House, request_id: str) -> dict[str, Any] | None:
    for _ in range(20):
        try:
            return house.record(request_id)
        except (URLError, OSError):
            time.sleep(0.5)  # a part may still be coming up
    raise TimeoutError("The house does not answer.")


def _ended(record: dict[str, Any]) -> bool:
    settled = all(delivery["state"] != "PENDING" for delivery in record["deliveries"])
    return record["state"] in ("SUCCEEDED", "FAILED") and settled


def _judge(house: House, outcome: Outcome, records: dict[str, dict[str, Any]]) -> None:
    ran = Counter(_drain(house, "ran", lambda body: body))
    told = Counter(_drain(house, "told", lambda body: json.loads(body)["requestContext"]["requestId"]))
    for request_id, record in records.items():
        outcomes = Counter(attempt["outcome"] for attempt in record["attempts"])
        outcome.cut_short += outcomes["Lost"] + outcomes["Fenced"]
        outcome.ran_again += max(0, ran[request_id] - 1 - outcomes["FunctionError"])
        outcome.told_again += max(0, told[request_id] - 1)
        if record["state"] == "SUCCEEDED" and not ran[request_id]:
            outcome.wrongly_recorded.append(request_id)
        if _ended(record) and not told[request_id]:
            outcome.undelivered.append(request_id)


def _drain(house: House, queue: str, read: Callable[[str], str]) -> list[str]:
    sqs = house.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += [read(message["Body"]) for message in messages]
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return found
