"""The same door for callers who want the answer while the function still writes it.

The row is committed before the answer's last byte leaves: whoever takes the pieces learns that there are no more only
after that. A client that goes away changes nothing for the function, as on AWS: it runs to its end, and its row is
written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from invocations.flows import permissions
from invocations.flows.admission import admitted
from invocations.flows.invoke import Prepared, prepare, record, unusable_parts
from invocations.runtime import client
from invocations.values import Execution, InvocationResult, InvokeRequest, Opened, Outcome


@dataclass(frozen=True)
class StreamEnd:
    """How it ended. `error_code` is None on success."""

    error_code: str | None
    error_details: str
    log_tail: bytes | None  # at most 4 KB, only when asked for


class Streaming:
    """An answer under way: iterate over its pieces once, and close it whatever happens.

    `end` is known when there are no more pieces. `deadline` (monotonic seconds): when the function times out at the
    latest. One of the process's places for held calls is taken until it is closed.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.request_id = prepared.event.request_id
        self.executed_version = prepared.spec.version
        self.trace_header = prepared.event.trace_header
        self.content_type = "application/json"
        self.end: StreamEnd | None = None
        self._prepared = prepared
        self._places = ExitStack()
        self._over = False
        self._parts = client.stream(prepared.spec, prepared.event)
        with unusable_parts():
            self._begin()
        self.deadline = time.monotonic() + prepared.spec.timeout_seconds

    def _begin(self) -> None:
        try:
            first = next(self._parts)
        except StopIteration as stop:
            self._finish(stop.value, opened=False)
        else:
            assert isinstance(first, Opened)
            self.content_type = first.content_type

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._over:
            raise StopIteration
        try:
            piece = next(self._parts)
        except StopIteration as stop:
            self._finish(stop.value, opened=True)
            raise StopIteration from None
        except BaseException:
            self._over = True
            raise
        assert isinstance(piece, bytes)
        return piece

    def hold(self, places: ExitStack) -> None:
        """Keep these until it is closed."""
        self._places = places

    def close(self) -> None:
        """Let the function go on to its end, with nobody listening."""
        with self._places:
            for _ in self:
                pass

    def _finish(self, execution: Execution, *, opened: bool) -> None:
        self._over = True
        record(self._prepared, execution)
        self.end = _end(execution, opened, self._prepared.request.log_type == "Tail")


def _end(execution: Execution, opened: bool, wants_log: bool) -> StreamEnd:
    log = execution.log_tail if wants_log else None
    if execution.outcome == Outcome.SUCCESS:
        return StreamEnd(None, "", log)
    if not opened:
        return StreamEnd("Unhandled", execution.payload.decode(errors="replace"), log)
    return StreamEnd(execution.error_type or "Unhandled", execution.error_body.decode(errors="replace"), log)


def invoke_streaming(request: InvokeRequest) -> Streaming | InvocationResult:
    """Start the function and return once it has begun to answer, or has ended without. A dry run has a plain result.

    Raises what `invoke` raises, and TooManyRequests when this process holds as many calls as it may: nothing ran then,
    and nothing was written.
    """
    prepared = prepare(permissions.into_account(request))
    if isinstance(prepared, InvocationResult):
        return prepared
    with ExitStack() as places:
        places.enter_context(admitted(request.caller))
        streaming = Streaming(prepared)
        streaming.hold(places.pop_all())
    return streaming
