"""Streamed answers through the running house: boto3's event stream, function URLs, and what is written about them."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invocations.runtime import runtimes
from tests.house import SOON, House
from tests.runtime.hosts import until
from tests.streams import BOOTSTRAP, ERROR, Gate, query
from tests.wire.test_function_urls import allow, ask, ask_record, url_id
from tests.wire.test_lambda_live import create, package

NODE = r"""
import net from "node:net";
import { once } from "node:events";
const doing = async (event, stream) => {
  const asked = new URLSearchParams(event.rawQueryString);
  if (asked.get("kind") === "meta") {
    const metadata = { statusCode: 418, headers: { "x-tea": "pot" }, cookies: ["a=1", "b=2"] };
    stream = awslambda.HttpResponseStream.from(stream, metadata);
  } else {
    stream.setContentType("text/plain");
  }
  stream.write("first");
  if (asked.has("port")) await once(net.connect(asked.get("port"), "127.0.0.1"), "data");
  if (asked.get("end") === "error") throw Object.assign(new Error("halfway"), { name: "My.Error" });
  stream.write("second");
  stream.end();
};
export const handler = awslambda.streamifyResponse(doing);
"""
FILES = {"provided.al2023": ("bootstrap", BOOTSTRAP), "nodejs22.x": ("index.mjs", NODE)}
HEADER = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=FILES)
def streamer(request: pytest.FixtureRequest, live: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A function that writes "first", and "second" when it may; in the machine's network, to reach the gate."""
    if runtimes.unrunnable(request.param) is not None:
        pytest.skip(f"this machine cannot run {request.param}")
    yield from _made(live, tmp_path_factory.mktemp("streamer"), request.param)


@pytest.fixture(scope="module")
def bash(live: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same in bash, which can be told to go wrong in more ways, and has a second for it."""
    yield from _made(live, tmp_path_factory.mktemp("bash"), "provided.al2023", "--timeout", "1")


def _made(live: House, folder: Path, runtime: str, *more: str) -> Iterator[str]:
    file, source = FILES[runtime]
    (folder / file).write_text(source)
    (folder / file).chmod(0o755)
    name = f"stream-{uuid.uuid4().hex[:8]}"
    options = ("--code", str(folder), "--runtime", runtime, "--handler", "index.handler", "--network", "host")
    timeout = more or ("--timeout", "30")
    done = live.manage("create_function", name, *options, *timeout)
    assert done.returncode == 0, done.stderr
    yield name
    live.client("lambda").delete_function(FunctionName=name)
    shutil.rmtree(folder)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.close()


@pytest.fixture
def url(live: House) -> Iterator[Callable[[str], str]]:
    """Give a function a URL that streams; its id."""
    client, named = live.client("lambda"), []

    def make(name: str) -> str:
        named.append(name)
        allow(client, name)
        answer = client.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
        assert answer["InvokeMode"] == "RESPONSE_STREAM"
        return url_id(answer["FunctionUrl"])

    yield make
    for name in named:
        client.delete_function_url_config(FunctionName=name)
        for statement in ("url", "invoke"):
            client.remove_permission(FunctionName=name, StatementId=statement)


def invoke(live: House, name: str, **told: object) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    answer = live.client("lambda").invoke_with_response_stream(
        FunctionName=name, Payload=json.dumps(query(**told)), LogType="Tail"
    )
    return answer, iter(answer["EventStream"])


def payload(events: list[dict[str, Any]]) -> bytes:
    return b"".join(event["PayloadChunk"]["Payload"] for event in events)


def test_boto3_gets_what_is_written_before_the_function_ends(live: House, streamer: str, gate: Gate) -> None:
    answer, events = invoke(live, streamer, port=gate.port)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert (headers["x-amzn-remapped-content-type"], headers["transfer-encoding"]) == ("text/plain", "chunked")
    assert next(events) == {"PayloadChunk": {"Payload": b"first"}}
    gate.open()
    *rest, complete = list(events)
    assert payload(rest) == b"second"
    request_id = answer["ResponseMetadata"]["RequestId"]
    # The row is there when the last event is.
    assert ask_record(live, request_id)["state"] == "SUCCEEDED"
    assert list(complete["InvokeComplete"]) == ["LogResult"]
    log = base64.b64decode(complete["InvokeComplete"]["LogResult"]).decode()
    assert log.startswith(f"START RequestId: {request_id}") or "INIT_START" in log
    assert f"REPORT RequestId: {request_id}" in log


def test_an_error_in_the_middle_is_told_at_the_end(live: House, streamer: str) -> None:
    answer, events = invoke(live, streamer, end="error")
    *rest, complete = list(events)
    assert payload(rest) == b"first"
    told = complete["InvokeComplete"]
    assert told["ErrorCode"] == "My.Error"
    assert ERROR.items() <= json.loads(told["ErrorDetails"]).items()
    assert ask_record(live, answer["ResponseMetadata"]["RequestId"])["state"] == "FAILED"


@pytest.mark.parametrize(
    ("end", "code", "text"),
    [
        ("hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("exit", "Runtime.TruncatedResponse", "Runtime exited with error: exit status 3"),
    ],
)
def test_what_breaks_off_is_told_too(live: House, bash: str, end: str, code: str, text: str) -> None:
    answer, events = invoke(live, bash, end=end)
    *rest, complete = list(events)
    assert payload(rest) == b"first"
    assert complete["InvokeComplete"]["ErrorCode"] == code
    assert text in json.loads(complete["InvokeComplete"]["ErrorDetails"])["errorMessage"]
    assert ask_record(live, answer["ResponseMetadata"]["RequestId"])["state"] == "FAILED"


@pytest.fixture(scope="module")
def python(live: House) -> Iterator[str]:
    api, name = live.client("lambda"), f"stream-{uuid.uuid4().hex[:8]}"
    create(api, name, Code={"ZipFile": package("def handler(event, context):\n    return event['give']\n")})
    yield name
    api.delete_function(FunctionName=name)


def test_a_buffered_function_is_answered_in_one_chunk(live: House, python: str) -> None:
    client = live.client("lambda")
    answer = client.invoke_with_response_stream(FunctionName=python, Payload=b'{"give": [1]}')
    assert list(answer["EventStream"]) == [{"PayloadChunk": {"Payload": b"[1]"}}, {"InvokeComplete": {}}]
    failed = client.invoke_with_response_stream(FunctionName=python, Payload=b"{}")
    (complete,) = list(failed["EventStream"])
    assert complete["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(complete["InvokeComplete"]["ErrorDetails"])["errorType"] == "KeyError"


def test_a_dry_run_runs_nothing(live: House, python: str) -> None:
    answer = live.client("lambda").invoke_with_response_stream(FunctionName=python, InvocationType="DryRun")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert "ExecutedVersion" not in answer
    assert list(answer["EventStream"]) == []


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        ({"FunctionName": "no-such"}, 404, "ResourceNotFoundException"),
        ({"FunctionName": "no such"}, 400, "ValidationException"),
        ({"InvocationType": "Event"}, 400, "ValidationException"),
        ({"Payload": b"{"}, 400, "InvalidRequestContentException"),
        ({"Payload": b" " * 6_291_457}, 413, "RequestEntityTooLargeException"),
        ({"TenantId": "t"}, 400, "InvalidParameterValueException"),
        ({"Qualifier": "9"}, 404, "ResourceNotFoundException"),
    ],
)
def test_what_cannot_be_served_is_an_ordinary_error(
    live: House, python: str, arguments: dict[str, Any], status: int, code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        live.client("lambda").invoke_with_response_stream(**{"FunctionName": python, **arguments})
    response = caught.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (status, code)


def test_a_throttled_call_is_refused_before_the_stream(live: House, python: str) -> None:
    client = live.client("lambda")
    client.put_function_concurrency(FunctionName=python, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(ClientError, match="Rate Exceeded"):
            client.invoke_with_response_stream(FunctionName=python, Payload=b"{}")
    finally:
        client.delete_function_concurrency(FunctionName=python)


def test_a_plain_call_of_a_streaming_function_gets_it_all(live: House, streamer: str) -> None:
    client = live.client("lambda")
    whole = client.invoke(FunctionName=streamer, Payload=json.dumps(query()))
    assert (whole["Payload"].read(), whole.get("FunctionError")) == (b"firstsecond", None)
    failed = client.invoke(FunctionName=streamer, Payload=json.dumps(query(end="error")))
    assert failed["FunctionError"] == "Unhandled"
    assert ERROR.items() <= json.loads(failed["Payload"].read()).items()


def test_a_url_streams_what_is_written_with_status_headers_and_cookies(
    live: House, streamer: str, gate: Gate, url: Callable[[str], str]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)
    connection.request("GET", f"/_lambdaplay/url/{url(streamer)}/?port={gate.port}&kind=meta")
    answer = connection.getresponse()
    assert (answer.status, answer.msg["x-tea"], answer.msg["transfer-encoding"]) == (418, "pot", "chunked")
    assert answer.msg.get_all("set-cookie") == ["a=1", "b=2"]
    assert answer.msg["content-type"] == "application/octet-stream"
    assert answer.read1() == b"first"
    gate.open()
    assert answer.read() == b"second"
    assert ask_record(live, answer.msg["x-amzn-RequestId"])["state"] == "SUCCEEDED"
    connection.request("GET", "/healthz")  # the connection goes on
    assert connection.getresponse().status == 200
    connection.close()


def test_a_url_passes_the_function_s_content_type_on(live: House, streamer: str, url: Callable[[str], str]) -> None:
    status, headers, body = ask(live, url(streamer))
    assert (status, headers["content-type"], body) == (200, "text/plain", b"firstsecond")


def test_a_failure_in_the_middle_breaks_the_answer_off(live: House, bash: str, url: Callable[[str], str]) -> None:
    called = url(bash)
    with closing(http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)) as connection:
        connection.request("GET", f"/_lambdaplay/url/{called}/?end=error")
        with closing(connection.getresponse()) as answer, pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
    assert caught.value.partial == b"first"
    for early in ("/?end=early", "/?end=mode"):
        status, headers, body = ask(live, called, early)
        assert (status, body, headers["content-type"]) == (502, b"Internal Server Error", "text/plain")


def test_the_function_goes_on_when_its_client_has_gone(
    live: House, streamer: str, gate: Gate, url: Callable[[str], str]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)
    connection.request("GET", f"/_lambdaplay/url/{url(streamer)}/?port={gate.port}")
    answer = connection.getresponse()
    assert answer.read1() == b"first"
    answer.close()
    connection.close()
    gate.open()
    request_id = answer.msg["x-amzn-RequestId"]
    record = until(lambda: (found := ask_record(live, request_id)).get("state") and found, 20)
    assert record["state"] == "SUCCEEDED"


def test_a_buffered_function_behind_a_streaming_url(live: House, python: str, url: Callable[[str], str]) -> None:
    """As on AWS: what it returns is the body, whatever it says of statusCode."""
    called = url(python)
    assert ask(live, called)[0] == 502  # the event of a URL has nothing to give
    client = live.client("lambda")
    client.update_function_code(
        FunctionName=python,
        ZipFile=package("def handler(event, context):\n    return {'statusCode': 201, 'body': 'b'}\n"),
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=python, WaiterConfig=SOON)
    status, headers, body = ask(live, called)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {"statusCode": 201, "body": "b"}
    client.update_function_url_config(FunctionName=python, InvokeMode="BUFFERED")
    assert (ask(live, called)[0], ask(live, called)[2]) == (201, b"b")


def test_invoke_async_accepts(live: House, python: str) -> None:
    assert live.client("lambda").invoke_async(FunctionName=python, InvokeArgs=b'{"give": 1}')["Status"] == 202
