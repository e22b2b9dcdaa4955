"""Environments in the running house: functions that call functions."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.house import SOON, House

CALLS = """
import boto3, json, os
client = boto3.client("lambda")
def handler(event, context):
    if event["depth"] == 0:
        return [context.function_name]
    payload = json.dumps({"depth": event["depth"] - 1, "next": event["next"]})
    answer = client.invoke(FunctionName=event["next"], Payload=payload)
    return [context.function_name, *json.loads(answer["Payload"].read())]
"""


@pytest.fixture(scope="module")
def aws(live: House) -> Iterator[Any]:
    client = live.client("lambda")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", CALLS)
    for name in ("caller", "called"):
        client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="app.handler",
            Role="arn:aws:iam::000000000000:role/any",
            Code={"ZipFile": buffer.getvalue()},
            Timeout=20,
            MemorySize=256,
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    yield client
    for name in ("caller", "called"):
        client.delete_function(FunctionName=name)


def invoke(aws: Any, depth: int) -> Any:
    answer = aws.invoke(FunctionName="caller", Payload=json.dumps({"depth": depth, "next": "called"}))
    return json.loads(answer["Payload"].read())


def test_a_function_calls_a_function_with_its_own_key(aws: Any) -> None:
    assert invoke(aws, 1) == ["caller", "called"]


def test_a_function_that_calls_itself_needs_an_environment_a_level(aws: Any) -> None:
    assert invoke(aws, 4) == ["caller", *["called"] * 4]


def test_many_callers_of_callers_do_not_wait_for_each_other(aws: Any) -> None:
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda _: invoke(aws, 2), range(12))) == [["caller", "called", "called"]] * 12
