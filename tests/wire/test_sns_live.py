"""SNS over the wire: topics, what queues and functions get, what is refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.house import SOON, House
from tests.wire.test_lambda_live import ROLE, package, runtime

SECONDS = 20
QUEUES = "arn:aws:sqs:us-east-1:000000000000:"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
LOOPING = """
import boto3, json, os

def handler(event, context):
    sns = event["Records"][0]["Sns"]
    boto3.client("sns").publish(TopicArn=sns["TopicArn"], Message=sns["Message"])
"""
TELLING = """
import boto3, json, os

def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
"""


@pytest.fixture
def sns(live: House) -> Any:
    return live.client("sns")


@pytest.fixture
def sqs(live: House) -> Any:
    return live.client("sqs")


@pytest.fixture
def name() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def topic(sns: Any, name: str) -> str:
    made: str = sns.create_topic(Name=name)["TopicArn"]
    return made


def make_queue(sqs: Any, name: str, topic: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    if name.endswith(".fifo"):
        attributes["FifoQueue"] = "true"
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def receive(sqs: Any, url: str, wait: int = SECONDS, most: int = 1) -> list[Any]:
    got = sqs.receive_message(
        QueueUrl=url,
        WaitTimeSeconds=wait,
        MaxNumberOfMessages=most,
        MessageAttributeNames=["All"],
        AttributeNames=["All"],
    )
    messages: list[Any] = got.get("Messages", [])
    return messages


def test_a_topic_from_creation_to_deletion(sns: Any, name: str) -> None:
    topic = sns.create_topic(Name=name, Tags=[{"Key": "k", "Value": "v"}])["TopicArn"]
    assert topic == f"arn:aws:sns:us-east-1:000000000000:{name}"
    assert sns.create_topic(Name=name)["TopicArn"] == topic
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="<b> & c")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "<b> & c"
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "k", "Value": "v"}]
    sns.untag_resource(ResourceArn=topic, TagKeys=["k"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == []
    sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["111122223333"], ActionName=["Publish"])
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["__default_statement_ID", "l"]
    sns.remove_permission(TopicArn=topic, Label="l")
    pages = sns.get_paginator("list_topics").paginate()
    assert {"TopicArn": topic} in [one for page in pages for one in page["Topics"]]
    for _ in range(2):
        sns.delete_topic(TopicArn=topic)
    with pytest.raises(sns.exceptions.NotFoundException, match="Topic does not exist"):
        sns.get_topic_attributes(TopicArn=topic)


def test_from_publish_to_a_queue(sns: Any, sqs: Any, name: str, topic: str) -> None:
    url = make_queue(sqs, name, topic)
    row = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUES + name)["SubscriptionArn"]
    assert sns.get_subscription_attributes(SubscriptionArn=row)["Attributes"]["PendingConfirmation"] == "false"
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed == [
        {
            "SubscriptionArn": row,
            "Owner": "000000000000",
            "Protocol": "sqs",
            "Endpoint": QUEUES + name,
            "TopicArn": topic,
        }
    ]
    sns.meta.events.register("before-send.sns", _add_trace)
    sent = sns.publish(
        TopicArn=topic,
        Message="h\u00e9llo & <good> day",
        Subject="greeting",
        MessageAttributes={"bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"}},
    )
    message = receive(sqs, url)[0]
    body = json.loads(message["Body"])
    assert (body["Type"], body["MessageId"], body["TopicArn"]) == ("Notification", sent["MessageId"], topic)
    assert (body["Message"], body["Subject"]) == ("h\u00e9llo & <good> day", "greeting")
    assert body["MessageAttributes"] == {"bytes": {"Type": "Binary", "Value": "AP8="}}
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-5759e988-bd862e3fe1be46a994272793")


def _add_trace(request: Any, **_: Any) -> None:
    request.headers["X-Amzn-Trace-Id"] = TRACE


def test_raw_and_filtered(sns: Any, sqs: Any, name: str, topic: str) -> None:
    url = make_queue(sqs, name, topic)
    attributes = {"RawMessageDelivery": "true", "FilterPolicy": '{"colour": [{"prefix": "re"}]}'}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUES + name, Attributes=attributes)
    entries = [
        {"Id": colour, "Message": colour, "MessageAttributes": {"colour": _text(colour)}}
        for colour in ("blue", "red", "green")
    ]
    done = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[*entries, {"Id": "empty", "Message": ""}])
    assert [one["Id"] for one in done["Successful"]] == ["blue", "red", "green"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in done["Failed"]] == [
        ("empty", "InvalidParameter", True)
    ]
    got = receive(sqs, url, most=10)
    assert [(one["Body"], one["MessageAttributes"]) for one in got] == [("red", {"colour": _text("red")})]


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def test_fifo(sns: Any, sqs: Any, name: str) -> None:
    topic = sns.create_topic(
        Name=f"{name}.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    )["TopicArn"]
    url = make_queue(sqs, f"{name}.fifo", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUES}{name}.fifo")
    first = sns.publish(TopicArn=topic, Message="0", MessageGroupId="g")
    assert sns.publish(TopicArn=topic, Message="0", MessageGroupId="g")["MessageId"] == first["MessageId"]
    entries = [{"Id": str(n), "Message": str(n), "MessageGroupId": "g"} for n in range(1, 6)]
    done = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]
    numbers = [first["SequenceNumber"], *(one["SequenceNumber"] for one in done)]
    assert numbers == sorted(numbers) and len(set(numbers)) == 6
    got: list[Any] = []
    while len(got) < 6:
        some = receive(sqs, url, most=10)
        assert some, f"only {len(got)} of 6"
        got += some
        for one in some:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    bodies = [json.loads(one["Body"]) for one in got]
    assert [(body["Message"], body["SequenceNumber"]) for body in bodies] == [
        (str(n), number) for n, number in enumerate(numbers)
    ]
    assert {one["Attributes"]["MessageGroupId"] for one in got} == {"g"}


@pytest.fixture
def function(live: House, topic: str) -> Callable[..., str]:
    api = live.client("lambda")

    def create(source: str, **variables: str) -> str:
        name = f"sub-{uuid.uuid4().hex[:8]}"
        made = api.create_function(
            FunctionName=name,
            Runtime=runtime(),
            Handler="app.handler",
            Role=ROLE,
            Code={"ZipFile": package(source)},
            Timeout=20,
            Environment={"Variables": variables},
        )
        api.add_permission(
            FunctionName=name,
            StatementId="topic",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=topic,
        )
        api.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
        return str(made["FunctionArn"])

    return create


def test_a_function_gets_the_event(sns: Any, sqs: Any, name: str, topic: str, function: Callable[..., str]) -> None:
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = function(TELLING, QUEUE=url)
    row = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]
    sent = sns.publish(TopicArn=topic, Message="text", MessageAttributes={"k": _text("v")})
    record = json.loads(receive(sqs, url)[0]["Body"])["Records"][0]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", row)
    told = record["Sns"]
    assert (told["MessageId"], told["Message"], told["Subject"]) == (sent["MessageId"], "text", None)
    assert told["MessageAttributes"] == {"k": {"Type": "String", "Value": "v"}}


def test_functions_that_go_round_through_a_topic_are_stopped(
    live: House, sns: Any, sqs: Any, name: str, topic: str, function: Callable[..., str]
) -> None:
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = function(LOOPING)
    live.client("lambda").put_function_event_invoke_config(
        FunctionName=arn, DestinationConfig={"OnFailure": {"Destination": QUEUES + name}}
    )
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="round and round")
    record = json.loads(receive(sqs, url)[0]["Body"])
    assert record["requestContext"]["condition"] == "RecursiveInvocation"


def test_a_function_cannot_have_inner_doors_knocked_at(
    live: House, sns: Any, sqs: Any, name: str, topic: str, function: Callable[..., str]
) -> None:
    source = """
import boto3

def handler(event, context):
    try:
        boto3.client("sns").subscribe(TopicArn=event["topic"], Protocol="http", Endpoint="http://127.0.0.1:1/")
    except Exception as error:
        return str(error)
"""
    answer = live.client("lambda").invoke(FunctionName=function(source), Payload=json.dumps({"topic": topic}))
    assert "a function's key made the subscription" in json.load(answer["Payload"])
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def entries(*ids: str) -> list[dict[str, str]]:
    return [{"Id": one, "Message": "m"} for one in ids]


@pytest.mark.parametrize(
    ("operation", "given", "code", "status", "text"),
    [
        ("publish", {"Message": "m", "TopicArn": "{topic}x"}, "NotFound", 404, "Topic does not exist"),
        ("publish", {"Message": "m"}, "InvalidParameter", 400,
         "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"),
        ("publish", {"Message": "m", "PhoneNumber": "+1a234"}, "InvalidParameter", 400,
         "Invalid parameter: PhoneNumber Reason: +1a234 is not valid to publish to"),
        ("publish", {"Message": "m", "PhoneNumber": "+15551234567"}, "InvalidParameter", 400,
         "Invalid parameter: PhoneNumber Reason: lambdaplay does not offer PhoneNumber: messages go to topics only."),
        ("publish", {"Message": "m", "TargetArn": "arn:aws:sns:us-east-1:0:endpoint/APNS/x/y"}, "InvalidParameter",
         400, "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"),
        ("publish", {"TopicArn": "{topic}", "Message": ""}, "InvalidParameter", 400,
         "Invalid parameter: Empty message"),
        ("publish_batch", {"TopicArn": "{topic}", "PublishBatchRequestEntries": entries(*map(str, range(11)))},
         "TooManyEntriesInBatchRequest", 400, "The batch request contains more entries than permissible."),
        ("publish_batch", {"TopicArn": "{topic}", "PublishBatchRequestEntries": entries("a", "a")},
         "BatchEntryIdsNotDistinct", 400, "Two or more batch entries in the request have the same Id."),
        ("publish_batch", {"TopicArn": "{topic}", "PublishBatchRequestEntries": entries("a b")},
         "InvalidBatchEntryId", 400,
         "The Id of a batch entry in a batch request doesn't abide by the specification."),
        ("publish_batch",
         {"TopicArn": "{topic}", "PublishBatchRequestEntries": [{"Id": n, "Message": "m" * 140_000} for n in "ab"]},
         "BatchRequestTooLong", 400, "The length of all the messages put together is more than the limit."),
        ("publish_batch",
         {"TopicArn": "{topic}", "PublishBatchRequestEntries": [{"Id": "a", "Message": "{}",
          "MessageStructure": "json"}]},
         "InvalidParameter", 400, "Invalid parameter: Message Structure - No default entry in JSON message body"),
        ("subscribe", {"TopicArn": "{topic}", "Protocol": "sqs", "Endpoint": "x"}, "InvalidParameter", 400,
         "Invalid parameter: SQS endpoint ARN"),
        ("list_topics", {"NextToken": "!"}, "InvalidParameter", 400, "Invalid parameter: NextToken"),
        ("list_tags_for_resource", {"ResourceArn": "{topic}x"}, "ResourceNotFound", 404, "Resource does not exist"),
        ("create_platform_application", {"Name": "a", "Platform": "APNS", "Attributes": {}}, "InvalidParameterValue",
         400, "lambdaplay does not offer the operation CreatePlatformApplication of sns."),
    ],
)  # fmt: skip
def test_refusals(
    sns: Any, topic: str, operation: str, given: dict[str, Any], code: str, status: int, text: str
) -> None:
    filled = {key: value.replace("{topic}", topic) if isinstance(value, str) else value for key, value in given.items()}
    with pytest.raises(ClientError) as refused:
        getattr(sns, operation)(**filled)
    error = refused.value.response
    assert (error["Error"]["Code"], error["Error"]["Message"]) == (code, text)
    assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Type"]) == (status, "Sender")


def test_other_accounts_need_the_topics_policy(live: House, sns: Any, topic: str) -> None:
    other = live.client("sns", aws_access_key_id="111122223333")
    with pytest.raises(ClientError) as refused:
        other.publish(TopicArn=topic, Message="m")
    assert refused.value.response["Error"]["Code"] == "AuthorizationError"
    sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["111122223333"], ActionName=["Publish"])
    assert other.publish(TopicArn=topic, Message="m")["MessageId"]
