"""Event source mappings in the running house: from a message or record to the function, through boto3 alone."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.house import SOON, House
from tests.wire.test_destinations_live import wait
from tests.wire.test_lambda_live import ROLE, package, runtime

# Tells a queue what it was called with; refuses what it is asked to refuse.
SOURCE = """
import base64, json, os
import boto3
def handler(event, context):
    bodies = [r.get("body") or base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(bodies))
    if "raise" in bodies:
        raise ValueError("boom")
    failed = [r for r, b in zip(event["Records"], bodies) if b.startswith("bad")]
    return {"batchItemFailures": [
        {"itemIdentifier": r.get("messageId") or r["kinesis"]["sequenceNumber"]} for r in failed
    ]}
"""
ACCOUNT = "000000000000"


class Stage:
    """A function that tells what it saw, and what is mapped to it."""

    def __init__(self, live: House) -> None:
        self.lambda_, self.sqs, self.kinesis = live.client("lambda"), live.client("sqs"), live.client("kinesis")
        self.name = f"esm-{uuid.uuid4().hex[:8]}"
        self.seen_url, _ = self.queue()
        self.lambda_.create_function(
            FunctionName=self.name,
            Runtime=runtime(),
            Handler="app.handler",
            Role=ROLE,
            Timeout=20,
            Code={"ZipFile": package(SOURCE)},
            Environment={"Variables": {"SEEN": self.seen_url}},
        )
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=self.name, WaiterConfig=SOON)

    def queue(self, fifo: bool = False, **attributes: str) -> tuple[str, str]:
        name = f"esm-{uuid.uuid4().hex[:8]}{'.fifo' if fifo else ''}"
        kind = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        url = self.sqs.create_queue(QueueName=name, Attributes={**kind, **attributes})["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"

    def map(self, arn: str, **options: Any) -> str:
        made = self.lambda_.create_event_source_mapping(FunctionName=self.name, EventSourceArn=arn, **options)
        assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
        identifier: str = made["UUID"]
        wait(lambda: self.get(identifier)["State"] == "Enabled", "mapping that is Enabled")
        return identifier

    def get(self, identifier: str) -> Any:
        return self.lambda_.get_event_source_mapping(UUID=identifier)

    def seen(self, records: int) -> list[list[str]]:
        """The batches that the function was called with, once they hold that many records."""
        found: list[list[str]] = []

        def look() -> bool:
            got = self.sqs.receive_message(QueueUrl=self.seen_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in got.get("Messages", []):
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.seen_url, ReceiptHandle=message["ReceiptHandle"])
            return sum(map(len, found)) >= records

        wait(look, f"call for {records} records")
        return found

    def is_empty(self, url: str) -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return set(counts.values()) == {"0"}


@pytest.fixture
def stage(live: House) -> Stage:
    return Stage(live)


def refused(action: Callable[[], Any]) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        action()
    answer = caught.value.response
    message = answer["Error"].get("Message") or answer.get("Message")
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], str(message)


def test_a_message_reaches_its_function_and_is_gone(stage: Stage, live: House) -> None:
    url, arn = stage.queue(VisibilityTimeout="60")
    stage.map(arn)
    stage.sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert stage.seen(1) == [["hello"]]
    wait(lambda: stage.is_empty(url), "empty queue")


def test_only_what_failed_comes_back(stage: Stage) -> None:
    url, arn = stage.queue(VisibilityTimeout="60")
    identifier = stage.map(arn, Enabled=True, FunctionResponseTypes=["ReportBatchItemFailures"])
    entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(("a", "bad", "b"))]
    stage.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert sorted(one for batch in stage.seen(3) for one in batch) == ["a", "b", "bad"]
    left = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def counts() -> bool:
        found = stage.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=left)["Attributes"]
        return [found[name] for name in left] == ["0", "1"]

    wait(counts, "queue that holds the failed message alone")
    stage.lambda_.delete_event_source_mapping(UUID=identifier)


def test_records_of_a_stream_come_in_order(stage: Stage) -> None:
    name = f"esm-{uuid.uuid4().hex[:8]}"
    stage.kinesis.create_stream(StreamName=name, ShardCount=1)
    stage.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig=SOON)
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}"
    identifier = stage.map(arn, StartingPosition="TRIM_HORIZON", BatchSize=5)
    for start in range(0, 20, 10):
        records = [{"Data": f"r{start + at}".encode(), "PartitionKey": "k"} for at in range(10)]
        assert stage.kinesis.put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0
    batches = stage.seen(20)
    assert all(len(batch) <= 5 for batch in batches)
    assert sorted((one for batch in batches for one in batch), key=lambda one: int(one[1:])) == [
        f"r{at}" for at in range(20)
    ]
    wait(lambda: stage.get(identifier)["LastProcessingResult"] == "OK", "good result")


def test_errors_as_sdks_see_them(stage: Stage, live: House) -> None:
    api = stage.lambda_
    _, arn = stage.queue(VisibilityTimeout="60")
    missing = str(uuid.uuid4())
    gone = (404, "ResourceNotFoundException", "The resource you requested does not exist.")
    assert refused(lambda: api.get_event_source_mapping(UUID=missing)) == gone
    assert refused(lambda: api.delete_event_source_mapping(UUID=missing)) == gone
    assert refused(lambda: api.update_event_source_mapping(UUID=missing, BatchSize=1)) == gone
    unknown = (400, "InvalidParameterValueException", "Unrecognized event source.")
    assert refused(lambda: api.create_event_source_mapping(FunctionName=stage.name)) == unknown
    made = api.create_event_source_mapping(FunctionName=stage.name, EventSourceArn=arn, Tags={"team": "a"})
    status, code, _ = refused(lambda: api.create_event_source_mapping(FunctionName=stage.name, EventSourceArn=arn))
    assert (status, code) == (409, "ResourceConflictException")
    assert api.list_tags(Resource=made["EventSourceMappingArn"])["Tags"] == {"team": "a"}
    listed = api.list_event_source_mappings(FunctionName=stage.name)["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [made["UUID"]]
    unchecked = live.client("lambda", config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
    status, code, _ = refused(
        lambda: unchecked.create_event_source_mapping(FunctionName=stage.name, EventSourceArn=arn, BatchSize=0)
    )
    assert (status, code) == (400, "ValidationException")
    wait(lambda: stage.get(made["UUID"])["State"] == "Enabled", "mapping that is Enabled")
    deleted = api.delete_event_source_mapping(UUID=made["UUID"])
    assert (deleted["ResponseMetadata"]["HTTPStatusCode"], deleted["State"]) == (202, "Deleting")
    busy = refused(lambda: api.update_event_source_mapping(UUID=made["UUID"], BatchSize=1))
    assert busy[1] in ("ResourceInUseException", "ResourceNotFoundException")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and refused_or_none(lambda: stage.get(made["UUID"])) is None:
        pass
    assert refused(lambda: stage.get(made["UUID"])) == gone


def refused_or_none(action: Callable[[], Any]) -> ClientError | None:
    try:
        action()
    except ClientError as error:
        return error
    return None
