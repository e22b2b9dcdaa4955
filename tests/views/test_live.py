"""`/functions/<name>/invoke/` in the running house."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.house import SOON, House

CODE = """
def handler(event, context):
    print("saw", sorted(event))
    if event.get("fail"):
        raise ValueError("asked to fail")
    return event
"""


@pytest.fixture(scope="module")
def echo(live: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("echo")
    (folder / "app.py").write_text(CODE)
    made = live.manage("create_function", "views-echo", "--code", str(folder))
    assert made.returncode == 0, made.stderr
    return "views-echo"


def _send(live: House, place: str, document: Any = None) -> tuple[int, Any]:
    key = base64.b64encode(b"test:test").decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    body = None if document is None else json.dumps(document).encode()
    try:
        with urlopen(Request(live.url + place, body, headers), timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


def test_a_submission_runs_and_its_record_tells_the_same(live: House, echo: str) -> None:
    status, answer = _send(live, f"/functions/{echo}/invoke/", {"payload": {"n": [1, "ü"]}, "log_type": "Tail"})
    assert status == 200
    assert (answer["status_code"], answer["function_error"], answer["executed_version"]) == (200, None, "$LATEST")
    assert answer["payload"] == {"n": [1, "ü"]}
    assert "saw ['n']" in answer["log"]
    status, record = _send(live, f"/_lambdaplay/invocations/{answer['request_id']}")
    assert status == 200
    assert (record["state"], record["condition"], len(record["attempts"])) == ("SUCCEEDED", "Success", 1)


def test_a_failing_function_is_an_answer_not_an_error(live: House, echo: str) -> None:
    status, answer = _send(live, f"/functions/{echo}/invoke/", {"payload": {"fail": True}})
    assert (status, answer["status_code"], answer["function_error"]) == (200, 200, "Unhandled")
    assert answer["payload"]["errorType"] == "ValueError"
    assert answer["log"] is None


def test_an_arn_names_the_function_too(live: House, echo: str) -> None:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{echo}:$LATEST"
    assert _send(live, f"/functions/{arn}/invoke/", {})[1]["payload"] == {}


def test_reserved_concurrency_of_nothing_is_429_with_what_to_change(live: House, echo: str) -> None:
    client = live.client("lambda")
    client.put_function_concurrency(FunctionName=echo, ReservedConcurrentExecutions=0)
    try:
        status, answer = _send(live, f"/functions/{echo}/invoke/", {})
    finally:
        client.delete_function_concurrency(FunctionName=echo)
    assert (status, answer["error"]) == (429, "TooManyRequestsException")
    assert "reserved concurrency" in answer["message"]


def test_a_runtime_that_cannot_run_here_says_so(live: House, echo: str) -> None:
    code = live.client("lambda").get_function(FunctionName=echo)["Code"]["Location"]
    with urlopen(code, timeout=30) as package:
        live.client("lambda").create_function(
            FunctionName="views-java", Runtime="java21", Handler="a.B::c", Role="arn:aws:iam::000000000000:role/r",
            Code={"ZipFile": package.read()},
        )  # fmt: skip
    live.client("lambda").get_waiter("function_active_v2").wait(FunctionName="views-java", WaiterConfig=SOON)
    status, answer = _send(live, "/functions/views-java/invoke/", {})
    assert (status, answer["error"]) == (502, "InvalidRuntimeException")
    assert "java21" in answer["message"]


def test_an_event_is_accepted_with_202_and_runs_by_itself(live: House, echo: str) -> None:
    status, answer = _send(live, f"/functions/{echo}/invoke/", {"payload": {"n": 1}, "invocation_type": "Event"})
    assert (status, answer["status_code"], answer["payload"]) == (202, 202, None)
    for _ in range(200):
        status, record = _send(live, f"/_lambdaplay/invocations/{answer['request_id']}")
        if record["state"] == "SUCCEEDED":
            break
        time.sleep(0.05)
    assert (status, record["type"], record["condition"]) == (200, "Event", "Success")
