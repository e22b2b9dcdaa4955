"""Buckets for tests: boto3, the endpoint of this process, and a real S3 emulator by its URL."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invocations.models import Delivery
from tests.wire.boto import client

ACCOUNT = "000000000000"
QUEUES = f"arn:aws:sqs:us-east-1:{ACCOUNT}:"
EVERYTHING = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*", "s3:ObjectAcl:Put"]


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """moto as anybody runs it: the URL of a server that knows nothing of us."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def s3(emulator: str, settings: Any) -> Any:
    settings.LAMBDAPLAY_COMPANION = emulator
    return client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"bk-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def open_queue(name: str, **condition: Any) -> str:
    """A queue that S3 may send to."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        **({"Condition": condition} if condition else {}),
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})
    return QUEUES + name


def queue_rule(arn: str, events: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {"QueueConfigurations": [{"QueueArn": arn, "Events": events or EVERYTHING, **more}]}


@pytest.fixture
def heard(s3: Any, bucket: str) -> Any:
    """Everything about the bucket goes to a queue: call it for the records so far, the test message apart."""
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=queue_rule(open_queue("heard"), Id="all")
    )
    Delivery.objects.all().delete()

    def records() -> list[dict[str, Any]]:
        rows = Delivery.objects.select_related("content").order_by("pk")
        return [json.loads(bytes(row.content.body))["Records"][0] for row in rows]

    return records


def refused(call: Any, **given: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as error:
        call(**given)
    found: dict[str, Any] = error.value.response
    return found
