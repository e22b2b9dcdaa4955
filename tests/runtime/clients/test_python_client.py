"""AWS's awslambdaric over our runtime client, as a real process against a real Runtime API."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from invocations.runtime import libraries
from tests.runtime.clients.platform import Platform

Start = Callable[..., Platform]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Write app.py (or what `files` names) and start the handler `app.handler` in a fresh interpreter."""
    started: list[Platform] = []
    runtime = libraries.prepare(settings.LAMBDAPLAY_HOME)

    def begin(
        source: str = "",
        handler: str = "app.handler",
        files: dict[str, str] | None = None,
        close_each: bool = False,
        **variables: str,
    ) -> Platform:
        for name, text in {"app.py": source, **(files or {})}.items():
            (tmp_path / name).write_text(textwrap.dedent(text))
        environment = {"LAMBDA_TASK_ROOT": str(tmp_path), "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12", **variables}
        argv = [sys.executable, "-s", "-S", str(runtime / "bootstrap_main.py"), handler]
        started.append(Platform(argv, environment, str(tmp_path), close_each=close_each))
        return started[-1]

    yield begin
    for platform in started:
        platform.close()


def test_a_result_is_posted_as_json_with_the_context_of_its_event(start: Start) -> None:
    platform = start(
        """
        def handler(event, context):
            return {"event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn,
                    "left": 0 < context.get_remaining_time_in_millis() <= 3000,
                    "client": context.client_context.custom, "identity": context.identity.cognito_identity_id}
        """
    )
    posted = platform.invoke({"a": 1}, Lambda_Runtime_Client_Context='{"custom":{"k":"v"}}')
    assert posted is not None
    assert posted.verb == "response"
    assert posted.request_id == "11111111-2222-3333-4444-555555555555"
    assert posted.headers["content-type"] == "application/json"
    assert posted.json == {
        "event": {"a": 1},
        "id": "11111111-2222-3333-4444-555555555555",
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "left": True,
        "client": {"k": "v"},
        "identity": None,
    }


def test_many_events_travel_over_one_connection(start: Start) -> None:
    platform = start("def handler(event, context): return event")
    for number in range(50):
        posted = platform.invoke(number)
        assert posted is not None
        assert posted.json == number
    assert platform.connections == 1


def test_a_server_that_closes_after_each_answer_is_met_again(start: Start) -> None:
    platform = start("def handler(event, context): return event", close_each=True)
    assert [posted.json for number in range(3) if (posted := platform.invoke(number))] == [0, 1, 2]
    assert platform.connections == 6


def test_large_events_and_results_arrive_whole(start: Start) -> None:
    platform = start("def handler(event, context): return event[::-1]")
    text = "0123456789" * 600_000
    posted = platform.invoke(text)
    assert posted is not None
    assert posted.json == text[::-1]


def test_bytes_and_non_ascii_results_are_sent_unchanged(start: Start) -> None:
    platform = start("def handler(event, context): return b'\\x00\\xff' if event else {'ü': '漢'}")
    raw = platform.invoke(True)
    assert raw is not None
    assert (raw.body, raw.headers["content-type"]) == (b"\x00\xff", "application/unknown")
    text = platform.invoke(False)
    assert text is not None
    assert text.body == '{"ü": "漢"}'.encode()


def test_before_python312_non_ascii_results_are_escaped(start: Start) -> None:
    platform = start("def handler(event, context): return 'ü'", AWS_EXECUTION_ENV="AWS_Lambda_python3.11")
    posted = platform.invoke(None)
    assert posted is not None
    assert posted.body == rb'"\u00fc"'


def test_an_exception_is_posted_with_the_handlers_own_frames_only(start: Start) -> None:
    platform = start(
        """
        def handler(event, context):
            raise ValueError("boom")
        """
    )
    posted = platform.invoke({})
    assert posted is not None
    assert posted.verb == "error"
    assert posted.headers["lambda-runtime-function-error-type"] == "ValueError"
    assert list(posted.json) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert posted.json["errorMessage"] == "boom"
    assert posted.json["requestId"] == posted.request_id
    [frame] = posted.json["stackTrace"]
    assert frame.endswith('app.py", line 3, in handler\n    raise ValueError("boom")\n')
    assert "[ERROR] ValueError: boom\rTraceback (most recent call last):\r\u00a0\u00a0File" in platform.output
    again = platform.invoke({})
    assert again is not None
    assert again.verb == "error", "the environment stays after an exception"


@pytest.mark.parametrize(
    ("files", "handler", "error_type", "message"),
    [
        ({}, "nope.handler", "Runtime.ImportModuleError", "Unable to import module 'nope': No module named 'nope'"),
        ({}, "app.nope", "Runtime.HandlerNotFound", "Handler 'nope' missing on module 'app'"),
        ({}, "app", "Runtime.MalformedHandlerName", "Bad handler 'app': not enough values to unpack"),
        ({"bad.py": "def handler(:"}, "bad.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'bad'"),
        ({}, "sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
        ({"raises.py": "1 / 0"}, "raises.handler", "ZeroDivisionError", "division by zero"),
    ],
)
def test_a_start_that_fails_is_reported_as_init_error(
    start: Start, files: dict[str, str], handler: str, error_type: str, message: str
) -> None:
    platform = start(handler=handler, files=files)
    posted = platform.call()
    assert posted is not None
    assert posted.verb == "init/error"
    assert posted.json["errorType"] == posted.headers["lambda-runtime-function-error-type"] == error_type
    assert posted.json["errorMessage"].startswith(message)
    assert posted.json["requestId"] == ""
    platform.answer("202 Accepted", b"{}", {})
    assert platform.ended() == 1


def test_a_result_that_is_too_large_is_logged_and_survived(start: Start) -> None:
    platform = start("def handler(event, context): return event")
    assert platform.invoke(1, accept="413 Request Entity Too Large") is not None
    posted = platform.invoke(2)
    assert posted is not None
    assert posted.json == 2
    assert "LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413." in platform.output


def test_any_other_refusal_of_a_result_ends_the_process(start: Start) -> None:
    platform = start("def handler(event, context): return event")
    platform.invoke(1, accept="500 Internal Server Error")
    assert platform.ended() == 1
    assert "RuntimeError: Failed to post invocation response" in platform.output


def test_a_memory_error_of_the_interpreter_kills_the_process_after_its_output(start: Start) -> None:
    platform = start(
        """
        import sys
        def handler(event, context):
            print("before", end="")
            raise MemoryError
        """
    )
    assert platform.invoke({}) is None
    assert platform.ended() == -9
    assert platform.output.startswith("before")


def test_a_memory_error_while_the_module_loads_kills_the_process_too(start: Start) -> None:
    platform = start("raise MemoryError")
    assert platform.call() is None
    assert platform.ended() == -9


def test_a_memory_error_of_the_users_own_is_an_error_like_any_other(start: Start) -> None:
    platform = start("def handler(event, context): raise MemoryError('mine')")
    posted = platform.invoke({})
    assert posted is not None
    assert posted.json["errorMessage"] == "mine"


@pytest.mark.parametrize(("code", "status"), [("0", 0), ("3", 3), ("None", 0), ("'text'", 1), ("256 + 7", 7)])
def test_exit_in_a_handler_ends_the_process_with_its_status(start: Start, code: str, status: int) -> None:
    platform = start(f"def handler(event, context): exit({code})")
    assert platform.invoke({}) is None
    assert platform.ended() == status


def test_handlers_of_atexit_and_running_threads_are_waited_for(start: Start) -> None:
    platform = start(
        """
        import atexit, sys, threading, time
        atexit.register(print, "last words")
        def handler(event, context):
            threading.Thread(target=lambda: (time.sleep(0.05), print("thread done"))).start()
            sys.exit(0)
        """
    )
    assert platform.invoke({}) is None
    assert platform.ended() == 0
    assert platform.output == "thread done\nlast words\n"


def test_the_search_path_is_code_layers_libraries_standard_library(start: Start, tmp_path: Path) -> None:
    platform = start("import sys\ndef handler(event, context): return sys.path")
    posted = platform.invoke({})
    assert posted is not None
    minor = sys.version_info.minor
    assert posted.json[:3] == [str(tmp_path), f"/opt/python/lib/python3.{minor}/site-packages", "/opt/python"]
    assert Path(posted.json[3]).parent == settings.LAMBDAPLAY_HOME.libraries
    assert not [path for path in posted.json if "site-packages" in path and not path.startswith("/opt/")]


def test_a_package_bundled_with_the_code_wins_over_the_runtimes(start: Start) -> None:
    platform = start(
        "import boto3, simplejson\ndef handler(event, context): return [boto3.MINE, simplejson.MINE]",
        files={"boto3.py": "MINE = 1", "simplejson.py": "MINE = 2"},
    )
    posted = platform.invoke({})
    assert posted is not None
    assert posted.json == [1, 2]


def test_json_log_format_is_obeyed(start: Start) -> None:
    platform = start(
        "import logging\ndef handler(event, context): logging.warning('look')",
        AWS_LAMBDA_LOG_FORMAT="JSON",
    )
    assert platform.invoke({}) is not None
    assert '"level": "WARNING", "message": "look"' in platform.output


def test_a_default_socket_timeout_of_the_handler_does_not_reach_the_runtime_connection(start: Start) -> None:
    platform = start("import socket\nsocket.setdefaulttimeout(0.05)\ndef handler(event, context): return event")
    first = platform.call()
    assert first is not None
    with pytest.raises(Exception, match="timed out"):
        platform.process.wait(0.3)
    platform.answer("200 OK", b"{}", {"Lambda-Runtime-Aws-Request-Id": "r", "Lambda-Runtime-Deadline-Ms": "1"})
    posted = platform.call()
    assert posted is not None
    assert posted.verb == "response"


def test_events_in_chunks_are_put_together(start: Start) -> None:
    platform = start("def handler(event, context): return event")
    assert platform.call() is not None
    head = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert platform._asking is not None
    platform._asking.sendall(head + b'4\r\n"abc\r\n')
    platform._asking.sendall(b'3;x=y\r\nde"\r\n0\r\n\r\n')
    posted = platform.call()
    assert posted is not None
    assert posted.json == "abcde"
