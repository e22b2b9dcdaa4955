"""Signatures made by botocore's own signer; every change to what they cover is noticed."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from invocations.errors import SignatureRefused
from invocations.wire import sigv4
from invocations.wire.http import Request
from tests.wire.asking import KEYS, Asked, ask, presigned, signed, who

ARN_PATH = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Afn/invocations"
TARGETS = [
    "/",
    "/2015-03-31/functions",
    "/2015-03-31/functions/",
    "/2015-03-31/functions?Marker=a%2Fb&MaxItems=3",
    ARN_PATH,
    ARN_PATH + "?Qualifier=%24LATEST",
    "/2017-03-31/tags/arn%3Aaws?tagKeys=b&tagKeys=a&tagKeys=",
    "/a//b/./c/../d",
    "/caf%C3%A9/~tilde_-.",
    "/a%20b?x=%20y&z=%2B&e=%3D&flag=",
]


def verify(asked: Asked, secret: str = "test", now: datetime | None = None) -> None:
    request = Request(asked.environ())
    authorization = request.header("authorization")
    claim = (
        sigv4.read_header(authorization, request.header)
        if authorization is not None
        else sigv4.read_query(request.query)
    )
    sigv4.check_scope(claim, (now or datetime.now(UTC)).timestamp())
    stated = request.header("x-amz-content-sha256")
    hashed = stated or sigv4.UNSIGNED if claim.service == "s3" else sigv4.payload_hash(stated, asked.body)
    sigv4.verify(claim, sigv4.Signed(request.method, request.path, request.query, request.header), hashed, secret)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_botocore_signs_in_a_header_is_accepted(method: str, target: str) -> None:
    verify(signed(method, target, b'{"a": 1}', {"X-Amz-Log-Type": "Tail", "X-Amz-Odd": "  a   b  "}))


@pytest.mark.parametrize("target", TARGETS)
def test_what_botocore_presigns_is_accepted(target: str) -> None:
    verify(presigned("GET", target))


@pytest.mark.parametrize("target", ["/bucket/a//b/../c", "/bucket/a%20b%2Bc%C3%BC", "/b/k?uploads=&prefix=a%2F"])
def test_s3_encodes_once_and_normalises_nothing(target: str) -> None:
    verify(signed("PUT", target, b"body", service="s3"))
    verify(presigned("GET", target, service="s3"))


@pytest.mark.parametrize(
    "tamper",
    [
        lambda a: setattr(a, "method", "PUT"),
        lambda a: setattr(a, "target", a.target.replace("fn", "fm")),
        lambda a: setattr(a, "target", a.target + "?Qualifier=1"),
        lambda a: setattr(a, "target", a.target.replace("%3A", "%3a")),
        lambda a: setattr(a, "body", a.body + b" "),
        lambda a: a.headers.update({"X-Amz-Log-Type": "None"}),
        lambda a: a.headers.update({"Host": "localhost:8000"}),
        lambda a: a.headers.pop("X-Amz-Log-Type"),
        lambda a: a.headers.update(Authorization=a.headers["Authorization"].replace("us-east-1", "us-east-2")),
        lambda a: a.headers.update(Authorization=a.headers["Authorization"].replace("/lambda/", "/sts/")),
        lambda a: a.headers.update(Authorization=a.headers["Authorization"][:-1] + "g"),
        lambda a: a.headers.update(Authorization=a.headers["Authorization"][:-1]),
        lambda a: a.headers.update({"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}),
        lambda a: a.headers.update({"X-Amz-Content-SHA256": "0" * 64}),
    ],
)
def test_a_change_to_anything_signed_is_refused(tamper: object) -> None:
    asked = signed("POST", ARN_PATH, b"{}", {"X-Amz-Log-Type": "Tail"})
    verify(asked)
    tamper(asked)  # type: ignore[operator]
    with pytest.raises(SignatureRefused) as refused:
        verify(asked)
    assert refused.value.message == sigv4.MISMATCH


def test_a_change_to_a_presigned_query_is_refused() -> None:
    asked = presigned("GET", "/?Action=GetCallerIdentity")
    for old, new in [("GetCallerIdentity", "AssumeRole"), ("X-Amz-Expires=60", "X-Amz-Expires=600")]:
        tampered = Asked("GET", asked.target.replace(old, new))
        with pytest.raises(SignatureRefused, match="does not match"):
            verify(tampered)


def test_another_secret_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="does not match"):
        verify(who(keys=Credentials("test", "other")))


@given(
    path=st.lists(st.text(string.ascii_letters + string.digits + "-._~%$@!*'();:=+, ä/", max_size=12), max_size=5),
    query=st.lists(st.tuples(st.text("abäZ%+&= /~", max_size=6), st.text("abäZ%+&= /~", max_size=6)), max_size=4),
    body=st.binary(max_size=64),
    service=st.sampled_from(["lambda", "sqs", "s3"]),
)
def test_any_path_and_query_that_a_client_encodes_is_accepted(
    path: list[str], query: list[tuple[str, str]], body: bytes, service: str
) -> None:
    from urllib.parse import quote

    target = "/" + "/".join(quote(part, safe="~") for part in path)
    if query:
        target += "?" + "&".join(f"{quote(n, safe='~')}={quote(v, safe='~')}" for n, v in query)
    verify(signed("POST", target, body, service=service))


NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def refusal(asked: Asked, now: datetime) -> SignatureRefused:
    with pytest.raises(SignatureRefused) as refused:
        verify(asked, now=now)
    return refused.value


def test_a_signature_is_good_for_five_minutes_either_way() -> None:
    asked = who(at=NOON)
    verify(asked, now=NOON + timedelta(minutes=5))
    verify(asked, now=NOON - timedelta(minutes=5))
    assert refusal(asked, NOON + timedelta(minutes=35)).message == (
        "Signature expired: 20260131T120000Z is now earlier than 20260131T123000Z (20260131T123500Z - 5 min.)"
    )
    assert refusal(asked, NOON - timedelta(minutes=6)).message == (
        "Signature not yet current: 20260131T120000Z is still later than 20260131T115900Z (20260131T115400Z + 5 min.)"
    )


def test_s3_allows_fifteen_minutes() -> None:
    asked = signed("GET", "/bucket", service="s3", at=NOON)
    verify(asked, now=NOON + timedelta(minutes=15))
    assert isinstance(refusal(asked, NOON + timedelta(minutes=16)), sigv4.OutOfTime)


def test_a_presigned_request_lives_as_long_as_it_says() -> None:
    asked = presigned("GET", "/?Action=GetCallerIdentity", expires=3600, at=NOON)
    verify(asked, now=NOON + timedelta(hours=1))
    assert isinstance(refusal(asked, NOON + timedelta(hours=1, seconds=1)), sigv4.LinkExpired)


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        ("AWS4-HMAC-SHA256 ", "Authorization header requires 'Credential' parameter."),
        ("AWS4-HMAC-SHA256 Credential=a/20260131/r/s/aws4_request", "Authorization header requires 'Signature'"),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=x", "exactly 5 slash-delimited elements"),
        ("AWS4-HMAC-SHA256 Credential=a/20260131/us-east-1/s/v4, SignedHeaders=host, Signature=x", "valid terminator"),
        (
            "AWS4-HMAC-SHA256 Credential=a/20260131/us-east-1/s/aws4_request, SignedHeaders=x-amz-date, Signature=x",
            "'Host' or ':authority' must be a 'SignedHeader'",
        ),
        ("AWS4-ECDSA-P256-SHA256 Credential=a", "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'."),
    ],
)
def test_a_malformed_header_hears_what_is_missing(authorization: str, text: str) -> None:
    heard = ask(
        Asked("GET", "/2015-03-31/functions", {"Authorization": authorization, "X-Amz-Date": "20260131T120000Z"})
    )
    assert heard.status == 403
    assert text in heard.document["message"]


def test_a_missing_date_is_named() -> None:
    heard = ask(Asked("GET", "/2015-03-31/functions", {"Authorization": "AWS4-HMAC-SHA256 Credential=a"}))
    assert "existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with" in heard.document["message"]
    assert heard.headers["x-amzn-errortype"] == "IncompleteSignatureException"


def test_the_scope_s_date_and_region_are_checked() -> None:
    asked = who(at=datetime.now(UTC))
    today = asked.headers["X-Amz-Date"][:8]
    asked.headers["Authorization"] = asked.headers["Authorization"].replace(f"/{today}/", "/20200101/")
    assert "Date in Credential scope does not match" in ask(asked).text
    assert "Credential should be scoped to a valid region. " in ask(who(region="here")).text


def test_a_lambda_path_signed_for_another_service_is_told_so() -> None:
    heard = ask(signed("GET", "/2015-03-31/functions", service="execute-api"))
    assert heard.status == 403
    assert heard.document == {"message": "Credential should be scoped to correct service: 'lambda'. "}


@pytest.mark.parametrize("expires", ["0", "604801", "-1", "x", "9" * 400, "\u0661"])
def test_expiry_must_be_a_number_of_seconds_up_to_seven_days(expires: str) -> None:
    asked = presigned("GET", "/?Action=GetCallerIdentity")
    asked.target = asked.target.replace("X-Amz-Expires=60", f"X-Amz-Expires={expires}")
    heard = ask(asked)
    assert heard.status == 400
    assert "IncompleteSignature" in heard.text


@pytest.mark.parametrize("header", ["X-Amz-Invocation-Type", "X-Amz-Log-Type", "x-amz-acl"])
@pytest.mark.parametrize("service", ["lambda", "s3"])
def test_a_header_that_nobody_signed_is_refused(service: str, header: str) -> None:
    asked = signed("POST", "/2015-03-31/functions/fn/invocations", b"{}", service=service)
    asked.headers[header] = "DryRun"
    heard = ask(asked)
    assert heard.status == 403
    assert "There were headers present in the request which were not signed" in heard.text


def test_query_signatures_are_for_get_only() -> None:
    assert ask(presigned("GET", "/?Action=GetCallerIdentity&Version=2011-06-15")).status == 200
    heard = ask(presigned("POST", "/2015-03-31/functions/fn/invocations", service="lambda", body=b"{}"))
    assert heard.status == 403
    assert heard.headers["x-amzn-errortype"] == "AccessDeniedException"


def test_the_keys_of_the_test_are_the_default_ones() -> None:
    assert KEYS.access_key == "test"
