"""Requests signed by botocore's own signer, asked of the endpoint without a server between."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from invocations.wire.endpoint import Endpoint

BASE = "http://127.0.0.1:8000"
KEYS = Credentials("test", "test")


@dataclass
class Asked:
    """A request that can be tampered with before it is sent."""

    method: str
    target: str  # raw path and query
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def environ(self) -> dict[str, Any]:
        path, _, query = self.target.partition("?")
        found: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "RAW_URI": self.target,
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.input": io.BytesIO(self.body),
            "HTTP_HOST": "127.0.0.1:8000",
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            raw = value.encode().decode("latin-1")  # as servers hand bytes over
            found[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = raw
        return found


@dataclass
class Heard:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(asked: Asked) -> Heard:
    """Send it through the endpoint; the console answers 299."""
    heard: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        heard.update(status=int(status[:3]), headers={name.lower(): value for name, value in headers})

    pieces = Endpoint(_console)(asked.environ(), start_response)
    return Heard(heard["status"], heard["headers"], b"".join(pieces))


def _console(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("299 Console", [])
    return [environ["wsgi.input"].read()]


def signed(
    method: str,
    target: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    *,
    service: str = "lambda",
    region: str = "us-east-1",
    keys: Credentials = KEYS,
    at: datetime | None = None,
) -> Asked:
    """Sign with an Authorization header, as boto3 does."""
    request = AWSRequest(method, BASE + target, data=body, headers=headers or {})
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(keys, service, region)
    _sign(signer, request, at)
    return Asked(method, target, dict(request.headers.items()), body)


def presigned(
    method: str,
    target: str,
    *,
    service: str = "sts",
    region: str = "us-east-1",
    keys: Credentials = KEYS,
    expires: int = 60,
    at: datetime | None = None,
    body: bytes = b"",
) -> Asked:
    """Sign in the query string, as boto3's generate_presigned_url does."""
    request = AWSRequest(method, BASE + target, data=body)
    signer = (S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth)(keys, service, region, expires=expires)
    _sign(signer, request, at)
    parts = urlsplit(request.url)
    return Asked(method, f"{parts.path}?{parts.query}", {}, body)


def _sign(signer: Any, request: AWSRequest, at: datetime | None) -> None:
    """botocore takes the time from a function of its own; a signature of another time needs that one told."""
    if at is None:
        signer.add_auth(request)
        return
    import botocore.auth

    original = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: at.replace(tzinfo=None if remove_tzinfo else UTC)
    try:
        signer.add_auth(request)
    finally:
        botocore.auth.get_current_datetime = original


WHO = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def who(**options: Any) -> Asked:
    """The simplest signed call there is: STS GetCallerIdentity."""
    return signed("POST", "/", WHO, dict(FORM), service="sts", **options)
