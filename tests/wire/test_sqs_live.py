"""SQS over the wire: boto3, and the forms that SDKs from before 2023 send."""

from __future__ import annotations

import json
import threading
import time
import uuid
import xml.etree.ElementTree as ET
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.house import House

NS = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture
def sqs(live: House) -> Any:
    return live.client("sqs")


@pytest.fixture
def name() -> str:
    return f"q-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def url(sqs: Any, name: str) -> str:
    made: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    return made


def form(live: House, fields: dict[str, str], path: str = "/") -> tuple[int, ET.Element]:
    """Sign and post a form as older SDKs do; return status and document."""
    body = urlencode({"Version": "2012-11-05", **fields})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", live.url + path, data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), "sqs", "us-east-1").add_auth(request)
    try:
        with urlopen(Request(live.url + path, body.encode(), dict(request.headers)), timeout=30) as answer:
            return answer.status, ET.fromstring(answer.read())
    except HTTPError as refusal:
        with refusal:
            return refusal.code, ET.fromstring(refusal.read())


def test_a_message_comes_back_whole(sqs: Any, url: str) -> None:
    attributes = {
        "text": {"DataType": "String", "StringValue": "é"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    # boto3 compares the MD5 of the body itself.
    sent = sqs.send_message(
        QueueUrl=url, MessageBody="hi é", MessageAttributes=attributes, MessageSystemAttributes=trace
    )
    got = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"])[
        "Messages"
    ][0]
    assert (got["Body"], got["MessageId"], got["MessageAttributes"]) == ("hi é", sent["MessageId"], attributes)
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert got["Attributes"]["ApproximateReceiveCount"] == "1"
    assert got["Attributes"]["AWSTraceHeader"].startswith("Root=1-5759e988")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_long_poll_ends_when_a_message_comes(live: House, sqs: Any, url: str) -> None:
    found: list[Any] = []

    def wait() -> None:
        answer = live.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
        found.append((time.monotonic(), answer.get("Messages")))

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    sent = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="late")
    waiter.join(30)
    moment, messages = found[0]
    assert [message["Body"] for message in messages] == ["late"]
    assert moment - sent < 5


def test_two_receivers_never_get_the_same_message(live: House, sqs: Any, url: str) -> None:
    for start in range(0, 100, 10):
        entries = [{"Id": str(n), "MessageBody": str(start + n)} for n in range(10)]
        assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10
    got: list[str] = []

    def drain() -> None:
        client = live.client("sqs")
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            got.extend(message["Body"] for message in messages)

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(map(int, got)) == list(range(100))


def test_dead_letters_go_back_with_a_move_task(sqs: Any, name: str) -> None:
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    sqs.start_message_move_task(SourceArn=arn)
    back = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, AttributeNames=["All"])["Messages"][0]
    assert (back["Body"], back["Attributes"]["ApproximateReceiveCount"]) == ("poison", "1")


def test_a_batch_names_its_failures(sqs: Any, url: str) -> None:
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "x", "ReceiptHandle": "garbage"}])
    assert answer["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    assert answer["Failed"][0]["SenderFault"] is True


@pytest.mark.parametrize(
    ("operation", "members", "code", "text"),
    [
        (
            "receive_message",
            {"MaxNumberOfMessages": 11},
            "InvalidParameterValue",
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            "receive_message",
            {"WaitTimeSeconds": 21},
            "InvalidParameterValue",
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ),
        (
            "send_message",
            {"MessageBody": "x" * 1_048_577},
            "InvalidParameterValue",
            "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
        ),
        (
            "send_message",
            {"MessageBody": ""},
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ),
        (
            "send_message_batch",
            {"Entries": [{"Id": str(n), "MessageBody": "x"} for n in range(20)]},
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 20.",
        ),
        (
            "send_message_batch",
            {"Entries": [{"Id": "a:b", "MessageBody": "x"}]},
            "AWS.SimpleQueueService.InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long.",
        ),
        (
            "send_message_batch",
            {"Entries": [{"Id": str(n), "MessageBody": "x" * 524_289} for n in range(2)]},
            "AWS.SimpleQueueService.BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1048578 bytes.",
        ),
    ],
)
def test_refusals_have_awss_codes_and_texts(
    sqs: Any, url: str, operation: str, members: dict[str, Any], code: str, text: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(sqs, operation)(QueueUrl=url, **members)
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, text)


def test_an_unknown_queue_has_a_name_for_sdks_of_either_age(live: House, sqs: Any) -> None:
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as refused:
        sqs.get_queue_url(QueueName="nowhere")
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    status, document = form(live, {"Action": "GetQueueUrl", "QueueName": "nowhere"})
    assert status == 400
    assert document.findtext(".//Code") == "AWS.SimpleQueueService.NonExistentQueue"


def test_older_clients_send_and_receive_with_forms(live: House, name: str) -> None:
    status, made = form(
        live,
        {
            "Action": "CreateQueue",
            "QueueName": name,
            "Attribute.1.Name": "VisibilityTimeout",
            "Attribute.1.Value": "5",
        },
    )
    assert (status, made.tag) == (200, f"{NS}CreateQueueResponse")
    url = made.findtext(f"{NS}CreateQueueResult/{NS}QueueUrl") or ""
    # The queue is named by the path alone, as the oldest of them do.
    path = url.removeprefix(live.url)
    sent = {
        "Action": "SendMessageBatch",
        "SendMessageBatchRequestEntry.1.Id": "one",
        "SendMessageBatchRequestEntry.1.MessageBody": "a & <b>",
        "SendMessageBatchRequestEntry.1.MessageAttribute.1.Name": "kind",
        "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType": "String",
        "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue": "test",
    }
    status, answer = form(live, sent, path)
    assert answer.findtext(f".//{NS}SendMessageBatchResultEntry/{NS}Id") == "one"
    asked = {"Action": "ReceiveMessage", "AttributeName.1": "All", "MessageAttributeName.1": "All"}
    _, answer = form(live, asked, path)
    message = answer.find(f"{NS}ReceiveMessageResult/{NS}Message")
    assert message is not None
    assert message.findtext(f"{NS}Body") == "a & <b>"
    system = {one.findtext(f"{NS}Name"): one.findtext(f"{NS}Value") for one in message.findall(f"{NS}Attribute")}
    assert system["ApproximateReceiveCount"] == "1"
    assert message.findtext(f"{NS}MessageAttribute/{NS}Value/{NS}StringValue") == "test"
    gone = {"Action": "DeleteMessage", "ReceiptHandle": message.findtext(f"{NS}ReceiptHandle") or ""}
    assert form(live, gone, path)[0] == 200


def test_another_account_comes_in_by_the_queues_policy_alone(live: House, sqs: Any, url: str) -> None:
    other = live.client("sqs", aws_access_key_id="111122223333", aws_secret_access_key="test")
    with pytest.raises(ClientError, match="AccessDenied"):
        other.send_message(QueueUrl=url, MessageBody="x")
    sqs.add_permission(QueueUrl=url, Label="in", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    other.send_message(QueueUrl=url, MessageBody="x")
    with pytest.raises(ClientError, match="AccessDenied"):
        other.receive_message(QueueUrl=url)
    sqs.remove_permission(QueueUrl=url, Label="in")
    with pytest.raises(ClientError, match="AccessDenied"):
        other.send_message(QueueUrl=url, MessageBody="x")
