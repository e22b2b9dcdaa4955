"""An upload in the running house, followed through S3 to a function, back into S3 and to a queue."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest

from tests.house import SOON, House
from tests.wire.test_destinations_live import wait
from tests.wire.test_lambda_live import ROLE, package, runtime

ACCOUNT = "000000000000"
TRACE = "1-5759e988-bd862e3fe1be46a994272793"
COPYING = """
import boto3
from urllib.parse import unquote_plus

def handler(event, context):
    told = event["Records"][0]["s3"]
    bucket, key = told["bucket"]["name"], unquote_plus(told["object"]["key"])
    copy = {"Bucket": bucket, "Key": key}
    boto3.client("s3").copy_object(Bucket=bucket, Key="out/" + key, CopySource=copy)
    return told["object"]["size"]
"""


@pytest.fixture
def name() -> str:
    return f"up-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def queue(live: House, name: str) -> tuple[str, str]:
    """URL and ARN of a queue that S3 may send to."""
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = live.client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


@pytest.fixture
def watched(live: House, name: str, queue: tuple[str, str]) -> str:
    """A bucket whose `in/` goes to a function that copies to `out/`, which goes to the queue, as outcomes do."""
    functions, s3 = live.client("lambda"), live.client("s3")
    s3.create_bucket(Bucket=name)
    made = functions.create_function(
        FunctionName=name,
        Runtime=runtime(),
        Handler="app.handler",
        Role=ROLE,
        Timeout=30,
        Code={"ZipFile": package(COPYING)},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    functions.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": queue[1]}}
    )
    functions.add_permission(
        FunctionName=name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{name}",
        SourceAccount=ACCOUNT,
    )
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {
                    "LambdaFunctionArn": made["FunctionArn"],
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
                }
            ],
            "QueueConfigurations": [
                {
                    "QueueArn": queue[1],
                    "Events": ["s3:ObjectCreated:Copy"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "out/"}]}},
                }
            ],
        },
    )
    return name


def test_an_upload_is_followed_to_where_it_ends(live: House, watched: str, queue: tuple[str, str]) -> None:
    s3, sqs = live.client("s3"), live.client("sqs")
    header = ("X-Amzn-Trace-Id", f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1")
    s3.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header(*header))
    s3.upload_fileobj(io.BytesIO(b"z" * 12_000_000), watched, "in/a b.bin")
    found: dict[str, Any] = {}

    def both() -> bool:
        told = sqs.receive_message(QueueUrl=queue[0], MaxNumberOfMessages=10, AttributeNames=["AWSTraceHeader"])
        for message in told.get("Messages", []):
            body = json.loads(message["Body"])
            if "Event" not in body:  # not the test event
                found["record" if "Records" in body else "outcome"] = message
        return {"record", "outcome"} <= set(found)

    wait(both, "record and outcome")
    record = json.loads(found["record"]["Body"])["Records"][0]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Copy", "out/in/a+b.bin")
    assert record["s3"]["object"]["size"] == 12_000_000
    assert record["userIdentity"]["principalId"] == f"AWS:{ACCOUNT}:{watched}"
    outcome = json.loads(found["outcome"]["Body"])
    assert outcome["requestPayload"]["Records"][0]["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    assert outcome["responsePayload"] == 12_000_000
    assert [message["Attributes"]["AWSTraceHeader"] for message in found.values()] == [f"Root={TRACE}"] * 2
