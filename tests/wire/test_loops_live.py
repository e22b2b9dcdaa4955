"""Functions that call themselves in circles: the chain is cut whichever way it goes round."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from invocations import limits
from tests.house import SOON, House
from tests.wire.test_destinations_live import wait
from tests.wire.test_lambda_live import ROLE, package, runtime

# Sends on what it got, one higher; says so with a header that denies where it comes from.
THROUGH_A_QUEUE = """
import boto3, os
os.environ.pop("_X_AMZN_TRACE_ID", None)
sqs = boto3.client("sqs")
def handler(event, context):
    for record in event["Records"]:
        number = str(int(record["body"]) + 1)
        sqs.send_message(QueueUrl=os.environ["SEEN"], MessageBody=number)
        sqs.send_message(QueueUrl=os.environ["ROUND"], MessageBody=number)
"""
BY_ITSELF = """
import boto3, json
client = boto3.client("lambda")
def handler(event, context):
    try:
        answer = client.invoke(FunctionName=context.function_name, Payload=json.dumps(event + 1))
    except client.exceptions.RecursiveInvocationException as error:
        return [event, error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]]
    return json.load(answer["Payload"])
"""
Create = Callable[..., str]


@pytest.fixture
def create(live: House) -> Create:
    def make(source: str, **variables: str) -> str:
        name = f"loop-{uuid.uuid4().hex[:8]}"
        client = live.client("lambda")
        client.create_function(
            FunctionName=name,
            Runtime=runtime(),
            Handler="app.handler",
            Role=ROLE,
            Timeout=60,
            Code={"ZipFile": package(source)},
            Environment={"Variables": variables},
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
        return name

    return make


def queue(sqs: Any, **attributes: str) -> tuple[str, str]:
    url: str = sqs.create_queue(QueueName=f"loop-{uuid.uuid4().hex[:8]}", Attributes=attributes)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def messages(sqs: Any, url: str) -> int:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def test_through_a_queue(live: House, create: Create) -> None:
    sqs, client = live.client("sqs"), live.client("lambda")
    seen_url, _ = queue(sqs)
    dead_url, dead_arn = queue(sqs)
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"})
    round_url, round_arn = queue(sqs, RedrivePolicy=redrive, VisibilityTimeout="60")
    name = create(THROUGH_A_QUEUE, SEEN=seen_url, ROUND=round_url)
    made = client.create_event_source_mapping(FunctionName=name, EventSourceArn=round_arn, BatchSize=1)
    wait(lambda: client.get_event_source_mapping(UUID=made["UUID"])["State"] == "Enabled", "mapping that is Enabled")
    sqs.send_message(QueueUrl=round_url, MessageBody="0")
    wait(lambda: messages(sqs, seen_url) >= limits.CHAIN_MAX, "calls in a circle")
    live.manage("clock", "advance", "61")  # the stopped message comes back, and has been received too often
    wait(lambda: messages(sqs, dead_url) == 1, "dead letter")
    assert messages(sqs, seen_url) == limits.CHAIN_MAX, "and no more"
    got = sqs.receive_message(QueueUrl=dead_url)["Messages"]
    assert [message["Body"] for message in got] == [str(limits.CHAIN_MAX)]
    client.delete_event_source_mapping(UUID=made["UUID"])


def test_synchronously(live: House, create: Create) -> None:
    """The last call is refused; whoever made it answers those who wait for it."""
    client = live.client("lambda")
    name = create(BY_ITSELF)
    answer = client.invoke(FunctionName=name, Payload=b"1")
    assert json.load(answer["Payload"]) == [limits.CHAIN_MAX, 400, "RecursiveInvocationException"]
    client.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
