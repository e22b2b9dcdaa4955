"""Our Node runtime client, as a real process against a real Runtime API."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.runtime.clients.conftest import Start, needs_node

pytestmark = needs_node

ECHO = "exports.handler = async (event) => event;"


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"index.js": ECHO}, "index.handler"),
        ({"index.cjs": ECHO}, "index.handler"),
        ({"index.mjs": "export const handler = async (event) => event;"}, "index.handler"),
        (
            {"index.js": "export const handler = async (event) => event;", "package.json": '{"type":"module"}'},
            "index.handler",
        ),
        ({"src/app.js": "exports.deep = { handler: async (event) => event };"}, "src/app.deep.handler"),
        ({"index.js": "exports.handler = (event, context, callback) => callback(null, event);"}, "index.handler"),
        ({"index.js": "exports.handler = (event, context) => context.succeed(event);"}, "index.handler"),
        ({"index.js": "exports.handler = (event, context) => context.done(null, event);"}, "index.handler"),
    ],
)
def test_every_form_of_handler_returns_its_result(start: Start, files: dict[str, str], handler: str) -> None:
    platform = start(files, handler)
    posted = platform.invoke({"a": ["ü", 1]})
    assert posted is not None
    assert (posted.verb, posted.json) == ("response", {"a": ["ü", 1]})
    assert posted.headers["content-type"] == "application/json"


def test_the_context_carries_what_the_event_and_the_environment_say(start: Start) -> None:
    platform = start(
        {
            "index.js": """
            exports.handler = async (event, context) => ({
              ...context, left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID });
            """
        },
        AWS_LAMBDA_FUNCTION_NAME="f",
        AWS_LAMBDA_FUNCTION_VERSION="3",
        AWS_LAMBDA_LOG_GROUP_NAME="g",
        AWS_LAMBDA_LOG_STREAM_NAME="s",
    )
    posted = platform.invoke({}, Lambda_Runtime_Client_Context='{"custom":{"k":"v"}}')
    assert posted is not None
    context = posted.json
    assert 0 < context.pop("left") <= 3000
    assert context == {
        "callbackWaitsForEmptyEventLoop": True,
        "functionVersion": "3",
        "functionName": "f",
        "memoryLimitInMB": "128",
        "logGroupName": "g",
        "logStreamName": "s",
        "clientContext": {"custom": {"k": "v"}},
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "awsRequestId": "11111111-2222-3333-4444-555555555555",
        "trace": "Root=1-5759e988-bd862e3fe1be46a994272793",
    }


def test_nothing_returned_is_null(start: Start) -> None:
    platform = start({"index.js": "exports.handler = async () => {};"})
    posted = platform.invoke({})
    assert posted is not None
    assert posted.body == b"null"


def test_a_handler_that_never_answers_ends_as_null_when_the_event_loop_is_empty(start: Start) -> None:
    platform = start({"index.js": "exports.handler = async (event) => event ? new Promise(() => {}) : 'answered';"})
    never, answered = platform.invoke(True), platform.invoke(False)
    assert never is not None
    assert answered is not None
    assert (never.body, answered.json) == (b"null", "answered")


def test_a_callback_waits_for_the_event_loop_unless_told_not_to(start: Start) -> None:
    platform = start(
        {
            "index.js": """
            let ran = false;
            exports.handler = (waits, context, callback) => {
              ran = false;
              context.callbackWaitsForEmptyEventLoop = waits;
              setTimeout(() => { ran = true; console.log("timer ran"); }, 200);
              callback(null, "answer");
            };
            """
        }
    )
    assert platform.invoke(False) is not None
    assert "timer ran" not in platform.output
    assert platform.invoke(True) is not None
    assert "timer ran" in platform.output


def test_callbacks_are_refused_by_nodejs24(start: Start) -> None:
    platform = start(
        {"index.js": "exports.handler = (event, context, callback) => callback(null, 1);"},
        AWS_EXECUTION_ENV="AWS_Lambda_nodejs24.x",
    )
    posted = platform.call()
    assert posted is not None
    assert posted.json["errorType"] == "Runtime.CallbackHandlerDeprecated"


@pytest.mark.parametrize(
    ("body", "error_type", "message"),
    [
        ("async () => { throw new TypeError('boom'); }", "TypeError", "boom"),
        ("() => { throw new RangeError('sync'); }", "RangeError", "sync"),
        ("(e, c, callback) => callback(new Error('called back'))", "Error", "called back"),
        ("(e, context) => context.fail('text')", "string", "text"),
        ("async () => { throw 'text'; }", "string", "text"),
        ("async () => { const a = {}; a.a = a; return a; }", "Error", "Unable to stringify response body"),
        ("async () => 1n", "Error", "Unable to stringify response body"),
    ],
)
def test_errors_are_posted_and_the_environment_stays(start: Start, body: str, error_type: str, message: str) -> None:
    platform = start({"index.js": f"exports.handler = {body};"})
    posted = platform.invoke({})
    assert posted is not None
    assert posted.verb == "error"
    assert list(posted.json) == ["errorType", "errorMessage", "trace"]
    assert (posted.json["errorType"], posted.json["errorMessage"]) == (error_type, message)
    if error_type == "string":
        assert posted.json["trace"] == []
    else:
        assert posted.json["trace"][0] == f"{error_type}: {message}"
    assert f'\tERROR\tInvoke Error \t{{"errorType":"{error_type}"' in platform.output
    again = platform.invoke({})
    assert again is not None
    assert again.verb == "error"


@pytest.mark.parametrize(
    ("body", "error_type", "message", "status"),
    [
        ("Promise.reject(new Error('lost'))", "Runtime.UnhandledPromiseRejection", "Error: lost", 128),
        ("setImmediate(() => { throw new Error('loose'); })", "Error", "loose", 129),
    ],
)
def test_what_nobody_catches_fails_the_event_and_ends_the_process(
    start: Start, body: str, error_type: str, message: str, status: int
) -> None:
    platform = start(
        {"index.js": f"exports.handler = () => new Promise(() => {{ {body}; setTimeout(() => {{}}, 5000); }});"}
    )
    posted = platform.invoke({})
    assert posted is not None
    assert (posted.verb, posted.json["errorType"], posted.json["errorMessage"]) == ("error", error_type, message)
    assert platform.ended() == status


@pytest.mark.parametrize(
    ("files", "handler", "error_type", "message"),
    [
        ({}, "nope.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'nope'\nRequire stack:"),
        (
            {"index.js": "require('absent')"},
            "index.handler",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'absent'",
        ),
        ({"index.js": ECHO}, "index.nope", "Runtime.HandlerNotFound", "index.nope is undefined or not exported"),
        (
            {"index.js": "exports.handler = 1"},
            "index.handler",
            "Runtime.HandlerNotFound",
            "index.handler is not a function",
        ),
        (
            {"index.js": "exports.handler = ("},
            "index.handler",
            "Runtime.UserCodeSyntaxError",
            "SyntaxError: Unexpected end of input",
        ),
        ({"index.mjs": "export const = 1"}, "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
        ({}, "index", "Runtime.MalformedHandlerName", "Bad handler"),
        ({}, "../index.handler", "Runtime.MalformedHandlerName", "'../index.handler' is not a valid handler name."),
        ({"index.js": "null.x"}, "index.handler", "TypeError", "Cannot read properties of null"),
    ],
)
def test_a_start_that_fails_is_reported_as_init_error(
    start: Start, files: dict[str, str], handler: str, error_type: str, message: str
) -> None:
    platform = start(files, handler)
    posted = platform.call()
    assert posted is not None
    assert posted.verb == "init/error"
    assert posted.headers["lambda-runtime-function-error-type"] == posted.json["errorType"] == error_type
    assert posted.json["errorMessage"].startswith(message)
    platform.answer("202 Accepted", b"{}", {})
    assert platform.ended() != 0


def test_console_lines_carry_time_request_id_and_level_and_stay_one_event(start: Start) -> None:
    platform = start(
        {
            "index.js": """
            console.log("in init");
            exports.handler = async () => { console.log("two\\nlines", { a: 1 }); console.error("bad"); };
            """
        }
    )
    assert platform.invoke({}) is not None
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    request = "11111111-2222-3333-4444-555555555555"
    first, second, third = platform.output.split("\n")[:3]
    assert re.fullmatch(rf"{time}\tundefined\tINFO\tin init", first)
    assert re.fullmatch(rf"{time}\t{request}\tINFO\ttwo\rlines {{ a: 1 }}", second)
    assert re.fullmatch(rf"{time}\t{request}\tERROR\tbad", third)


def test_json_logging_and_its_level_are_obeyed(start: Start) -> None:
    platform = start(
        {"index.js": "exports.handler = async () => { console.info('quiet'); console.warn('look'); };"},
        AWS_LAMBDA_LOG_FORMAT="JSON",
        AWS_LAMBDA_LOG_LEVEL="WARN",
    )
    assert platform.invoke({}) is not None
    assert '"level":"WARN"' in platform.output
    assert '"message":"look"' in platform.output
    assert "quiet" not in platform.output


@pytest.mark.parametrize("form", ["cjs", "mjs"])
def test_modules_on_node_path_are_found_by_both_module_systems(start: Start, tmp_path: Path, form: str) -> None:
    shared = tmp_path / "shared" / "@aws-sdk" / "client-x"
    shared.mkdir(parents=True)
    (shared / "package.json").write_text('{"name":"@aws-sdk/client-x","main":"index.js"}')
    (shared / "index.js").write_text("exports.name = 'found';")
    sources = {
        "cjs": "const { name } = require('@aws-sdk/client-x'); exports.handler = async () => name;",
        "mjs": "import { name } from '@aws-sdk/client-x'; export const handler = async () => name;",
    }
    platform = start({f"task/index.{form}": sources[form]}, "task/index.handler", NODE_PATH=str(tmp_path / "shared"))
    posted = platform.invoke({})
    assert posted is not None
    assert posted.json == "found", platform.output


def test_many_and_large_events_travel_over_one_connection(start: Start) -> None:
    platform = start({"index.js": ECHO})
    for event in (*range(20), "x" * 3_000_000, 1):
        posted = platform.invoke(event)
        assert posted is not None
        assert posted.json == event
    assert platform.connections == 1


def test_a_server_that_closes_after_each_answer_is_met_again(start: Start) -> None:
    platform = start({"index.js": ECHO}, close_each=True)
    for event in (1, 2):
        posted = platform.invoke(event)
        assert posted is not None
        assert posted.json == event


def test_a_result_that_is_too_large_is_logged_and_survived(start: Start) -> None:
    platform = start({"index.js": ECHO})
    assert platform.invoke(1, accept="413 Request Entity Too Large") is not None
    posted = platform.invoke(2)
    assert posted is not None
    assert posted.json == 2
    assert "Http response code: 413." in platform.output
