"""Events in the running house, from Invoke to what destinations and dead-letter queues got."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.events.test_live import follow
from tests.house import SOON, House
from tests.wire.test_lambda_live import ROLE, package, runtime

SOURCE = """
def handler(event, context):
    if isinstance(event, dict) and event.get("raise"):
        raise ValueError("boom")
    return {"id": context.aws_request_id}
"""
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
SECONDS = 20


def wait(look: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no {what} within {SECONDS} s")


@pytest.fixture
def make(live: House) -> Callable[..., str]:
    api = live.client("lambda")

    def create(**more: Any) -> str:
        name = f"dest-{uuid.uuid4().hex[:8]}"
        api.create_function(
            FunctionName=name,
            Runtime=runtime(),
            Handler="app.handler",
            Role=ROLE,
            Code={"ZipFile": package(SOURCE)},
            **more,
        )
        api.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
        return name

    return create


class Queue:
    def __init__(self, live: House) -> None:
        self.sqs = live.client("sqs")
        name = f"dest-{uuid.uuid4().hex[:8]}"
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"

    def message(self) -> Any:
        """Wait for one message and take it."""
        got = self.sqs.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=SECONDS, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        message = got["Messages"][0]
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return message


@pytest.fixture
def queue(live: House) -> Callable[[], Queue]:
    return lambda: Queue(live)


def send(live: House, name: str, event: object) -> str:
    answer = live.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202
    found: str = answer["ResponseMetadata"]["RequestId"]
    return found


def configure(live: House, name: str, on_success: str = "", on_failure: str = "") -> None:
    live.client("lambda").put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": on_success}, "OnFailure": {"Destination": on_failure}},
    )


def test_a_failure_reaches_its_queue_and_the_dead_letter_queue(
    live: House, make: Callable[..., str], queue: Callable[[], Queue]
) -> None:
    failures, dead = queue(), queue()
    name = make(DeadLetterConfig={"TargetArn": dead.arn})
    configure(live, name, on_failure=failures.arn)
    request_id = send(live, name, {"raise": True})
    message = failures.message()
    record = json.loads(message["Body"])
    assert list(record) == [
        "version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload",
    ]  # fmt: skip
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": f"{ARN}{name}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 1,
    }
    assert record["requestPayload"] == {"raise": True}
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorMessage"] == "boom"
    assert record["responsePayload"]["errorType"] == "ValueError"
    assert "MessageAttributes" not in message
    letter = dead.message()
    assert json.loads(letter["Body"]) == {"raise": True}
    assert letter["MessageAttributes"] == {
        "RequestID": {"StringValue": request_id, "DataType": "String"},
        "ErrorCode": {"StringValue": "200", "DataType": "Number"},
        "ErrorMessage": {"StringValue": "boom", "DataType": "String"},
    }


def test_a_success_goes_on_to_a_function_and_from_there_to_a_queue(
    live: House, make: Callable[..., str], queue: Callable[[], Queue]
) -> None:
    end = queue()
    first, second = make(), make()
    configure(live, second, on_success=end.arn)
    configure(live, first, on_success=f"{ARN}{second}")
    request_id = send(live, first, {"n": 1})
    record = json.loads(end.message()["Body"])
    assert record["requestContext"]["functionArn"] == f"{ARN}{second}:$LATEST"
    assert record["requestContext"]["condition"] == "Success"
    inner = record["requestPayload"]
    assert inner["requestContext"]["requestId"] == request_id
    assert (inner["requestPayload"], inner["responsePayload"]) == ({"n": 1}, {"id": request_id})
    assert inner["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_a_failure_becomes_an_object(live: House, make: Callable[..., str]) -> None:
    s3 = live.client("s3")
    bucket = f"dest-{uuid.uuid4().hex[:8]}"
    name = make()
    configure(live, name, on_failure=f"arn:aws:s3:::{bucket}")
    s3.create_bucket(Bucket=bucket)
    request_id = send(live, name, {"raise": True})
    found = wait(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"), "object")
    assert found[0]["Key"].startswith(f"aws/lambda/async/{name}/")
    record = json.loads(s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read())
    assert record["requestContext"]["requestId"] == request_id


def test_zero_reserved_concurrency_is_told_at_once(
    live: House, make: Callable[..., str], queue: Callable[[], Queue]
) -> None:
    failures, dead = queue(), queue()
    name = make(DeadLetterConfig={"TargetArn": dead.arn})
    live.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    configure(live, name, on_failure=failures.arn)
    send(live, name, {})
    record = json.loads(failures.message()["Body"])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in record and "responsePayload" not in record
    assert dead.message()["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"


def test_a_queue_that_comes_late_gets_the_record(live: House, make: Callable[..., str]) -> None:
    name, late = make(), f"late-{uuid.uuid4().hex[:8]}"
    configure(live, name, on_success=f"arn:aws:sqs:us-east-1:000000000000:{late}")
    request_id = send(live, name, {})
    follow(live, request_id, lambda found: found["deliveries"][:1] and found["deliveries"][0]["tries"] > 0)
    sqs = live.client("sqs")
    url = sqs.create_queue(QueueName=late)["QueueUrl"]
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert json.loads(got["Messages"][0]["Body"])["requestContext"]["requestId"] == request_id
