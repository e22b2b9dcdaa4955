"""After a kill -9: how soon events run again; and how long 202 takes while the broker is frozen."""

from __future__ import annotations

import json
import os
import signal
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from bench.goals import Figure, Result
from bench.workshop import Workshop, create
from tests.house import House, free_port

WORKER = Figure("worker_back", "worker killed: until its event runs again", "s", 32, 10)
WEB = Figure("web_back", "web part killed: until the next 202", "s", 5, 2)
BROKER = Figure("broker_back", "broker killed and back: until a new event has run", "s", 10, 3)
FROZEN = Figure("frozen_broker", "202 p99 while the broker is frozen", "ms", 2500, 2500)
OPEN = Figure("breaker_open", "202 p99 while the breaker is open", "ms", 50, 50)
FIGURES = [WORKER, WEB, BROKER, FROZEN, OPEN]

BROKERS = ("valkey-server", "redis-server")
_FROZEN_SECONDS = 15.0  # the breaker opens, and is tried again, more than twice
_ASKED_MS = 1000.0  # slower calls are those that asked the broker, which does not answer for two seconds
_PATIENCE_SECONDS = 60.0


def measure(shop: Workshop) -> Iterator[Result]:
    victim = Victim(House(shop.scratch / "victim", free_port()))
    victim.house.start()
    try:
        create(victim.house, "pausing", "pausing")
        victim.run({"seconds": 0})
        for figure, take in ((WORKER, victim.worker), (WEB, victim.web), (BROKER, victim.broker)):
            yield Result(figure, median(take() for _ in range(min(shop.rounds, 3))), min(shop.rounds, 3))
        times = victim.frozen()
        open_breaker = [one for one in times if one < _ASKED_MS]
        asked = {"calls": len(times), "that asked the broker": len(times) - len(open_breaker)}
        yield Result(FROZEN, _p99(times), 1, {**asked, "slowest_ms": max(times)})
        yield Result(OPEN, _p99(open_breaker), 1, {"p50_ms": median(open_breaker)})
    finally:
        victim.house.stop()


class Victim:
    def __init__(self, house: House) -> None:
        self.house = house
        self._client = house.client("lambda")

    def run(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send an event and wait for its end; return its record."""
        return self._until(self.send(event), lambda found: found["state"] == "SUCCEEDED")

    def send(self, event: dict[str, Any]) -> str:
        answer = self._client.invoke(FunctionName="pausing", InvocationType="Event", Payload=json.dumps(event))
        return str(answer["ResponseMetadata"]["RequestId"])

    def worker(self) -> float:
        """Seconds from the kill to the next attempt of the event that the worker was running."""
        request_id = self.send({"seconds": 2})
        self._until(request_id, lambda found: found["state"] == "RUNNING" and found["attempts"])
        killed = time.time()
        self._signal(signal.SIGKILL, "lp-worker", "lp-worker-2")
        found = self._until(request_id, lambda found: len(found["attempts"]) > 1)
        again = datetime.fromisoformat(found["attempts"][1]["started_at"]).timestamp()
        self._until(request_id, lambda found: found["state"] == "SUCCEEDED")
        self.house.wait_for("ok")
        return again - killed

    def web(self) -> float:
        """Seconds from the kill of all its processes to the next 202, of a caller who tries and tries."""
        began = time.monotonic()
        self._signal(signal.SIGKILL, "lp-web")
        while time.monotonic() < began + _PATIENCE_SECONDS:
            with suppress(BotoCoreError, ClientError):
                self.send({"seconds": 0})
                break
        taken = time.monotonic() - began
        self.house.wait_for("ok")
        return taken

    def broker(self) -> float:
        """Seconds from the moment that another broker is there to the end of an event that was sent then."""
        [before] = self._pids(*BROKERS)
        self._signal(signal.SIGKILL, *BROKERS)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._pids(*BROKERS) in ([], [before]) and time.monotonic() < deadline:
            time.sleep(0.01)
        began = time.monotonic()
        self.run({"seconds": 0})
        taken = time.monotonic() - began
        self.house.wait_for("ok")
        return taken

    def frozen(self) -> list[float]:
        """Milliseconds of call after call while the broker is stopped; all of them are answered 202."""
        self._signal(signal.SIGSTOP, *BROKERS)
        try:
            times, deadline = [], time.monotonic() + _FROZEN_SECONDS
            while time.monotonic() < deadline:
                began = time.perf_counter()
                self.send({"seconds": 0})
                times.append((time.perf_counter() - began) * 1000)
        finally:
            self._signal(signal.SIGCONT, *BROKERS)
        return times

    def _until(self, request_id: str, arrived: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not arrived(found := self._record(request_id)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"event {request_id}: {found}")
            time.sleep(0.02)
        return found

    def _record(self, request_id: str) -> dict[str, Any]:
        headers = {"Authorization": "Basic " + b64encode(b"test:test").decode()}
        with urlopen(Request(f"{self.house.url}/_lambdaplay/invocations/{request_id}", headers=headers)) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def _pids(self, *names: str) -> list[int]:
        found = []
        for process in self.house.processes():
            with suppress(psutil.NoSuchProcess):
                if process.name() in names:
                    found.append(process.pid)
        return found

    def _signal(self, number: int, *names: str) -> None:
        for pid in self._pids(*names):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _p99(times: list[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
