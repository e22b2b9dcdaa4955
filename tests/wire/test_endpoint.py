"""What the endpoint takes for itself, what it leaves to the console, and what it turns away."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.credentials import Credentials

from invocations.wire.http import Request
from tests.wire.asking import FORM, WHO, Asked, ask, presigned, signed, who

CONSOLE = 299


@pytest.mark.parametrize(
    "asked",
    [
        Asked("GET", "/"),
        Asked("GET", "/admin/"),
        Asked("POST", "/admin/login/", dict(FORM), b"username=a&Action=b"),
        Asked("GET", "/healthz"),
        Asked(
            "POST", "/functions/fn/invoke/", {"Authorization": "Basic dGVzdDp0ZXN0", "Content-Type": "text/x"}, b"{}"
        ),
        Asked("GET", "/_lambdaplay/clock"),
        Asked("POST", "/", dict(FORM), b"ActionX=1"),
        Asked("GET", "/_lambdaplay/code/short"),
    ],
)
def test_what_is_not_for_aws_goes_to_the_console(asked: Asked) -> None:
    heard = ask(asked)
    assert heard.status == CONSOLE
    assert heard.body == asked.body


@pytest.mark.parametrize(
    ("asked", "status", "text"),
    [
        (Asked("GET", "/2015-03-31/functions"), 403, '{"message":"Missing Authentication Token"}'),
        (
            Asked("POST", "/", {"X-Amz-Target": "AmazonSQS.ListQueues"}, b"{}"),
            400,
            '{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}',
        ),
        (Asked("POST", "/", dict(FORM), WHO), 403, "<Code>MissingAuthenticationToken</Code>"),
        (Asked("GET", "/?Action=GetCallerIdentity"), 403, "<Code>MissingAuthenticationToken</Code>"),
        (Asked("GET", "/b/k", {"Authorization": "AWS test:x"}), 400, "Please use AWS4-HMAC-SHA256."),
        (Asked("POST", "/bucket", {"Content-Type": "multipart/form-data; boundary=x"}), 400, "exactly one file"),
    ],
)
def test_unsigned_requests_hear_it_in_their_protocol(asked: Asked, status: int, text: str) -> None:
    heard = ask(asked)
    assert (heard.status, text in heard.text) == (status, True)
    assert heard.headers.get("x-amzn-requestid") or heard.headers.get("x-amz-request-id")


def test_a_signed_call_is_answered() -> None:
    heard = ask(who())
    assert heard.status == 200
    assert "<Account>000000000000</Account>" in heard.text
    assert "<Arn>arn:aws:iam::000000000000:root</Arn>" in heard.text
    assert heard.headers["x-amzn-requestid"] in heard.text


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:9",
        "127.8.8.8",
        "localhost",
        "LOCALHOST:80",
        "a.b.localhost:1",
        "[::1]:8000",
        "localhost.",
    ],
)
def test_our_own_host_names_are_answered(host: str) -> None:
    assert ask(Asked("GET", "/admin/", {"Host": host})).status == CONSOLE


@pytest.mark.parametrize(
    "host", ["evil.com", "10.0.0.1", "localhost.evil.com", "", "127.0.0.1.evil.com", "xlocalhost", "[::2]", "a b"]
)
@pytest.mark.parametrize("asked", [Asked("GET", "/admin/"), who()])
def test_other_host_names_are_misdirected(host: str, asked: Asked) -> None:
    heard = ask(Asked(asked.method, asked.target, {**asked.headers, "Host": host}, asked.body))
    assert heard.status == 421


def test_listed_host_names_are_answered(settings: Any) -> None:
    settings.LAMBDAPLAY_EXTRA_HOSTS = ["Play.Example"]
    assert ask(Asked("GET", "/admin/", {"Host": "play.example:8000"})).status == CONSOLE


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.com"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize(
    "asked", [who(), presigned("GET", "/?Action=GetCallerIdentity"), presigned("GET", "/b/k", service="s3")]
)
def test_what_a_web_page_sends_is_refused(headers: dict[str, str], asked: Asked) -> None:
    heard = ask(Asked(asked.method, asked.target, {**asked.headers, **headers}, asked.body))
    assert heard.status == 403
    assert "Requests of web pages are not accepted here." in heard.text


def test_a_user_s_own_click_is_not_a_web_page() -> None:
    asked = presigned("GET", "/?Action=GetCallerIdentity&Version=2011-06-15")
    assert ask(Asked("GET", asked.target, {"Sec-Fetch-Site": "none"})).status == 200


@pytest.mark.parametrize("service", ["pipes", "ec2", "nonsense"])
def test_a_service_not_offered_is_refused_by_name(service: str) -> None:
    heard = ask(signed("POST", "/", b"{}", {"X-Amz-Target": "X.Y"}, service=service))
    assert heard.status == 400
    assert heard.document["message"] == f"lambdaplay does not offer the service '{service}'."


def test_a_wrong_signature_hides_which_services_there_are() -> None:
    heard = ask(signed("POST", "/", b"{}", {"X-Amz-Target": "X.Y"}, service="sqs", keys=Credentials("test", "no")))
    assert heard.document["__type"] == "InvalidSignatureException"


def test_without_a_companion_its_services_are_refused_by_name(settings: Any) -> None:
    settings.LAMBDAPLAY_COMPANION = "none"
    heard = ask(signed("POST", "/", b"{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, service="dynamodb"))
    assert "needs a companion, and LAMBDAPLAY_COMPANION is 'none'" in heard.document["message"]
    heard = ask(signed("GET", "/bucket", service="s3"))
    assert (heard.status, "<Code>NotImplemented</Code>" in heard.text) == (501, True)


@pytest.mark.parametrize("action", ["GetFederationToken", "Nonsense", ""])
def test_other_sts_actions_are_refused(action: str) -> None:
    heard = ask(signed("POST", "/", f"Action={action}&Version=2011-06-15".encode(), dict(FORM), service="sts"))
    assert heard.status == 400
    assert action in heard.text


@pytest.mark.parametrize("body", [b"\xff=1", b"&".join(b"a%d=1" % n for n in range(3000)), b"\x00\x01"])
def test_a_form_that_cannot_be_read_is_no_failure_of_ours(body: bytes) -> None:
    heard = ask(signed("POST", "/", body, dict(FORM), service="sts"))
    assert heard.status == 400


def test_a_body_over_the_operation_s_limit_is_refused_before_it_is_read() -> None:
    asked = signed("POST", "/2015-03-31/functions/fn/invocations", b"{}")
    environ = asked.environ() | {"CONTENT_LENGTH": str(6 * 1024 * 1024 + 1)}
    assert Request(environ).content_length == 6_291_457
    asked.headers["Content-Length"] = "6291457"
    heard = ask(asked)
    assert heard.status == 413
    assert heard.headers["x-amzn-errortype"] == "RequestEntityTooLargeException"
    assert heard.document == {"Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"}


def test_a_body_of_unknown_length_is_read_no_further_than_the_limit() -> None:
    asked = signed("POST", "/2015-03-31/functions/fn/invocations", b" " * (6 * 1024 * 1024 + 1))
    asked.headers["Transfer-Encoding"] = "chunked"
    assert ask(asked).status == 413


@pytest.mark.django_db
def test_a_stranger_s_large_body_is_not_judged_by_its_size() -> None:
    asked = signed("POST", "/2015-03-31/functions/fn/invocations", b"{}", keys=Credentials("AKIA-", "x"))
    asked.headers["Content-Length"] = "9999999999"
    assert ask(asked).status == 403


@pytest.mark.parametrize(
    ("uri", "path", "query"),
    [
        ("/a%2Fb?c=d#e", "/a%2Fb", "c=d"),
        ("http://127.0.0.1/a?b", "/a", "b"),
        ("*", "*", ""),
        ("//evil/x", "//evil/x", ""),
        ("/?", "/", ""),
    ],
)
def test_the_request_line_is_read_raw(uri: str, path: str, query: str) -> None:
    request = Request({"REQUEST_METHOD": "GET", "RAW_URI": uri})
    assert (request.path, request.query) == (path, query)
