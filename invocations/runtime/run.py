"""One event through one execution environment, from the loan to the REPORT line."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from datetime import datetime

from invocations import clock, limits
from invocations.runtime import report
from invocations.runtime.exchange import Call
from invocations.runtime.kernel import memory
from invocations.runtime.lender import Loan
from invocations.runtime.network_hint import network_hint
from invocations.values import EnvironmentSpec, Event, Execution, Outcome

_ACCEPTED = b"202 Accepted"
_OK = b'{"status":"OK"}\n'


class GoneBetweenEvents(Exception):
    """A warm environment ended before it took the event: nothing ran, another may be borrowed."""


@dataclass(frozen=True)
class Ending:
    """How the run ended, before it is dressed as AWS would."""

    outcome: Outcome
    body: bytes
    content_type: str = "application/json"
    error_type: str = ""
    error_message: str = ""


@dataclass(frozen=True)
class InitFailure:
    ending: Ending
    seconds: float
    timed_out: bool


class Run:
    def __init__(self, spec: EnvironmentSpec, event: Event, loan: Loan, before: InitFailure | None) -> None:
        self.spec = spec
        self.event = event
        self.loan = loan
        self.output = loan.output
        self._before = before
        # A repeated init happens inside the invocation: its time counts as the event's, and so does its limit.
        self._repeated = before is not None or bool(loan.grant["again"])
        self._init: float | None = None
        self._runaway = False

    def go(self) -> Execution | InitFailure:
        """Run the event. InitFailure: the environment's first init failed and may be repeated once."""
        started_at = clock.now()
        self._preamble()
        first = self._await_next()
        if isinstance(first, InitFailure):
            if not self._repeated:
                return first
            return self._finish_init(first, started_at)
        began = self.loan.grant["started"] if self._repeated else time.monotonic()
        self.output.write(report.start(self.event.request_id, self.spec.version))
        self._hand_over(first, began)
        ending = self._await_answer(began + self.spec.timeout_seconds)
        return self._finish(ending, started_at, time.monotonic() - began)

    # --- init -------------------------------------------------------------------------------------------------------

    def _preamble(self) -> None:
        grant = self.loan.grant
        if grant["first"] or self._repeated:
            self.output.write(report.init_start(grant["interpreter"]))
        if self._before is not None:
            status = "timeout" if self._before.timed_out else "error"
            kind = "" if self._before.timed_out else self._before.ending.error_type
            self.output.write(report.init_report(self._before.seconds, "init", status, kind))

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
        self.output.write(report.init_report(failure.seconds, "invoke", status, failure.ending.error_type))
        self.output.write(report.start(self.event.request_id, self.spec.version))
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

    def _await_answer(self, deadline: float) -> Ending:
        mine = b"invocation/" + self.event.request_id.encode() + b"/"
        while True:
            call = self.loan.exchange.wait(deadline, self._read_output)
            if call == "deadline":
                return self._timed_out()
            if not isinstance(call, Call):
                return self._death_ending(self.loan.await_death(), Outcome.EXITED)
            if call.path == mine + b"response":
                return self._answered(call)
            if call.path == mine + b"error":
                ending = self._posted_error(call, Outcome.FUNCTION_ERROR)
                self.loan.exchange.answer(call, _ACCEPTED, _OK)
                return ending
            if call.path.startswith(b"invocation/") and call.path != b"invocation/next":
                self._refuse(call, b"400 Bad Request", "InvalidRequestID", "Invalid request ID")
            else:
                self._refuse(call, b"403 Forbidden", "InvalidStateTransition", "An event waits for its answer.")

    def _answered(self, call: Call) -> Ending:
        if call.body is None:
            text = f"Exceeded maximum allowed payload size ({limits.SYNC_RESPONSE_BYTES} bytes)."
            self._refuse(call, b"413 Request Entity Too Large", "RequestEntityTooLarge", text)
            return self._platform_ending(Outcome.RESPONSE_TOO_LARGE, report.too_large_body())
        self.loan.exchange.answer(call, _ACCEPTED, _OK)
        kind = call.headers.get(b"content-type", b"application/json").decode("latin-1")
        return Ending(Outcome.SUCCESS, call.body, kind)

    def _posted_error(self, call: Call, outcome: Outcome) -> Ending:
        body = call.body if call.body is not None else report.too_large_body()
        error_type, message = _read_error(body)
        header = call.headers.get(b"lambda-runtime-function-error-type", b"").decode("latin-1")
        return Ending(outcome, body, error_type=error_type or header, error_message=message)

    def _refuse(self, call: Call, status: bytes, error_type: str, text: str) -> None:
        body = json.dumps({"errorMessage": text, "errorType": error_type}).encode()
        self.loan.exchange.answer(call, status, body)

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
        error_type, message = _read_error(body)
        return Ending(outcome, body, error_type=error_type, error_message=message)

    def _read_output(self) -> bool:
        alive = self.output.read()
        if self.output.runaway and not self._runaway:
            self._runaway = True
            self.output.write(report.runaway())
            self.loan.order_kill("output")  # its death is then heard like any other
        return alive

    def _finish(self, ending: Ending, started_at: datetime, duration: float) -> Execution:
        ended_at = clock.now()
        peak = memory.peak_bytes(self.loan.grant["pid"]) if self.loan.death is None else 0
        self.output.read()
        self.output.close_line()
        if ending.outcome == Outcome.TIMEOUT:
            self.output.write(report.timed_out(self.event.request_id, clock.real(), self.spec.timeout_seconds))
            duration = max(duration, float(self.spec.timeout_seconds))
        hint = network_hint(self.spec.network, ending.outcome, ending.error_message, self.output.tail)
        if hint is not None:
            self.output.write(hint)
        used = min(max(1, round(peak / limits.MIB)), self.spec.memory_mb) if peak else self.spec.memory_mb
        self.output.write(
            report.end_and_report(
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

    def _execution(
        self, ending: Ending, started_at: datetime, ended_at: datetime, duration: float, used: int
    ) -> Execution:
        grant = self.loan.grant
        return Execution(
            outcome=ending.outcome,
            payload=ending.body,
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
        )


def _read_error(body: bytes) -> tuple[str, str]:
    """Type and message out of an error object, for lists and filters; the caller gets the bytes as they are."""
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(body)
        if isinstance(value, dict):
            return str(value.get("errorType", ""))[:200], str(value.get("errorMessage", ""))[:1000]
    return "", ""
