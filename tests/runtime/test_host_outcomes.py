"""How an invocation may end: AWS's exact payloads, and the log lines around them."""

from __future__ import annotations

import json

import pytest

from invocations import limits
from invocations.values import Execution, Outcome
from tests.runtime.conftest import best
from tests.runtime.hosts import Host, make_event

pytestmark = best


def failure(execution: Execution) -> dict[str, object]:
    found: dict[str, object] = json.loads(execution.payload)
    return found


def platform(host: Host, source: str, **changes: object) -> tuple[Outcome, object, object]:
    """Outcome, error type and message (request id left out) of running this handler module."""
    spec = host.function(source, **changes)
    event = make_event(spec)
    execution = host.run(spec, request_id=event.request_id)
    body = failure(execution)
    return execution.outcome, body["errorType"], str(body["errorMessage"]).replace(event.request_id, "ID")


def test_an_answer_is_passed_on_as_it_was_written(host: Host) -> None:
    execution = host.run(
        host.function("def handler(event, context): return {'ä': event['x'], 'none': None}"), {"x": 1.5}
    )
    assert (execution.outcome, execution.payload) == (Outcome.SUCCESS, b'{"\\u00e4": 1.5, "none": null}')
    assert execution.cold
    assert execution.init_seconds is not None
    assert 0 < execution.duration_seconds < 5


def test_nothing_returned_is_null(host: Host) -> None:
    assert host.run(host.function("def handler(event, context): pass")).payload == b"null"


def test_an_exception_is_the_functions_error_and_the_environment_stays(host: Host) -> None:
    spec = host.function("def handler(event, context):\n    raise ValueError('boom')\n")
    event = make_event(spec)
    first = host.run(spec, request_id=event.request_id)
    assert first.outcome == Outcome.FUNCTION_ERROR
    body = failure(first)
    assert list(body) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (body["errorMessage"], body["errorType"], body["requestId"]) == ("boom", "ValueError", event.request_id)
    assert body["stackTrace"] == ["  File \"/var/task/app.py\", line 2, in handler\n    raise ValueError('boom')\n"]
    assert b"[ERROR] ValueError: boom" in first.log
    second = host.run(spec)
    assert (second.cold, second.environment_id) == (False, first.environment_id)


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        ("", "gone.handler", "Runtime.ImportModuleError", "Unable to import module 'gone': No module named 'gone'"),
        ("", "app.gone", "Runtime.HandlerNotFound", "Handler 'gone' missing on module 'app'"),
        ("", "app", "Runtime.MalformedHandlerName", "Bad handler 'app': not enough values to unpack"),
        ("def (:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': invalid syntax"),
        ("raise KeyError('k')", "app.handler", "KeyError", "'k'"),
        ("", "sys.handler", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
    ],
)
def test_a_module_that_does_not_load(host: Host, source: str, handler: str, kind: str, message: str) -> None:
    execution = host.run(host.function(source, handler=handler))
    body = failure(execution)
    assert execution.outcome in (Outcome.INIT_ERROR, Outcome.FUNCTION_ERROR)
    assert body["errorType"] == kind
    assert str(body["errorMessage"]).startswith(message)


def test_a_failing_init_is_repeated_once_within_the_invocation(host: Host) -> None:
    source = "print('loading')\nraise RuntimeError('no')\n"
    execution = host.run(host.function(source))
    assert execution.outcome == Outcome.INIT_ERROR
    assert failure(execution)["requestId"] == ""
    assert b"INIT_REPORT Init Duration: " in execution.log
    assert b"Phase: init\tStatus: error\tError Type: RuntimeError" in execution.log
    assert b"Phase: invoke\tStatus: error\tError Type: RuntimeError" in execution.log


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        ("os._exit(7)", "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 7"),
        ("sys.exit(0)", "Runtime.ExitError", "RequestId: ID Error: Runtime exited without providing a reason"),
        ("sys.exit(3)", "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 3"),
        (
            "ctypes.string_at(0)",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: signal: segmentation fault",
        ),
        ("os.abort()", "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: signal: aborted"),
        (
            "os.kill(os.getpid(), 9)",
            "Runtime.OutOfMemory",
            "RequestId: ID Error: Runtime exited with error: signal: killed",
        ),
    ],
)
def test_a_process_that_ends_by_itself(host: Host, statement: str, kind: str, message: str) -> None:
    source = f"import ctypes, os, sys\ndef handler(event, context):\n    {statement}\n"
    outcome, *error = platform(host, source)
    assert error == [kind, message]
    assert outcome == (Outcome.OUT_OF_MEMORY if kind == "Runtime.OutOfMemory" else Outcome.EXITED)


def test_a_process_that_ends_while_loading(host: Host) -> None:
    outcome, *error = platform(host, "import os\nos._exit(4)\n")
    assert outcome == Outcome.INIT_ERROR
    assert error == ["Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 4"]


def test_a_timeout(host: Host) -> None:
    spec = host.function(
        "import time\ndef handler(event, context):\n    print('on it')\n    time.sleep(60)\n", timeout_seconds=1
    )
    event = make_event(spec)
    execution = host.run(spec, request_id=event.request_id)
    message = f"RequestId: {event.request_id} Error: Task timed out after 1.00 seconds"
    assert failure(execution) == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    assert execution.outcome == Outcome.TIMEOUT
    log = execution.log.decode()
    assert f"{event.request_id} Task timed out after 1.00 seconds\n" in log
    assert log.rstrip("\n").endswith("Status: timeout")
    assert "on it" in log


def test_an_init_over_its_limit_is_repeated_under_the_timeout(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INIT_SECONDS", 0.3)
    slow_once = """
import os, time
if not os.path.exists("/tmp/tried"):
    open("/tmp/tried", "w").close()
    time.sleep(60)
def handler(event, context): return "second"
"""
    execution = host.run(host.function(slow_once))
    assert (execution.outcome, execution.payload) == (Outcome.SUCCESS, b'"second"')
    assert b"Phase: init\tStatus: timeout" in execution.log
    assert execution.init_seconds is None


def test_an_answer_at_the_limit_and_one_byte_over(host: Host) -> None:
    spec = host.function("def handler(event, context): return 'x' * event\n", memory_mb=512)
    most = limits.SYNC_RESPONSE_BYTES - 2
    assert len(host.run(spec, most).payload) == limits.SYNC_RESPONSE_BYTES
    execution = host.run(spec, most + 1)
    assert execution.outcome == Outcome.RESPONSE_TOO_LARGE
    text = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    assert failure(execution) == {"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"}
    assert host.call(spec, 1) == "x"


def test_what_cannot_be_serialised(host: Host) -> None:
    outcome, kind, message = platform(host, "def handler(event, context): return {1, 2}\n")
    assert (outcome, kind) == (Outcome.FUNCTION_ERROR, "Runtime.MarshalError")
    assert str(message).startswith("Unable to marshal response: ")


def test_a_flood_of_output_is_capped_and_delays_nobody(host: Host) -> None:
    source = (
        "def handler(event, context):\n    line = 'x' * 1023\n    for _ in range(20_000): print(line)\n    return 1\n"
    )
    execution = host.run(host.function(source))
    assert execution.outcome == Outcome.SUCCESS
    assert execution.log_truncated
    assert limits.LOG_KEPT_BYTES <= len(execution.log) < limits.LOG_KEPT_BYTES + 10_000
    assert execution.log.rstrip().decode().splitlines()[-1].startswith("REPORT RequestId: ")
    assert len(execution.log_tail) == limits.LOG_TAIL_BYTES


def test_output_without_end_is_ended(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OUTPUT_BYTES_MAX", 8 * limits.MIB)
    source = "def handler(event, context):\n    while True: print('x' * 100_000)\n"
    execution = host.run(host.function(source))
    assert execution.outcome == Outcome.EXITED


def test_output_printed_after_the_answer_belongs_to_the_next_event(host: Host) -> None:
    source = """
import threading, time
def late():
    time.sleep(0.05)
    print("late")
def handler(event, context):
    threading.Thread(target=late).start()
    time.sleep(event)
"""
    spec = host.function(source)
    assert b"late" not in host.run(spec, 0).log
    assert b"late" in host.run(spec, 0.2).log


def test_the_memory_used_is_measured(host: Host) -> None:
    source = "def handler(event, context):\n    held = b'x' * (event << 20)\n    return len(held)\n"
    spec = host.function(source, memory_mb=256)
    little, much = host.run(spec, 1).max_memory_mb, host.run(spec, 90).max_memory_mb
    assert 80 <= much - little <= 100
