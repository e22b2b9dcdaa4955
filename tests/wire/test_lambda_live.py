"""Lambda through boto3 and the AWS CLI, against the running house."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import subprocess
import sys
import threading
import uuid
import zipfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from tests.house import SOON, House
from tests.wire.asking import signed

ROLE = "arn:aws:iam::000000000000:role/any"
SOURCE = """
import json, os, boto3

def handler(event, context):
    print("hello log")
    if event.get("raise"):
        raise ValueError("boom")
    if event.get("who"):
        return boto3.client("sts").get_caller_identity()["Arn"]
    if event.get("call"):
        answer = boto3.client("lambda").invoke(FunctionName=event["call"], Payload=b'{"nested": true}')
        return json.loads(answer["Payload"].read())
    if event.get("context"):
        return {"client": context.client_context.custom, "arn": context.invoked_function_arn}
    return {"event": event, "id": context.aws_request_id}
"""


def package(source: str = SOURCE) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), source)  # always the same date: always the same bytes
    return file.getvalue()


def runtime() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def api(live: House) -> Any:
    return live.client("lambda")


def create(api: Any, name: str, **more: Any) -> dict[str, Any]:
    arguments = {"Runtime": runtime(), "Role": ROLE, "Handler": "app.handler", "Code": {"ZipFile": package()}}
    answer: dict[str, Any] = api.create_function(FunctionName=name, **{**arguments, **more})
    api.get_waiter("function_active_v2").wait(FunctionName=name)
    return answer


@pytest.fixture(scope="module")
def function(api: Any) -> Iterator[str]:
    name = f"wire-{uuid.uuid4().hex[:8]}"
    create(api, name, Timeout=20, MemorySize=256)
    yield name
    api.delete_function(FunctionName=name)


def refused(call: Any, **arguments: Any) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value


def test_create_answers_a_pending_configuration_and_get_an_active_one(api: Any) -> None:
    name = f"wire-{uuid.uuid4().hex[:8]}"
    created = create(api, name, Environment={"Variables": {}}, Tags={"team": "a"}, Description="d")
    metadata = created.pop("ResponseMetadata")
    assert metadata["HTTPStatusCode"] == 201
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert {key: created[key] for key in ("FunctionName", "FunctionArn", "Version", "State", "StateReasonCode")} == {
        "FunctionName": name,
        "FunctionArn": arn,
        "Version": "$LATEST",
        "State": "Pending",
        "StateReasonCode": "Creating",
    }
    assert "LastUpdateStatus" not in created
    assert created["Environment"] == {"Variables": {}}
    got = api.get_function(FunctionName=name, Qualifier="$LATEST")
    assert got["Configuration"]["FunctionArn"] == f"{arn}:$LATEST"
    assert (got["Configuration"]["State"], got["Configuration"]["LastUpdateStatus"]) == ("Active", "Successful")
    assert got["Configuration"]["RevisionId"] != created["RevisionId"]
    assert got["Tags"] == {"team": "a"}
    assert "Concurrency" not in got
    with urlopen(got["Code"]["Location"]) as download:
        assert download.read() == package()
    assert api.delete_function(FunctionName=name)["StatusCode"] == 204
    assert refused(api.get_function, FunctionName=name).response["Error"]["Code"] == "ResourceNotFoundException"


def test_lists_leave_states_out_and_qualify_versions(api: Any, function: str) -> None:
    published = api.publish_version(FunctionName=function)
    assert (published["Version"], published["ResponseMetadata"]["HTTPStatusCode"]) == ("1", 201)
    assert published["FunctionArn"].endswith(":1")
    plain = next(f for f in api.list_functions()["Functions"] if f["FunctionName"] == function)
    assert plain["FunctionArn"].endswith(f":{function}")
    assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & set(plain)
    versions = api.list_versions_by_function(FunctionName=function)["Versions"]
    assert [version["FunctionArn"].rsplit(":", 1)[1] for version in versions] == ["$LATEST", "1"]


def test_updates_are_in_progress_first_and_then_serve(api: Any) -> None:
    name = f"wire-{uuid.uuid4().hex[:8]}"
    create(api, name)
    changed = api.update_function_configuration(FunctionName=name, Timeout=9, Environment={"Variables": {"AB": "c"}})
    assert (changed["Timeout"], changed["Environment"]) == (9, {"Variables": {"AB": "c"}})
    assert (changed["State"], changed["LastUpdateStatus"]) == ("Active", "InProgress")
    assert changed["LastUpdateStatusReasonCode"] == "Creating"
    api.get_waiter("function_updated_v2").wait(FunctionName=name)
    settled = api.get_function_configuration(FunctionName=name)
    assert (settled["LastUpdateStatus"], settled["MemorySize"]) == ("Successful", 128)
    assert settled["RevisionId"] != changed["RevisionId"]
    stale = refused(api.update_function_configuration, FunctionName=name, RevisionId=changed["RevisionId"])
    assert stale.response["Error"]["Code"] == "PreconditionFailedException"
    code = package("def handler(event, context):\n    return 'second'\n")
    preview = api.update_function_code(FunctionName=name, ZipFile=code, DryRun=True)
    assert preview["CodeSha256"] != settled["CodeSha256"]
    assert api.get_function_configuration(FunctionName=name)["CodeSha256"] == settled["CodeSha256"]
    published = api.update_function_code(FunctionName=name, ZipFile=code, Publish=True)
    assert (published["Version"], published["FunctionArn"].endswith(":1")) == ("1", True)
    api.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig=SOON)
    api.get_waiter("function_updated_v2").wait(FunctionName=name)
    for qualifier in ("$LATEST", "1"):
        answer = api.invoke(FunctionName=name, Qualifier=qualifier)
        assert (answer["ExecutedVersion"], json.loads(answer["Payload"].read())) == (qualifier, "second")
    api.delete_function(FunctionName=name)


def test_aliases_come_and_go_with_their_weights(api: Any, function: str) -> None:
    api.publish_version(FunctionName=function)
    alias = api.create_alias(FunctionName=function, Name="live", FunctionVersion="1", Description="x")
    assert (alias["Name"], "RoutingConfig" in alias) == ("live", False)
    often = {"Delay": 1}
    api.get_waiter("published_version_active").wait(FunctionName=function, Qualifier="1", WaiterConfig=often)
    assert api.invoke(FunctionName=f"{function}:live")["ExecutedVersion"] == "1"
    assert api.get_function(FunctionName=function, Qualifier="live")["Configuration"]["FunctionArn"].endswith(":live")
    assert [row["Name"] for row in api.list_aliases(FunctionName=function)["Aliases"]] == ["live"]
    assert api.delete_alias(FunctionName=function, Name="live")["ResponseMetadata"]["HTTPStatusCode"] == 204
    missing = refused(api.get_alias, FunctionName=function, Name="live")
    assert missing.response["Error"]["Message"].startswith("Cannot find alias arn: ")


def test_concurrency_is_put_read_and_deleted(api: Any, function: str) -> None:
    assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName=function)
    api.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    assert api.get_function(FunctionName=function)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    throttled = refused(api.invoke, FunctionName=function)
    assert throttled.response["Error"]["Code"] == "TooManyRequestsException"
    assert throttled.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert throttled.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    answer = api.delete_function_concurrency(FunctionName=function)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName=function)


def test_account_settings_count_what_there_is(api: Any, function: str) -> None:
    settings = api.get_account_settings()
    assert settings["AccountLimit"]["CodeSizeZipped"] == 52_428_800
    assert settings["AccountUsage"]["FunctionCount"] >= 1
    assert settings["AccountUsage"]["TotalCodeSize"] >= len(package())


def test_an_invocation_answers_with_aws_s_headers(api: Any, function: str) -> None:
    answer = api.invoke(FunctionName=function, Payload=b'{"a": 1}', LogType="Tail")
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    body = json.loads(answer["Payload"].read())
    assert body == {"event": {"a": 1}, "id": headers["x-amzn-requestid"]}
    assert (answer["StatusCode"], answer["ExecutedVersion"], "FunctionError" in answer) == (200, "$LATEST", False)
    assert (headers["content-type"], headers["x-amzn-remapped-content-length"]) == ("application/json", "0")
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert f"START RequestId: {headers['x-amzn-requestid']} Version: $LATEST\n" in log
    assert "hello log\n" in log
    assert "x-amz-log-result" not in api.invoke(FunctionName=function)["ResponseMetadata"]["HTTPHeaders"]


def test_a_function_error_is_a_200_with_a_header(api: Any, function: str) -> None:
    answer = api.invoke(FunctionName=function, Payload=b'{"raise": 1}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "ValueError"


def test_a_dry_run_answers_204_and_nothing_else(api: Any, function: str) -> None:
    answer = api.invoke(FunctionName=function, InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read(), "ExecutedVersion" in answer) == (204, b"", False)


def test_client_context_reaches_the_function(api: Any, function: str) -> None:
    context = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
    answer = api.invoke(FunctionName=arn, ClientContext=context, Payload=b'{"context": 1}')
    assert json.loads(answer["Payload"].read()) == {"client": {"k": "v"}, "arn": arn}


@pytest.mark.parametrize(
    ("arguments", "code", "status", "text"),
    [
        ({"FunctionName": "nope"}, "ResourceNotFoundException", 404, ":function:nope:$LATEST"),
        ({"Qualifier": "77"}, "ResourceNotFoundException", 404, ":77"),
        ({"FunctionName": "*"}, "ValidationException", 400, "at 'functionName' failed to satisfy constraint"),
        ({"FunctionName": "my-fn:bad!"}, "ValidationException", 400, "Value 'bad!' at 'qualifier' failed to satisfy"),
        ({"FunctionName": "my-fn:" + "q" * 129}, "ValidationException", 400, "at 'qualifier'"),
        ({"FunctionName": "fn:1:2"}, "ValidationException", 400, "at 'functionName'"),
        (
            {"FunctionName": "!", "Qualifier": "!", "InvocationType": "x", "LogType": "y"},
            "ValidationException",
            400,
            "4 validation errors detected: ",
        ),
        (
            {"FunctionName": "arn:aws:lambda:eu-west-1:000000000000:function:fn"},
            "ResourceNotFoundException",
            404,
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
        ),
        ({"FunctionName": "fn:1", "Qualifier": "2"}, "InvalidParameterValueException", 400, "derived qualifier"),
        ({"TenantId": "t"}, "InvalidParameterValueException", 400, "X-Amz-Tenant-Id"),
        ({"Payload": b"{'a'}"}, "InvalidRequestContentException", 400, "Could not parse request body into json"),
        ({"Payload": b'{"a": NaN}'}, "InvalidRequestContentException", 400, "Could not parse request body into json"),
        ({"Payload": b"[" * 200_000}, "InvalidRequestContentException", 400, "Could not parse request body into json"),
        ({"Payload": b'"\xff"'}, "InvalidRequestContentException", 400, "Could not parse request body into json"),
        ({"ClientContext": "e30"}, "InvalidRequestContentException", 400, "valid Base64-encoded JSON object"),
        (
            {"Payload": b'"' + b"a" * 6_291_455 + b'"'},
            "RequestEntityTooLargeException",
            413,
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        ),
    ],
)
def test_what_cannot_be_invoked_is_refused_in_aws_s_words(
    api: Any, function: str, arguments: dict[str, Any], code: str, status: int, text: str
) -> None:
    error = refused(api.invoke, **{"FunctionName": function, **arguments}).response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert text in error["Error"]["Message"]


def test_the_largest_payload_passes(api: Any, function: str) -> None:
    payload = b'{"a":"' + b"x" * (6 * 1024 * 1024 - 8) + b'"}'
    assert len(payload) == 6 * 1024 * 1024
    answer = api.invoke(FunctionName=function, Payload=payload)
    assert json.loads(answer["Payload"].read())["event"] == json.loads(payload)


def test_code_inside_a_function_calls_back_under_its_own_name(api: Any, function: str) -> None:
    answer = api.invoke(FunctionName=function, Payload=b'{"who": 1}')
    assert json.loads(answer["Payload"].read()) == f"arn:aws:sts::000000000000:assumed-role/{function}/{function}"


def test_a_function_invokes_another(api: Any, function: str) -> None:
    answer = api.invoke(FunctionName=function, Payload=json.dumps({"call": function}).encode())
    assert json.loads(answer["Payload"].read())["event"] == {"nested": True}


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ({"Runtime": "cobol"}, "InvalidParameterValueException", "Value cobol at 'runtime' failed to satisfy"),
        ({"Timeout": 901, "MemorySize": 10241}, "ValidationException", "2 validation errors detected"),
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip uploaded file."),
        ({"VpcConfig": {"SubnetIds": ["subnet-0a"]}}, "InvalidParameterValueException", "VpcConfig"),
        ({"FunctionName": "x" * 65}, "InvalidParameterValueException", "less than or equal to 64"),
    ],
)
def test_what_cannot_be_created_is_refused_in_aws_s_words(
    api: Any, arguments: dict[str, Any], code: str, text: str
) -> None:
    given = {"FunctionName": "wire-bad", "Runtime": runtime(), "Role": ROLE, "Handler": "app.handler"}
    error = refused(api.create_function, **{**given, "Code": {"ZipFile": package()}, **arguments})
    assert error.response["Error"]["Code"] == code
    assert text in error.response["Error"]["Message"]
    assert refused(api.get_function, FunctionName="wire-bad").response["ResponseMetadata"]["HTTPStatusCode"] == 404


def raw(
    live: House, method: str, target: str, body: bytes, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", live.port, timeout=30)
    try:
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"Timeout": "x"}', b'{"a": NaN}', b"\xff", b"[" * 100_000, b'{"Timeout": 1e999}']
)
def test_a_management_body_that_cannot_be_read_is_a_serialization_exception(live: House, body: bytes) -> None:
    asked = signed("POST", "/2015-03-31/functions", body, {"Host": f"127.0.0.1:{live.port}"})
    status, headers, answer = raw(live, "POST", asked.target, body, asked.headers)
    assert (status, headers["x-amzn-errortype"]) == (400, "SerializationException")
    assert json.loads(answer)["Message"]


def test_a_stranger_with_a_large_body_hears_the_refusal(live: House) -> None:
    asked = signed("POST", "/2015-03-31/functions", b"", {"Host": f"127.0.0.1:{live.port}"})
    asked.headers["Authorization"] = asked.headers["Authorization"].replace("Credential=test/", "Credential=AKIAX/")
    status, headers, _ = raw(live, "POST", asked.target, b"x" * 30_000_000, asked.headers)
    assert (status, headers["x-amzn-errortype"]) == (403, "UnrecognizedClientException")


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"5\r\n{}"])
def test_broken_http_chunks_are_no_failure_of_ours(live: House, function: str, chunks: bytes) -> None:
    asked = signed("POST", f"/2015-03-31/functions/{function}/invocations", b"{}", {"Host": f"127.0.0.1:{live.port}"})
    lines = [f"{name}: {value}" for name, value in asked.headers.items() if name.lower() != "content-length"]
    head = "\r\n".join([f"POST {asked.target} HTTP/1.1", *lines, "Transfer-Encoding: chunked", "", ""])
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as connection:
        connection.sendall(head.encode() + chunks)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 4"), answer


def test_calls_of_one_second_run_side_by_side(live: House, api: Any) -> None:
    name = f"wire-{uuid.uuid4().hex[:8]}"
    source = "import time\ndef handler(event, context):\n    at = time.time()\n    time.sleep(1)\n    return at\n"
    create(api, name, Code={"ZipFile": package(source)}, Timeout=20)
    started: list[float] = []

    def call() -> None:
        started.append(json.loads(live.client("lambda").invoke(FunctionName=name)["Payload"].read()))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    api.delete_function(FunctionName=name)
    assert len(started) == 8 and max(started) < min(started) + 1


def test_the_aws_cli_creates_invokes_and_deletes(live: House, tmp_path: Path) -> None:
    cli = Path(sys.executable).with_name("aws")
    if not cli.exists():
        pytest.skip("the AWS CLI is not installed")
    for file, content in (("code.zip", package()), ("in.json", b"{}")):
        (tmp_path / file).write_bytes(content)
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": live.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
        "HOME": str(tmp_path),
    }

    def aws(*arguments: str) -> Any:
        done = subprocess.run(
            [str(cli), "lambda", *arguments, "--output", "json"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    name = f"wire-{uuid.uuid4().hex[:8]}"
    create_it = ("create-function", "--function-name", name, "--runtime", runtime(), "--role", ROLE)
    assert aws(*create_it, "--handler", "app.handler", "--zip-file", "fileb://code.zip")["State"] == "Pending"
    aws("wait", "function-active-v2", "--function-name", name)
    shown = aws("invoke", "--function-name", name, "--payload", "fileb://in.json", "--log-type", "Tail", "out.json")
    assert (shown["StatusCode"], shown["ExecutedVersion"]) == (200, "$LATEST")
    assert "REPORT RequestId" in base64.b64decode(shown["LogResult"]).decode()
    assert json.loads((tmp_path / "out.json").read_text())["event"] == {}
    aws("delete-function", "--function-name", name)


def test_botocore_s_own_paginators_work(api: Any, function: str) -> None:
    pages = api.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    names = [row["FunctionName"] for page in pages for row in page["Functions"]]
    assert function in names
    assert len(names) == len(set(names))
