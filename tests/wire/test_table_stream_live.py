"""A table's stream in the running house: a thousand changes of items, to the function, in the order of each key."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from lambdaplay.chaos.source_judge import Item, Report, judge
from tests.house import SOON, House
from tests.wire.test_lambda_live import ROLE, package, runtime

pytestmark = pytest.mark.storm

KEYS, VERSIONS = 50, 20
# Fails every fourth call, by turns before and after it has told a queue what it was called with.
SOURCE = """
import json, os, time
import boto3
sqs = boto3.client("sqs")
calls = 0

def handler(event, context):
    global calls
    calls, began = calls + 1, time.time_ns()
    if calls % 8 == 3:
        raise ValueError("before")
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    changes = [[image["id"]["S"], int(image["version"]["N"])] for image in images]
    sqs.send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps({"at": began, "changes": changes}))
    if calls % 8 == 7:
        raise ValueError("after")
"""


@pytest.fixture
def name(live: House) -> Iterator[str]:
    """Of a table with a stream, of the function that is told of its changes, and of the queue that it tells."""
    found = f"changes-{uuid.uuid4().hex[:8]}"
    yield found
    lambda_ = live.client("lambda")
    for mapping in lambda_.list_event_source_mappings(FunctionName=found)["EventSourceMappings"]:
        lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    live.client("dynamodb").delete_table(TableName=found)


def test_a_thousand_changes_arrive_in_the_order_of_each_key(live: House, name: str) -> None:
    mapped(live, name)
    changes = [(f"k{key}", version) for version in range(VERSIONS) for key in range(KEYS)]
    write(live, name, changes)
    accepted = [Item("stream", key, version, f"{key} {version}") for key, version in changes]
    reports = collect(live, name, {item.id for item in accepted})
    verdict = judge(accepted, reports, {item.id: 1 for item in accepted})
    assert (verdict.unprocessed, verdict.out_of_order) == ([], [])
    assert verdict.again, "the function failed after it had told of a batch, so that batch came again"


def mapped(live: House, name: str) -> None:
    table = live.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    url = live.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    lambda_ = live.client("lambda")
    lambda_.create_function(
        FunctionName=name,
        Runtime=runtime(),
        Handler="app.handler",
        Role=ROLE,
        Timeout=30,
        Code={"ZipFile": package(SOURCE)},
        Environment={"Variables": {"SEEN": url}},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    lambda_.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        BatchSize=25,
        ParallelizationFactor=2,
    )


def write(live: House, name: str, changes: list[tuple[str, int]]) -> None:
    """No request may change an item twice, and none here does: a version's changes fill two requests."""
    table = live.client("dynamodb")
    for start in range(0, len(changes), 25):
        puts = [{"id": {"S": key}, "version": {"N": str(at)}} for key, at in changes[start : start + 25]]
        answer = table.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in puts]})
        assert not answer["UnprocessedItems"]


def collect(live: House, name: str, wanted: set[str]) -> list[Report]:
    sqs: Any = live.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    reports: list[Report] = []
    deadline = time.monotonic() + 240
    while wanted - {item.id for report in reports for item in report.items}:
        assert time.monotonic() < deadline, f"{len(reports)} calls told of their changes, and not of all"
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            told = json.loads(message["Body"])
            items = [Item("stream", key, version, f"{key} {version}") for key, version in told["changes"]]
            reports.append(Report(told["at"], items))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return reports
