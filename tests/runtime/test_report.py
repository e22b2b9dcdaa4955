"""The platform's own lines and bodies, compared with AWS's as recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from invocations.runtime import report
from invocations.values import Outcome

REQUEST = "b1e3c5d2-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [
        (0.00301, None, 4),  # rounded up to whole milliseconds
        (0.004, None, 4),
        (0.0000001, None, 0),  # 0.00 ms as printed
        (0.00301, 0.11010, 4 + 111),  # a cold start pays for its init
        (2.0, 0.0, 2000),
    ],
)
def test_time_is_billed_in_whole_milliseconds(duration: float, init: float | None, billed: int) -> None:
    assert report.billed_ms(duration, init) == billed


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "Runtime exited without providing a reason"),
        (None, "Runtime exited without providing a reason"),
        (127, "Runtime exited with error: exit status 127"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
        (-34, "Runtime exited with error: signal: 34"),
    ],
)
def test_an_exit_is_worded_as_aws_does(status: int | None, text: str) -> None:
    assert report.exit_text(status) == text
    assert json.loads(report.exit_body(REQUEST, "Runtime.ExitError", status)) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {REQUEST} Error: {text}",
    }


def test_a_timeout_names_the_limit_with_two_decimals() -> None:
    assert json.loads(report.timeout_body(REQUEST, 3)) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {REQUEST} Error: Task timed out after 3.00 seconds",
    }
    moment = datetime(2026, 1, 31, 12, 34, 56, 789_999, tzinfo=UTC)
    line = report.timed_out(REQUEST, moment, 3)
    assert line.startswith(f"2026-01-31T12:34:56.789Z {REQUEST} Task timed out after 3.00 seconds\n".encode())


@pytest.mark.parametrize(
    ("outcome", "error_type", "init", "end"),
    [
        (Outcome.SUCCESS, "", None, ""),
        (Outcome.FUNCTION_ERROR, "ValueError", None, ""),  # a handled exception leaves no mark
        (Outcome.TIMEOUT, "Sandbox.Timedout", None, "Status: timeout"),
        (Outcome.EXITED, "Runtime.ExitError", None, "Status: error\tError Type: Runtime.ExitError"),
        (Outcome.SUCCESS, "", 0.1101, "Init Duration: 110.10 ms\t"),
    ],
)
def test_the_report_line_tells_duration_memory_and_failure(
    outcome: Outcome, error_type: str, init: float | None, end: str
) -> None:
    text = report.end_and_report(
        REQUEST, duration=0.00301, init=init, memory_mb=128, max_memory_mb=36, outcome=outcome, error_type=error_type
    ).decode()
    billed = 4 if init is None else 115
    assert text == (
        f"END RequestId: {REQUEST}\nREPORT RequestId: {REQUEST}\tDuration: 3.01 ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 36 MB\t{end}\n"
    )


def test_a_failed_init_is_reported_with_its_phase() -> None:
    assert report.init_report(10.00512, "init", "timeout") == (
        b"INIT_REPORT Init Duration: 10005.12 ms\tPhase: init\tStatus: timeout\n"
    )
    assert report.init_report(0.5, "invoke", "error", "Runtime.ExitError") == (
        b"INIT_REPORT Init Duration: 500.00 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n"
    )
