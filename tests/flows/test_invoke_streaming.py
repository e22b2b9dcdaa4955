"""What holds while an answer is under way, and when it ends. The environment is played; live tests have real ones."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError

from invocations import limits
from invocations.errors import ResourceNotFound, ServiceFailure, TooManyRequests, UnusablePart
from invocations.flows import journal
from invocations.flows.admission import admitted
from invocations.flows.invoke_streaming import StreamEnd, Streaming, invoke_streaming
from invocations.models import Invocation, Payload
from invocations.runtime import client
from invocations.values import Caller, EnvironmentSpec, Event, Execution, InvokeRequest, Opened, Outcome
from lambdaplay.db import pool
from tests.flows.conftest import SCOPE, Make

pytestmark = pytest.mark.django_db(transaction=True)
CALLER = Caller(SCOPE, "api", "test", "arn:aws:iam::000000000000:root")
WANTED = InvokeRequest(CALLER, "fn", b"{}", log_type="Tail")


def execution(outcome: Outcome = Outcome.SUCCESS, **changes: Any) -> Execution:
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "outcome": outcome,
        "payload": b"ab",
        "content_type": "text/plain",
        "log": b"START",
        "log_tail": b"tail",
        "log_truncated": False,
        "error_type": "",
        "error_message": "",
        "environment_id": "e" * 32,
        "log_stream": "s",
        "cold": False,
        "started_at": now,
        "ended_at": now,
        "init_seconds": None,
        "duration_seconds": 0.1,
        "billed_ms": 100,
        "max_memory_mb": 40,
        **changes,
    }
    return Execution(**values)


@dataclass
class Played:
    """An environment's side of the stream, and what it saw while it played."""

    parts: list[Opened | bytes] = field(default_factory=lambda: [Opened("text/plain"), b"a", b"b"])
    end: Execution | Exception = field(default_factory=execution)
    connections: list[int] = field(default_factory=list)

    def __call__(self, spec: EnvironmentSpec, event: Event) -> Generator[Opened | bytes, None, Execution]:
        for part in self.parts:
            self.connections.append(getattr(pool._held, "depth", 0))
            yield part
        self.connections.append(getattr(pool._held, "depth", 0))
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


@pytest.fixture
def played(make: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    make()
    playing = Played()
    monkeypatch.setattr(client, "stream", playing)
    yield playing
    assert free_places() == limits.HELD_CALLS


def free_places() -> int:
    """How many more calls this process would hold."""
    count, held = 0, []
    try:
        while True:
            place = admitted(CALLER)
            place.__enter__()
            held.append(place)
            count += 1
    except TooManyRequests:
        return count
    finally:
        for place in held:
            place.__exit__(None, None, None)


def start(**changes: Any) -> Streaming:
    streaming = invoke_streaming(InvokeRequest(**{**WANTED.__dict__, **changes}))
    assert isinstance(streaming, Streaming)
    return streaming


def test_the_row_is_written_before_the_end_is_known(played: Played) -> None:
    streaming = start()
    assert (streaming.content_type, streaming.executed_version) == ("text/plain", "$LATEST")
    assert [next(streaming), next(streaming)] == [b"a", b"b"]
    assert (streaming.end, Invocation.objects.count()) == (None, 0)
    assert free_places() == limits.HELD_CALLS - 1
    with pytest.raises(StopIteration):
        next(streaming)
    assert streaming.end == StreamEnd(None, "", b"tail")
    assert Invocation.objects.get().request_id == streaming.request_id
    streaming.close()
    assert Invocation.objects.count() == 1
    assert played.connections == [0, 0, 0, 0]  # none held while the function writes


def test_whoever_leaves_lets_it_run_to_its_end(played: Played) -> None:
    played.end = execution(Outcome.TIMEOUT, response_bytes=99)
    streaming = start(log_type="None")
    assert next(streaming) == b"a"
    streaming.close()
    row = Invocation.objects.get()
    assert (row.state, row.condition, row.payload.response_bytes) == ("FAILED", "Timeout", 99)
    assert list(streaming) == []


@pytest.mark.parametrize(
    ("opened", "end", "expected"),
    [
        (False, {"payload": b'{"e":1}', "error_type": "ValueError"}, ("Unhandled", '{"e":1}')),
        (True, {"error_type": "My.Error", "error_body": b"\xff"}, ("My.Error", "\ufffd")),
        (True, {"error_body": b""}, ("Unhandled", "")),
    ],
)
def test_how_a_failure_is_told(played: Played, opened: bool, end: dict[str, Any], expected: tuple[str, str]) -> None:
    played.parts = played.parts[:1] if opened else []
    played.end = execution(Outcome.FUNCTION_ERROR, **end)
    streaming = start()
    assert list(streaming) == []
    assert streaming.end is not None
    assert (streaming.end.error_code, streaming.end.error_details) == expected
    streaming.close()


def test_an_end_that_could_not_be_written_is_no_end(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(entry: journal.Entry) -> None:
        raise DatabaseError

    monkeypatch.setattr(journal, "record", fail)
    streaming = start()
    with pytest.raises(ServiceFailure):
        list(streaming)
    assert streaming.end is None
    streaming.close()


def test_what_cannot_begin_is_refused_and_writes_nothing(played: Played) -> None:
    played.parts, played.end = [], UnusablePart("away")
    with pytest.raises(ServiceFailure, match="away"):
        start()
    played.end = TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded")
    with pytest.raises(TooManyRequests):
        start()
    with pytest.raises(ResourceNotFound):
        start(function="nope")
    assert Invocation.objects.count() == 0
    assert Payload.objects.count() == 0
