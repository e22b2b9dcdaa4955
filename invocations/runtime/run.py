"""One event through one execution environment, from the loan to the REPORT line.

A run hands out nothing before its end, unless it was asked to stream: then it yields what the function writes, piece by
piece. Whoever takes the pieces may be slow: nobody looks at the function meanwhile, so it waits with its next bytes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from invocations import clock, limits
from invocations.decisions.log_settings import JSON
from invocations.runtime import report
from invocations.runtime.chunks import BrokenChunks, Chunks
from invocations.runtime.endings import Answer, Ending, InitFailure, from_base64, read_error
from invocations.runtime.exchange import Call
from invocations.runtime.kernel import memory
from invocations.runtime.lender import Loan
from invocations.runtime.network_hint import network_hint
from invocations.runtime.report_json import JsonLines
from invocations.values import EnvironmentSpec, Event, Execution, Opened, Outcome

_ACCEPTED = b"202 Accepted"
_MODES = (b"", b"buffered", b"streaming")
# A process that ends in the middle of its answer: its connection closes a moment before the host can say so.
_DEATH_SECONDS = 0.5
_NO_INTERNAL_EXTENSIONS = (
    "lambdaplay does not support internal extensions: only an executable in a layer's extensions folder can be one."
)
_OK = b'{"status":"OK"}\n'


class GoneBetweenEvents(Exception):
    """A warm environment ended before it took the event: nothing ran, another may be borrowed."""


class Lines(Protocol):
    """The platform's own lines, as text (report.py) or as JSON."""

    def init_start(self, runtime: str) -> bytes: ...
    def extension(self, name: str, state: str, events: Sequence[str], error_type: str = "") -> bytes: ...
    def init_report(self, seconds: float, phase: str, status: str, error_type: str = "") -> bytes: ...
    def start(self, request_id: str, version: str) -> bytes: ...
    def timed_out(self, request_id: str, moment: datetime, timeout_seconds: int) -> bytes: ...
    def runaway(self) -> bytes: ...
    def remark(self, text: bytes) -> bytes: ...
    def end_and_report(
        self,
        request_id: str,
        *,
        duration: float,
        init: float | None,
        memory_mb: int,
        max_memory_mb: int,
        outcome: Outcome,
        error_type: str,
    ) -> bytes: ...


class Run:
    def __init__(
        self, spec: EnvironmentSpec, event: Event, loan: Loan, before: InitFailure | None, *, streams: bool = False
    ) -> None:
        self.spec = spec
        self.event = event
        self.loan = loan
        self.output = loan.output
        kind = "provisioned-concurrency" if loan.grant["provisioned"] else "on-demand"
        self.lines: Lines = JsonLines(spec.system_log_level, clock.real, kind) if spec.log_format == JSON else report
        self._before = before
        self._streams = streams
        # A repeated init happens inside the invocation: its time counts as the event's, and so does its limit.
        self._repeated = before is not None or bool(loan.grant["again"])
        self._init: float | None = None
        self._runaway = False

    def go(self) -> Generator[Opened | bytes, None, Execution | InitFailure]:
        """Run the event. InitFailure: the environment's first init failed and may be repeated once."""
        started_at = clock.now()
        self._preamble()
        first = self._await_next()
        if isinstance(first, InitFailure):
            if not self._repeated:
                return first
            return self._finish_init(first, started_at)
        self._tell_initialised()
        began = self.loan.grant["started"] if self._repeated else time.monotonic()
        self.output.write(self.lines.start(self.event.request_id, self.spec.version))
        self._hand_over(first, began)
        deadline = began + self.spec.timeout_seconds
        answered = self._await_answer(deadline)
        ending = (yield from self._answered(answered, deadline)) if isinstance(answered, Call) else answered
        return self._finish(ending, started_at, time.monotonic() - began)

    def _tell_initialised(self) -> None:
        """A provisioned environment's init has a line of its own, below what it printed, and is part of no event."""
        seconds = self.loan.grant["initialised"]
        if seconds is not None:
            self.output.read()
            self.output.close_line()
            self.output.write(self.lines.init_report(seconds, "init", "success"))

    # --- init -------------------------------------------------------------------------------------------------------

    def _preamble(self) -> None:
        grant = self.loan.grant
        if grant["first"] or self._repeated or grant["initialised"] is not None:
            self.output.write(self.lines.init_start(grant["interpreter"]))
        if self._before is not None:
            status = "timeout" if self._before.timed_out else "error"
            kind = "" if self._before.timed_out else self._before.ending.error_type
            self.output.write(self.lines.init_report(self._before.seconds, "init", status, kind))

    def _await_next(self) -> Call | InitFailure:
        grant = self.loan.grant
        limit = self.spec.timeout_seconds if self._repeated else limits.INIT_SECONDS
        began = grant["started"] if grant["starting"] else time.monotonic()
        while True:
            call = self.loan.exchange.wait(began + limit, self._read_output)
            if isinstance(call, Call) and call.path == b"invocation/next":
                if grant["first"] and not self._repeated:
                    measured = grant["init_seconds"]
                    self._init = time.monotonic() - grant["started"] if measured is None else measured
                return call
            if isinstance(call, Call) and call.path != b"init/error":
                self._refuse(call, b"403 Forbidden", "InvalidStateTransition", "The runtime has no event to answer.")
                continue
            if call == "control" and self.loan.await_death()["reason"] == "lost":
                raise GoneBetweenEvents  # nothing of the function's doing
            if not grant["starting"] and not isinstance(call, Call):
                self._discard()
                raise GoneBetweenEvents
            return self._init_failed(call, time.monotonic() - began)

    def _discard(self) -> None:
        if self.loan.death is None:
            self.loan.kill("unresponsive")

    def _init_failed(self, call: Call | str, seconds: float) -> InitFailure:
        if isinstance(call, Call):
            ending = self._posted_error(call, Outcome.INIT_ERROR)
            self.loan.exchange.answer(call, _ACCEPTED, _OK)
            # The runtime ends itself after this report; a hanging one is not waited for.
            self.loan.kill("exit")
            return InitFailure(ending, seconds, False)
        if call == "deadline":
            self.loan.kill("init timeout")
            body = report.timeout_body(self.event.request_id, self.spec.timeout_seconds)
            return InitFailure(self._platform_ending(Outcome.TIMEOUT, body), seconds, True)
        death = self.loan.await_death()
        return InitFailure(self._death_ending(death, Outcome.INIT_ERROR), seconds, False)

    def _finish_init(self, failure: InitFailure, started_at: datetime) -> Execution:
        """The repeated init failed too: that is the event's result."""
        status = "timeout" if failure.timed_out else "error"
        self.output.read()
        self.output.close_line()
        self.output.write(self.lines.init_report(failure.seconds, "invoke", status, failure.ending.error_type))
        self.output.write(self.lines.start(self.event.request_id, self.spec.version))
        return self._finish(failure.ending, started_at, failure.seconds)

    # --- invoke -----------------------------------------------------------------------------------------------------

    def _hand_over(self, call: Call, began: float) -> None:
        event = self.event
        deadline = time.time() + (began + self.spec.timeout_seconds - time.monotonic())
        headers = [
            "Content-Type: application/json",
            f"Lambda-Runtime-Aws-Request-Id: {event.request_id}",
            f"Lambda-Runtime-Deadline-Ms: {int(deadline * 1000)}",
            f"Lambda-Runtime-Invoked-Function-Arn: {event.invoked_arn}",
            f"Lambda-Runtime-Trace-Id: {event.trace_header}",
        ]
        if event.client_context is not None:
            # JSON text that came base64-encoded: whatever it holds must not end the header line.
            compact = json.dumps(json.loads(event.client_context))
            headers.append(f"Lambda-Runtime-Client-Context: {compact}")
        lines = "".join(f"{line}\r\n" for line in headers).encode("latin-1")
        self.loan.exchange.answer(call, b"200 OK", event.payload, lines)

    def _await_answer(self, deadline: float) -> Call | Ending:
        """Wait for the function's answer, or for the end that comes instead of one."""
        mine = b"invocation/" + self.event.request_id.encode() + b"/"
        while True:
            call = self.loan.exchange.wait(deadline, self._read_output)
            if call == "deadline":
                return self._timed_out()
            if not isinstance(call, Call):
                return self._death_ending(self.loan.await_death(), Outcome.EXITED)
            if call.path == mine + b"response" and _mode(call) in _MODES:
                return call
            if call.path == mine + b"error":
                ending = self._posted_error(call, Outcome.FUNCTION_ERROR)
                self.loan.exchange.answer(call, _ACCEPTED, _OK)
                return ending
            if call.path == mine + b"response":
                self._refuse(call, b"400 Bad Request", "InvalidFunctionResponseMode", "Invalid function response mode.")
            elif call.path.startswith(b"invocation/") and call.path != b"invocation/next":
                self._refuse(call, b"400 Bad Request", "InvalidRequestID", "Invalid request ID")
            else:
                self._refuse(call, b"403 Forbidden", "InvalidStateTransition", "An event waits for its answer.")

    def _answered(self, call: Call, deadline: float) -> Generator[Opened | bytes, None, Ending]:
        kind = call.headers.get(b"content-type", b"application/json").decode("latin-1")
        if call.chunks is not None:
            return (yield from self._written(call, call.chunks, kind, deadline))
        if call.body is None:
            return self._too_large(call, limits.SYNC_RESPONSE_BYTES)
        self.loan.exchange.answer(call, _ACCEPTED, _OK)
        if self._streams:
            yield Opened(kind)
            yield call.body
        return Ending(Outcome.SUCCESS, call.body, kind)

    def _too_large(self, call: Call, limit: int) -> Ending:
        text = f"Exceeded maximum allowed payload size ({limit} bytes)."
        self._refuse(call, b"413 Request Entity Too Large", "RequestEntityTooLarge", text)
        return self._platform_ending(Outcome.RESPONSE_TOO_LARGE, report.too_large_body(limit))

    # --- an answer in chunks ----------------------------------------------------------------------------------------

    def _written(
        self, call: Call, chunks: Chunks, kind: str, deadline: float
    ) -> Generator[Opened | bytes, None, Ending]:
        """Take the answer while it is being written, to its end or to whatever keeps it from one."""
        answer = Answer(limits.STREAMED_RESPONSE_BYTES if self._streams else limits.SYNC_RESPONSE_BYTES)
        if self._streams:
            yield Opened(kind)
        piece: bytes | Ending = call.body or b""
        while isinstance(piece, bytes):
            passed = answer.add(piece)
            if passed and self._streams:
                yield passed
            if chunks.ended:
                piece = self._complete(call, chunks, kind, answer)
            else:
                piece = self._next_piece(call, chunks, deadline)
        return replace(piece, answer=answer) if self._streams else piece

    def _next_piece(self, call: Call, chunks: Chunks, deadline: float) -> bytes | Ending:
        heard = self.loan.exchange.read_on(call, deadline, self._read_output)
        if heard == "deadline":
            return self._timed_out()
        try:
            return chunks.feed(heard) if isinstance(heard, bytes) else self._broken_off(call)
        except BrokenChunks:
            return self._broken_off(call)

    def _broken_off(self, call: Call) -> Ending:
        """The answer ended before its end: with its process, or because the runtime let go of the connection."""
        self.loan.exchange.hang_up(call)
        outcome, message = Outcome.FUNCTION_ERROR, "The runtime closed the connection in the middle of its answer."
        if self.loan.exchange.hears_of_death(_DEATH_SECONDS):
            end = self._death_ending(self.loan.await_death(), Outcome.EXITED)
            outcome, message = end.outcome, end.error_message
        return self._platform_ending(outcome, report.error_body("Runtime.TruncatedResponse", message))

    def _complete(self, call: Call, chunks: Chunks, kind: str, answer: Answer) -> Ending:
        if answer.too_large:
            return self._too_large(call, answer.limit)
        self.loan.exchange.answer(call, _ACCEPTED, _OK)
        error_type = chunks.trailers.get(b"lambda-runtime-function-error-type", b"").decode("latin-1")
        if not error_type:
            return Ending(Outcome.SUCCESS, bytes(answer.kept), kind)
        body = from_base64(chunks.trailers.get(b"lambda-runtime-function-error-body", b""))
        stated, message = read_error(body)
        return Ending(Outcome.FUNCTION_ERROR, body, error_type=error_type[:200] or stated, error_message=message)

    def _posted_error(self, call: Call, outcome: Outcome) -> Ending:
        body = call.body if call.body is not None else report.too_large_body()
        error_type, message = read_error(body)
        header = call.headers.get(b"lambda-runtime-function-error-type", b"").decode("latin-1")
        return Ending(outcome, body, error_type=error_type or header, error_message=message)

    def _refuse(self, call: Call, status: bytes, error_type: str, text: str) -> None:
        if call.path.startswith(b"/2020-01-01/extension/"):
            error_type, text = "Extension.NotSupported", _NO_INTERNAL_EXTENSIONS
        body = json.dumps({"errorMessage": text, "errorType": error_type}).encode()
        self.loan.exchange.answer(call, status, body)
        if call.chunks is not None and not call.chunks.ended:
            self.loan.exchange.hang_up(call)  # the rest of a body would be read as a call

    # --- ends -------------------------------------------------------------------------------------------------------

    def _timed_out(self) -> Ending:
        self.loan.kill("timeout")
        body = report.timeout_body(self.event.request_id, self.spec.timeout_seconds)
        return self._platform_ending(Outcome.TIMEOUT, body)

    def _death_ending(self, death: dict[str, object], outcome: Outcome) -> Ending:
        status = death["status"] if isinstance(death["status"], int) else None
        if death["reason"] == "lost":
            message = f"RequestId: {self.event.request_id} Error: The execution environment was lost"
            return self._platform_ending(outcome, report.error_body("Sandbox.Failure", message))
        killed = status == -9 and death["reason"] == "exit"  # by a signal we did not send: memory ran out
        if death["reason"] == "out of memory" or killed:
            body = report.exit_body(self.event.request_id, "Runtime.OutOfMemory", -9)
            return self._platform_ending(Outcome.OUT_OF_MEMORY, body)
        if status == 127 and self.spec.runtime.startswith("provided"):
            text = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
            message = f"RequestId: {self.event.request_id} Error: {text}"
            return self._platform_ending(outcome, report.error_body("Runtime.InvalidEntrypoint", message))
        return self._platform_ending(outcome, report.exit_body(self.event.request_id, "Runtime.ExitError", status))

    def _platform_ending(self, outcome: Outcome, body: bytes) -> Ending:
        error_type, message = read_error(body)
        return Ending(outcome, body, error_type=error_type, error_message=message)

    def _read_output(self) -> bool:
        alive = self.output.read()
        if self.output.runaway and not self._runaway:
            self._runaway = True
            self.output.write(self.lines.runaway())
            self.loan.order_kill("output")  # its death is then heard like any other
        return alive

    def _finish(self, ending: Ending, started_at: datetime, duration: float) -> Execution:
        ended_at = clock.now()
        peak = self._peak_bytes() if self.loan.death is None else 0
        self.output.read()
        self.output.close_line()
        if ending.outcome == Outcome.TIMEOUT:
            self.output.write(self.lines.timed_out(self.event.request_id, clock.real(), self.spec.timeout_seconds))
            duration = max(duration, float(self.spec.timeout_seconds))
        hint = network_hint(self.spec.network, ending.outcome, ending.error_message, self.output.tail)
        if hint is not None:
            self.output.write(self.lines.remark(hint))
        used = min(max(1, round(peak / limits.MIB)), self.spec.memory_mb) if peak else self.spec.memory_mb
        self.output.write(
            self.lines.end_and_report(
                self.event.request_id,
                duration=duration,
                init=self._init,
                memory_mb=self.spec.memory_mb,
                max_memory_mb=used,
                outcome=ending.outcome,
                error_type=ending.error_type,
            )
        )
        return self._execution(ending, started_at, ended_at, duration, used)

    def _peak_bytes(self) -> int:
        return memory.peak_bytes(self.loan.grant["pid"])

    def _execution(
        self, ending: Ending, started_at: datetime, ended_at: datetime, duration: float, used: int
    ) -> Execution:
        grant = self.loan.grant
        answer = ending.answer
        return Execution(
            outcome=ending.outcome,
            payload=ending.body if answer is None else bytes(answer.kept),
            content_type=ending.content_type,
            log=self.output.kept,
            log_tail=self.output.tail,
            log_truncated=self.output.truncated,
            error_type=ending.error_type,
            error_message=ending.error_message,
            environment_id=grant["environment_id"],
            log_stream=grant["log_stream"],
            cold=bool(grant["first"]),
            started_at=started_at,
            ended_at=ended_at,
            init_seconds=self._init,
            duration_seconds=duration,
            billed_ms=report.billed_ms(duration, self._init),
            max_memory_mb=used,
            response_bytes=None if answer is None or answer.total == len(answer.kept) else answer.total,
            error_body=b"" if answer is None or ending.outcome == Outcome.SUCCESS else ending.body,
        )


def _mode(call: Call) -> bytes:
    return call.headers.get(b"lambda-runtime-function-response-mode", b"").lower()
