"""SNS to HTTP endpoints, and the links in what they are sent."""

from __future__ import annotations

import base64
import json
import queue
import threading
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.house import House

SECONDS = 20
NS = "{http://sns.amazonaws.com/doc/2010-03-31/}"


@pytest.fixture
def sns(live: House) -> Any:
    return live.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    made: str = sns.create_topic(Name=f"t-{uuid.uuid4().hex[:12]}")["TopicArn"]
    return made


class Hook:
    """An HTTP endpoint; what it is sent waits in a queue."""

    def __init__(self) -> None:
        self.got: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.statuses: list[int] = []  # of the next answers; then 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(hook.statuses.pop(0) if hook.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def next(self) -> tuple[dict[str, str], Any]:
        headers, body = self.got.get(timeout=SECONDS)
        return headers, json.loads(body)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


def follow(url: str, **headers: str) -> ET.Element:
    with urlopen(Request(url, headers=headers), timeout=SECONDS) as answer:
        return ET.fromstring(answer.read())


def verify(body: dict[str, Any]) -> None:
    """As a receiver would: fetch the certificate and check AWS's string to sign."""
    with urlopen(body["SigningCertURL"], timeout=SECONDS) as answer:
        key = x509.load_pem_x509_certificate(answer.read()).public_key()
    known = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")
    text = "".join(f"{name}\n{body[name]}\n" for name in known if name in body)
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(body["Signature"]), text.encode(), padding.PKCS1v15(), hashes.SHA1())


def test_an_http_endpoint_from_the_handshake_to_the_farewell(sns: Any, topic: str, hook: Hook) -> None:
    assert sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url)["SubscriptionArn"] == (
        "pending confirmation"
    )
    headers, asked = hook.next()
    assert headers["x-amz-sns-message-type"] == asked["Type"] == "SubscriptionConfirmation"
    verify(asked)
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [one["SubscriptionArn"] for one in listed] == ["PendingConfirmation"]
    answer = follow(asked["SubscribeURL"], **{"Sec-Fetch-Site": "cross-site"})  # a person clicks, in whatever page
    row = answer.findtext(f"{NS}ConfirmSubscriptionResult/{NS}SubscriptionArn")
    attributes = sns.get_subscription_attributes(SubscriptionArn=row)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("false", "false")

    hook.statuses = [503]
    sns.set_subscription_attributes(
        SubscriptionArn=row,
        AttributeName="DeliveryPolicy",
        AttributeValue='{"healthyRetryPolicy": {"numRetries": 1, "numNoDelayRetries": 1}}',
    )
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="s")
    first, again = hook.next(), hook.next()
    assert first == again
    headers, told = again
    assert told["MessageId"] == headers["x-amz-sns-message-id"] == sent["MessageId"]
    assert headers["x-amz-sns-subscription-arn"] == row
    verify(told)

    follow(told["UnsubscribeURL"])
    headers, farewell = hook.next()
    assert headers["x-amz-sns-message-type"] == farewell["Type"] == "UnsubscribeConfirmation"
    verify(farewell)
    sns.confirm_subscription(TopicArn=topic, Token=farewell["Token"])
    sns.publish(TopicArn=topic, Message="back")
    assert hook.next()[1]["Message"] == "back"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:000000000000:t&Token=x", 400, "InvalidParameter"),
        ("Action=Unsubscribe&SubscriptionArn=x", 400, "InvalidParameter"),
        ("Action=Unsubscribe", 400, "ValidationError"),
        ("Action=ListTopics", 403, "MissingAuthenticationToken"),
        ("Action=DeleteTopic&TopicArn=x", 403, "MissingAuthenticationToken"),
    ],
)
def test_links_without_a_signature_lead_no_further(live: House, query: str, status: int, code: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{live.url}/?{query}", timeout=SECONDS)
    with refused.value as answer:
        document = ET.fromstring(answer.read())
        assert (answer.code, document.findtext("Error/Code")) == (status, code)


def test_an_unknown_certificate_is_404(live: House) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{live.url}/_lambdaplay/sns/SimpleNotificationService-0.pem", timeout=SECONDS)
    with refused.value as answer:
        assert answer.code == 404
