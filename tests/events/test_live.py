"""Asynchronous invocation through the running house: boto3 in front, real workers, broker and clock behind."""

from __future__ import annotations

import base64
import io
import json
import os
import sqlite3
import time
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.house import SOON, House

FAILS = "def handler(event, context):\n    raise ValueError('boom')\n"
WORKS = "def handler(event, context):\n    return event\n"
LOOPS = """
import boto3
def handler(event, context):
    boto3.client("lambda").invoke(FunctionName=context.function_name, InvocationType="Event", Payload=b"{}")
"""
Make = Callable[[str, str], str]


@pytest.fixture
def make(live: House) -> Make:
    """Create a function, wait until it is active, return its name."""

    def make_one(name: str, source: str) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", source)
        client = live.client("lambda")
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/any",
            Handler="app.handler",
            Code={"ZipFile": buffer.getvalue()},
            Timeout=30,
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
        return name

    return make_one


def ask(live: House, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Authorization": "Basic " + base64.b64encode(b"test:test").decode(), "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(live.url + path, data, headers), timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def send(live: House, name: str, payload: bytes = b"{}") -> str:
    answer = live.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert "ExecutedVersion" not in answer
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def follow(
    live: House, request_id: str, until: Callable[[dict[str, Any]], bool], seconds: float = 20.0
) -> dict[str, Any]:
    """Ask for the event until it is as expected."""
    deadline = time.monotonic() + seconds
    while not until(found := ask(live, f"/_lambdaplay/invocations/{request_id}")):
        assert time.monotonic() < deadline, found
    return found


def attempted(times: int) -> Callable[[dict[str, Any]], bool]:
    """So many attempts have ended and the messenger has said so."""

    def reached(found: dict[str, Any]) -> bool:
        ended = [attempt for attempt in found["attempts"] if attempt["ended_at"]]
        return len(ended) == times and found["celery"] is not None and found["state"] != "RUNNING"

    return reached


def test_an_event_is_accepted_run_and_told_by_celery(live: House, make: Make) -> None:
    found = follow(live, send(live, make("async-works", WORKS)), lambda found: found["celery"] is not None)
    assert (found["state"], found["condition"], found["type"]) == ("SUCCEEDED", "Success", "Event")
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["Success"]
    assert found["celery"] == {"task_id": found["request_id"], "state": "SUCCESS", "retries": 0}


def test_retries_wait_for_product_time_and_no_longer(live: House, make: Make) -> None:
    request_id = send(live, make("async-fails", FAILS))
    found = follow(live, request_id, attempted(1))
    assert (found["state"], found["celery"]["state"]) == ("QUEUED", "RETRY")
    ask(live, "/_lambdaplay/clock", {"advance_seconds": 61})
    assert follow(live, request_id, attempted(2))["state"] == "QUEUED"
    ask(live, "/_lambdaplay/clock", {"advance_seconds": 121})
    found = follow(live, request_id, lambda found: found["state"] == "FAILED")
    assert found["condition"] == "RetriesExhausted"
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["FunctionError"] * 3
    found = follow(live, request_id, lambda found: found["celery"]["state"] == "FAILURE")
    assert found["celery"]["retries"] == 2


def test_a_function_that_sends_events_to_itself_is_stopped(live: House, make: Make) -> None:
    request_id = send(live, make("async-loops", LOOPS))
    follow(live, request_id, lambda found: found["state"] == "SUCCEEDED")
    deadline = time.monotonic() + 60
    query = "select condition, hops from invocations_invocation where function = 'async-loops' order by hops"
    # Each sends the next one before it ends itself, so the last row may end before those that led to it.
    while (rows := _rows(live, query))[-1][0] != "RecursiveInvocation" or not all(condition for condition, _ in rows):
        assert time.monotonic() < deadline, rows
    assert [hops for _, hops in rows] == list(range(17))
    assert {condition for condition, _ in rows[:-1]} == {"Success"}


def _rows(live: House, query: str) -> list[tuple[Any, ...]]:
    url = os.environ.get("DATABASE_URL", "")
    if url:
        with psycopg.connect(url) as database:
            return database.execute(query.encode()).fetchall()
    with sqlite3.connect(live.home / "db.sqlite3") as file:
        return file.execute(query).fetchall()


def test_what_was_accepted_before_a_crash_of_every_worker_is_run(live: House, make: Make) -> None:
    name = make("async-survives", "import time\ndef handler(event, context):\n    time.sleep(1)\n")
    request_ids = [send(live, name) for _ in range(4)]
    follow(live, request_ids[0], lambda found: found["state"] == "RUNNING")
    workers = [process for process in live.processes() if process.name() in ("lp-worker", "lp-control")]
    assert len(workers) == 3
    for process in workers:
        process.kill()
    for request_id in request_ids:
        found = follow(live, request_id, lambda found: found["state"] == "SUCCEEDED", seconds=60)
        assert {attempt["outcome"] for attempt in found["attempts"]} <= {"Success", "Lost"}
