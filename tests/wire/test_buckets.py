"""Notification configurations over the wire: what is stored, said back and refused."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from invocations.flows import buckets
from invocations.models import Bucket, Delivery
from tests.wire.asking import ask, signed
from tests.wire.boto import client
from tests.wire.storing import ACCOUNT, EVERYTHING, QUEUES, bucket, emulator, heard, open_queue, queue_rule, refused, s3

__all__ = ["bucket", "emulator", "heard", "s3"]

pytestmark = pytest.mark.django_db

TOPICS = f"arn:aws:sns:us-east-1:{ACCOUNT}:"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:fn"


def test_it_is_read_as_it_was_written(s3: Any, bucket: str) -> None:
    queue = open_queue("q")
    given = {
        "QueueConfigurations": [
            {
                "Id": "mine",
                "QueueArn": queue,
                "Events": ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"],
                "Filter": {
                    "Key": {"FilterRules": [{"Name": "prefix", "Value": "a&b/"}, {"Name": "SUFFIX", "Value": ""}]}
                },
            },
            {"QueueArn": queue, "Events": ["s3:ObjectTagging:*"]},
        ],
        "EventBridgeConfiguration": {},
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=given)
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    first, second = found["QueueConfigurations"]
    rules = [{"Name": "Prefix", "Value": "a&b/"}, {"Name": "Suffix", "Value": ""}]
    assert first == {**given["QueueConfigurations"][0], "Filter": {"Key": {"FilterRules": rules}}}  # type: ignore[index]
    assert uuid.UUID(second["Id"])
    assert found["EventBridgeConfiguration"] == {}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    left = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert not {"QueueConfigurations", "EventBridgeConfiguration"} & set(left)


def test_the_older_operations_mean_the_same(s3: Any, bucket: str) -> None:
    older = {"QueueConfiguration": {"Id": "old", "Queue": open_queue("q"), "Events": ["s3:ObjectCreated:*"]}}
    s3.put_bucket_notification(Bucket=bucket, NotificationConfiguration=older)
    found = s3.get_bucket_notification(Bucket=bucket)["QueueConfiguration"]
    assert (found["Id"], found["Events"]) == ("old", ["s3:ObjectCreated:*"])


def test_the_bucket_may_stand_in_the_host(s3: Any, bucket: str) -> None:
    body = b"<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>"
    for host in (f"{bucket}.localhost:8000", f"{bucket}.s3.localhost"):
        assert ask(signed("PUT", "/?notification", body, {"Host": host}, service="s3")).status == 200
        assert "EventBridge" in ask(signed("GET", "/?notification", headers={"Host": host}, service="s3")).text
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}


def test_a_queue_and_a_topic_get_a_test_event(s3: Any, bucket: str) -> None:
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=queue_rule(open_queue("q"), Id="a")
    )
    row = Delivery.objects.get()
    told = json.loads(bytes(row.content.body))
    assert (told["Event"], told["Bucket"], row.destination) == ("s3:TestEvent", bucket, f"{QUEUES}q")
    assert (row.kind, row.principal, row.policy_arn) == (
        "notification",
        "s3.amazonaws.com",
        f"arn:aws:s3:::{bucket}",
    )


def test_targets_that_s3_may_not_tell_are_listed_and_nothing_is_stored(s3: Any, bucket: str) -> None:
    client("sqs").create_queue(QueueName="shut")
    client("sns").create_topic(Name="shut")
    other = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::another"}}
    open_queue("elsewhere", **other)
    rules = {
        "TopicConfigurations": [
            {"TopicArn": f"{TOPICS}shut", "Events": ["s3:ObjectTagging:Put"]},
            {"TopicArn": f"{TOPICS}missing", "Events": ["s3:ObjectTagging:Delete"]},
        ],
        "QueueConfigurations": [
            {"QueueArn": f"{QUEUES}shut", "Events": ["s3:ObjectCreated:Put"]},
            {"QueueArn": f"{QUEUES}elsewhere", "Events": ["s3:ObjectCreated:Post"]},
            {"QueueArn": f"{QUEUES}missing", "Events": ["s3:ObjectCreated:Copy"]},
        ],
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectRemoved:*"]}],
    }
    error = refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=rules)
    told = error["Error"]
    assert (told["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("InvalidArgument", 400)
    assert told["Message"] == "Unable to validate the following destination configurations"
    queue = "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"
    pairs = [(told[f"ArgumentName{n}"], told[f"ArgumentValue{n}"]) for n in range(1, 7)]
    assert pairs == [
        (f"{TOPICS}shut", queue.replace("queue", "topic")),
        (f"{TOPICS}missing", "The destination topic does not exist"),
        (f"{QUEUES}shut", queue),
        (f"{QUEUES}elsewhere", queue),
        (f"{QUEUES}missing", "The destination queue does not exist"),
        (f"{FUNCTION}, null", f"Not authorized to invoke function [{FUNCTION}]"),
    ]
    assert not Bucket.objects.exists()
    assert not Delivery.objects.exists()
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=rules, SkipDestinationValidation=True
    )
    assert len(Bucket.objects.get().rules) == 6
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("rule", "code", "text"),
    [
        ({"QueueArn": "nonsense", "Events": EVERYTHING}, "InvalidArgument", "The ARN could not be parsed"),
        ({"QueueArn": FUNCTION, "Events": EVERYTHING}, "InvalidArgument", "The ARN could not be parsed"),
        (
            {"QueueArn": f"{QUEUES}q".replace("us-east-1", "eu-west-1"), "Events": EVERYTHING},
            "InvalidArgument",
            "The notification destination service region is not valid for the bucket location constraint",
        ),
        ({"QueueArn": f"{QUEUES}q.fifo", "Events": EVERYTHING}, "InvalidArgument", buckets.UNVERIFIED),
        ({"QueueArn": f"{QUEUES}q", "Events": []}, "MalformedXML", "not well-formed"),
        ({"QueueArn": f"{QUEUES}q", "Events": ["s3:x"]}, "InvalidArgument", "The event is not supported"),
        ({"QueueArn": f"{QUEUES}q", "Events": ["s3:Replication:*"]}, "NotImplemented", "s3:Replication:*"),
    ],
)
def test_what_is_no_rule_is_refused(s3: Any, bucket: str, rule: dict[str, Any], code: str, text: str) -> None:
    wanted = {"QueueConfigurations": [rule]}
    told = refused(s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=wanted)
    assert (told["Error"]["Code"], text in told["Error"]["Message"]) == (code, True)
    assert not Bucket.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Other/>",
        b"<NotificationConfiguration><Odd/></NotificationConfiguration>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><NotificationConfiguration/>",
        b'<?xml version="1.0" encoding="nonsense"?><NotificationConfiguration/>',
    ],
)
def test_a_document_that_is_none_is_refused(bucket: str, body: bytes) -> None:
    told = ask(signed("PUT", f"/{bucket}?notification", body, service="s3"))
    assert (told.status, "<Code>MalformedXML</Code>" in told.text) == (400, True)


def test_a_bucket_must_be_there(s3: Any) -> None:
    for call in (s3.get_bucket_notification_configuration, s3.get_bucket_notification):
        told = refused(call, Bucket="no-such-bucket-anywhere")
        assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == ("NoSuchBucket", 404)


def test_another_owner_is_refused(s3: Any, bucket: str) -> None:
    told = refused(s3.get_bucket_notification_configuration, Bucket=bucket, ExpectedBucketOwner="111122223333")
    assert told["Error"]["Code"] == "AccessDenied"


def test_it_goes_with_the_bucket(s3: Any, bucket: str, heard: Any) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    refused(s3.delete_bucket, Bucket=bucket)  # it is not empty
    assert Bucket.objects.exists()
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    assert not Bucket.objects.exists()
    s3.create_bucket(Bucket=bucket)
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
