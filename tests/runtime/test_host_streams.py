"""Answers in chunks, from real environments: taken while they are written, or put together."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from invocations import limits
from invocations.runtime import client
from invocations.values import EnvironmentSpec, Execution, Opened, Outcome
from tests.runtime.conftest import best
from tests.runtime.hosts import Host, make_event, until
from tests.streams import BOOTSTRAP, ERROR, Gate, query


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.close()


def streamer(host: Host, **changes: Any) -> EnvironmentSpec:
    return host.function({"bootstrap": BOOTSTRAP}, runtime="provided.al2023", network="host", **changes)


def stream(spec: EnvironmentSpec, **told: object) -> tuple[list[Opened | bytes], Execution]:
    """Everything it yields, and how it ended."""
    parts: list[Opened | bytes] = []
    running = client.stream(spec, make_event(spec, query(**told)))
    while True:
        try:
            parts.append(next(running))
        except StopIteration as end:
            return parts, end.value


def joined(parts: list[Opened | bytes]) -> bytes:
    return b"".join(part for part in parts if isinstance(part, bytes))


def test_what_is_written_comes_out_before_the_rest_is_written(host: Host, gate: Gate) -> None:
    spec = streamer(host)
    running = client.stream(spec, make_event(spec, query(port=gate.port)))
    assert next(running) == Opened("text/plain")
    assert next(running) == b"first"
    gate.open()
    assert next(running) == b"second"
    with pytest.raises(StopIteration) as end:
        next(running)
    execution: Execution = end.value.value
    assert (execution.outcome, execution.payload) == (Outcome.SUCCESS, b"firstsecond")
    assert (execution.response_bytes, execution.error_body) == (None, b"")
    assert b"writing for" in execution.log
    assert host.run(spec, query()).environment_id == execution.environment_id


@best
def test_an_error_in_the_trailers_ends_it(host: Host) -> None:
    parts, execution = stream(streamer(host), end="error")
    assert parts == [Opened("text/plain"), b"first"]
    assert (execution.outcome, execution.error_type) == (Outcome.FUNCTION_ERROR, "My.Error")
    assert (execution.payload, json.loads(execution.error_body)) == (b"first", ERROR)
    assert execution.error_message == "halfway"


@best
@pytest.mark.parametrize(
    ("end", "outcome", "error_type", "message"),
    [
        ("hang", Outcome.TIMEOUT, "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("exit", Outcome.EXITED, "Runtime.TruncatedResponse", "Runtime exited with error: exit status 3"),
        ("close", Outcome.FUNCTION_ERROR, "Runtime.TruncatedResponse", "closed the connection"),
    ],
)
def test_what_breaks_off_says_why(host: Host, end: str, outcome: Outcome, error_type: str, message: str) -> None:
    spec = streamer(host, timeout_seconds=1)
    parts, execution = stream(spec, end=end)
    assert parts == [Opened("text/plain"), b"first"]
    assert (execution.outcome, execution.error_type) == (outcome, error_type)
    assert message in execution.error_message
    assert json.loads(execution.error_body)["errorType"] == error_type
    assert stream(spec)[1].outcome == Outcome.SUCCESS


@best
def test_a_consumer_that_is_slow_does_not_stretch_the_timeout(host: Host) -> None:
    spec = streamer(host, timeout_seconds=1)
    running = client.stream(spec, make_event(spec, query(end="hang")))
    assert [next(running), next(running)] == [Opened("text/plain"), b"first"]
    over = time.monotonic() + 1
    assert until(lambda: time.monotonic() > over)
    with pytest.raises(StopIteration) as end:
        next(running)
    assert end.value.value.outcome == Outcome.TIMEOUT


@best
def test_a_buffered_call_gets_the_chunks_together(host: Host, gate: Gate) -> None:
    spec = streamer(host, timeout_seconds=1)
    whole = host.run(spec, query())
    assert (whole.outcome, whole.payload, whole.content_type) == (Outcome.SUCCESS, b"firstsecond", "text/plain")
    failed = host.run(spec, query(end="error"))
    assert (failed.outcome, json.loads(failed.payload)) == (Outcome.FUNCTION_ERROR, ERROR)
    # It has begun to answer; its timeout holds all the same.
    assert host.run(spec, query(end="hang")).outcome == Outcome.TIMEOUT
    assert host.run(spec, query(end="close")).error_type == "Runtime.TruncatedResponse"


@best
def test_too_much_is_an_error_and_no_more_of_it_is_handed_out(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STREAMED_RESPONSE_BYTES", 7)
    monkeypatch.setattr(limits, "SYNC_RESPONSE_BYTES", 3)
    spec = streamer(host)
    parts, execution = stream(spec)
    assert joined(parts) == b"firstse"
    assert (execution.outcome, execution.error_type) == (Outcome.RESPONSE_TOO_LARGE, "Function.ResponseSizeTooLarge")
    assert (execution.payload, execution.response_bytes) == (b"fir", 11)
    assert host.run(spec, query()).error_type == "Function.ResponseSizeTooLarge"


@best
def test_an_unknown_mode_is_refused(host: Host) -> None:
    parts, execution = stream(streamer(host, timeout_seconds=1), end="mode")
    assert (parts, execution.outcome) == ([], Outcome.TIMEOUT)
    assert b"told HTTP/1.1 400 Bad Request" in execution.log


@best
def test_a_buffered_answer_is_one_piece(host: Host) -> None:
    spec = host.function("def handler(event, context):\n    return event\n")
    running = client.stream(spec, make_event(spec, "x" * 500_000))
    assert [next(running), next(running)] == [Opened("application/json"), b'"' + b"x" * 500_000 + b'"']
    with pytest.raises(StopIteration) as end:
        next(running)
    assert end.value.value.response_bytes is None


@best
def test_what_fails_before_it_answers_hands_out_nothing(host: Host) -> None:
    spec = host.function("def handler(event, context):\n    raise ValueError('no')\n")
    parts, execution = stream(spec)
    assert (parts, execution.outcome, execution.error_body) == ([], Outcome.FUNCTION_ERROR, b"")
    assert json.loads(execution.payload)["errorType"] == "ValueError"
