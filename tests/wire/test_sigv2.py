"""S3's older query signatures, made by botocore's own signer."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import AWSRequest

from invocations.errors import SignatureRefused
from invocations.wire import sigv2, sigv4
from invocations.wire.http import Request
from tests.wire.asking import BASE, KEYS, Asked, ask


def link(method: str, target: str, expires: int = 60, headers: dict[str, str] | None = None) -> Asked:
    request = AWSRequest(method, BASE + target, headers=headers or {}, auth_path=target.partition("?")[0])
    HmacV1QueryAuth(KEYS, expires=expires).add_auth(request)
    parts = urlsplit(request.url)
    return Asked(method, f"{parts.path}?{parts.query}", headers or {})


def verify(asked: Asked, now: float | None = None) -> None:
    request = Request(asked.environ())
    assert sigv2.is_signed(request)
    sigv2.verify(sigv2.read(request), request, "test", time.time() if now is None else now)


@pytest.mark.parametrize(
    "target", ["/bucket/key", "/bucket/a%20b%2B", "/bucket/k?uploadId=x&partNumber=1", "/bucket?acl", "/b/k?odd=1"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
def test_what_botocore_presigns_is_accepted(method: str, target: str) -> None:
    verify(link(method, target, headers={"Content-Type": "text/plain"}))


@pytest.mark.parametrize(
    "change",
    [
        ("/key", "/kex"),
        ("/bucket", "/bucked"),
        ("Expires=", "Expires=9"),
        ("Signature=", "Signature=A"),
    ],
)
def test_a_changed_link_is_refused(change: tuple[str, str]) -> None:
    asked = link("GET", "/bucket/key")
    asked.target = asked.target.replace(*change)
    with pytest.raises(SignatureRefused):
        verify(asked)


def test_a_link_expires() -> None:
    with pytest.raises(sigv4.LinkExpired):
        verify(link("GET", "/bucket/key"), now=time.time() + 61)


def test_another_method_is_refused_in_s3_s_words(settings: Any) -> None:
    asked = link("GET", "/bucket/key")
    asked.method = "DELETE"
    heard = ask(asked)
    assert (heard.status, "<Code>SignatureDoesNotMatch</Code>" in heard.text) == (403, True)


@pytest.mark.parametrize("query", ["AWSAccessKeyId=&Signature=", "AWSAccessKeyId=test&Signature=x&Expires=soon"])
def test_a_broken_link_is_no_failure_of_ours(query: str) -> None:
    assert 400 <= ask(Asked("GET", f"/bucket/key?{query}")).status < 500
