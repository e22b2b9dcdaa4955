"""Asynchronous invocation: how soon 202 is said, how soon the handler starts, how much is finished in a second."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.calling import invoke_path, load, signed
from bench.goals import Figure, Result
from bench.load import Connection
from bench.rounds import interleaved, medians, ratio
from bench.workshop import Workshop, create
from tests.house import House

ACCEPTED = Figure("accepted", "202 p50 against a bare view with one INSERT + one enqueue", "x", 2, 1.3)
FINISHED = Figure("finished", "events finished/s against a Celery no-op with a stored result", "x", 0.5, 0.8, True)
IDLE = Figure("event_start", "idle event: 202 to handler start, p50, warm", "ms", 15, 6)
FIGURES = [ACCEPTED, FINISHED, IDLE]

_EVENT: dict[str, Any] = {"invocation_type": "Event", "status": 202}
_PAUSE = 0.02  # between paced calls: nobody waits for a worker that is still busy
_CALLERS = 8
_TASKS = 300
_STAMPS = 30
_PATIENCE_SECONDS = 300.0


def measure(shop: Workshop) -> Iterator[Result]:
    delivered = Delivered(shop.house, "delivered", "plain")
    _bare_worker(shop)
    values = interleaved(
        {
            "lambdaplay_ms": lambda: paced(shop.house.port, invoke_path(delivered.function), shop.seconds, "Event"),
            "bare_ms": lambda: paced(shop.bare, "/enqueue", shop.seconds, "RequestResponse"),
        },
        shop.rounds,
    )
    yield Result(ACCEPTED, ratio(values, "lambdaplay_ms", "bare_ms"), shop.rounds, medians(values))
    delivered.wait()
    values = interleaved(
        {
            "lambdaplay": lambda: delivered.finished(shop.seconds / 2),
            "celery": lambda: float(shop.run_bare("drain", str(_TASKS))),
        },
        shop.rounds,
    )
    yield Result(FINISHED, ratio(values, "lambdaplay", "celery"), shop.rounds, medians(values))
    stamped = Delivered(shop.house, "stamped", "stamp")
    stamped.starts(3)
    found = [stamped.starts(_STAMPS) for _ in range(shop.rounds)]
    yield Result(IDLE, 1000 * median(found), shop.rounds)


def _bare_worker(shop: Workshop) -> None:
    """What the bare view sends is taken at once, as what we send is."""
    _ = shop.bare  # has made the tables
    shop.spawn([sys.executable, "-m", "bench.bare", "worker"], environment=shop.bare_environment)
    shop.run_bare("drain", "1")


def paced(port: int, path: str, seconds: float, invocation_type: str) -> float:
    """Milliseconds until 202, the median of calls with a pause between them."""
    found = load(port, path, 1, seconds, invocation_type=invocation_type, status=202, pause=_PAUSE)
    return float(found["p50_ms"])


class Delivered:
    """A function with one destination: what it was sent is finished when the destination has its record."""

    def __init__(self, house: House, function: str, kind: str) -> None:
        self.function = function
        self._port = house.port
        self._queues = house.client("sqs")
        self._url = self._queues.create_queue(QueueName=function)["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:000000000000:{function}"
        create(house, function, kind)
        house.client("lambda").put_function_event_invoke_config(
            FunctionName=function, DestinationConfig={"OnSuccess": {"Destination": arn}}
        )

    def finished(self, seconds: float) -> float:
        """Send events for so long; return how many a second were accepted, run and delivered."""
        before = self._count()
        began = time.perf_counter()
        sent = load(self._port, invoke_path(self.function), _CALLERS, seconds, **_EVENT)["calls"]
        while self._count() < before + sent:
            if time.perf_counter() - began > _PATIENCE_SECONDS:
                raise RuntimeError(f"{sent} events were not finished within {_PATIENCE_SECONDS:.0f} s")
            time.sleep(0.02)
        return float(sent / (time.perf_counter() - began))

    def wait(self) -> None:
        """Until what was sent before has been finished."""
        known = -1
        while known != (known := self._count()):
            time.sleep(2)

    def starts(self, events: int) -> float:
        """Seconds from the answer 202 to the handler's first line, the median of so many events, one at a time."""
        requests = signed(self._port, invoke_path(self.function), "Event")
        connection = Connection(self._port)
        found = []
        for number in range(events):
            connection.send(requests[number])
            while connection.receive() is None:
                pass
            accepted = time.time()
            found.append(self.stamp() - accepted)
            time.sleep(_PAUSE)
        return median(found)

    def stamp(self) -> float:
        """When the handler started, as its record tells it."""
        answer = self._queues.receive_message(QueueUrl=self._url, WaitTimeSeconds=20)
        (message,) = answer["Messages"]
        self._queues.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return float(json.loads(message["Body"])["responsePayload"])

    def _count(self) -> int:
        name = "ApproximateNumberOfMessages"
        answer = self._queues.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])
