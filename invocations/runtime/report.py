"""What AWS prints and answers around a function's own output: pure text and JSON.

Texts and field order: recordings of AWS (invoke.md sections 6 and 7 of the project's reference; AWS's own pages).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime

from invocations import limits
from invocations.values import Outcome


def error_body(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def timeout_body(request_id: str, timeout_seconds: int) -> bytes:
    return error_body(
        "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout_seconds:.2f} seconds"
    )


def too_large_body(limit: int = limits.SYNC_RESPONSE_BYTES) -> bytes:
    text = f"Response payload size exceeded maximum allowed payload size ({limit} bytes)."
    return json.dumps(
        {"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"}, separators=(",", ":")
    ).encode()


_SIGNALS = {
    1: "hangup", 2: "interrupt", 3: "quit", 4: "illegal instruction", 5: "trace/breakpoint trap", 6: "aborted",
    7: "bus error", 8: "floating point exception", 9: "killed", 10: "user defined signal 1",
    11: "segmentation fault", 12: "user defined signal 2", 13: "broken pipe", 14: "alarm clock", 15: "terminated",
}  # fmt: skip


def exit_text(status: int | None) -> str:
    """How AWS words the end of a runtime process. `status`: exit code, or minus the signal; None when unknown."""
    if status is None or status == 0:
        return "Runtime exited without providing a reason"
    if status < 0:
        return f"Runtime exited with error: signal: {_SIGNALS.get(-status, str(-status))}"
    return f"Runtime exited with error: exit status {status}"


def exit_body(request_id: str, error_type: str, status: int | None) -> bytes:
    return error_body(error_type, f"RequestId: {request_id} Error: {exit_text(status)}")


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def billed_ms(duration: float, init: float | None) -> int:
    """Whole milliseconds; since August 2025 the init of a cold start is billed too."""
    billed = math.ceil(round(duration * 1000, 2))
    return billed if init is None else billed + math.ceil(round(init * 1000, 2))


def timestamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def init_start(runtime: str) -> bytes:
    return f"INIT_START Runtime Version: {runtime}\n".encode()


def init_report(seconds: float, phase: str, status: str, error_type: str = "") -> bytes:
    error = f"\tError Type: {error_type}" if error_type else ""
    return f"INIT_REPORT Init Duration: {milliseconds(seconds)}\tPhase: {phase}\tStatus: {status}{error}\n".encode()


def extension(name: str, state: str, events: Sequence[str], error_type: str = "") -> bytes:
    error = f"\tError Type: {error_type}" if error_type else ""
    return f"EXTENSION\tName: {name}\tState: {state}\tEvents: [{', '.join(events)}]{error}\n".encode()


def start(request_id: str, version: str) -> bytes:
    return f"START RequestId: {request_id} Version: {version}\n".encode()


def timed_out(request_id: str, moment: datetime, timeout_seconds: int) -> bytes:
    return f"{timestamp(moment)} {request_id} Task timed out after {timeout_seconds:.2f} seconds\n\n".encode()


def runaway() -> bytes:
    """Ours: AWS has no such limit that a function could meet."""
    most = limits.OUTPUT_BYTES_MAX // limits.MIB
    return f"\nlambdaplay: the function printed more than {most} MB in one invocation and was ended.\n".encode()


def remark(text: bytes) -> bytes:
    """A sentence of lambdaplay's own, on lines of its own."""
    return text


def end_and_report(
    request_id: str,
    *,
    duration: float,
    init: float | None,
    memory_mb: int,
    max_memory_mb: int,
    outcome: Outcome,
    error_type: str,
) -> bytes:
    line = (
        f"END RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds(duration)}"
        f"\tBilled Duration: {billed_ms(duration, init)} ms\tMemory Size: {memory_mb} MB"
        f"\tMax Memory Used: {max_memory_mb} MB\t"
    )
    if init is not None:
        line += f"Init Duration: {milliseconds(init)}\t"
    return (line + _status(outcome, error_type) + "\n").encode()


def _status(outcome: Outcome, error_type: str) -> str:
    """Only for failures of the runtime; a handled exception leaves no mark in REPORT."""
    if outcome == Outcome.TIMEOUT:
        return "Status: timeout"
    if outcome in (Outcome.SUCCESS, Outcome.FUNCTION_ERROR):
        return ""
    return f"Status: error\tError Type: {error_type}"
