"""A real boto3 client whose requests are put into the endpoint of this process: all of the wire, no server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from tests.wire.asking import BASE, Asked, ask


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@cache
def client(service: str, region: str = "us-east-1", key_id: str = "test") -> Any:
    """boto3's client of a service, without retries and without its own checks of parameters."""
    made = boto3.client(
        service,
        region_name=region,
        endpoint_url=BASE,
        aws_access_key_id=key_id,
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    made.meta.events.register_first("before-send.*.*", _send)
    return made


def _send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    parts = urlsplit(request.url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    body = request.body or b""
    body = body.read() if hasattr(body, "read") else body.encode() if isinstance(body, str) else bytes(body)
    headers = {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in request.headers.items()
        if name.lower() != "content-length"
    }
    heard = ask(Asked(request.method, target, headers, body))
    return AWSResponse(request.url, heard.status, heard.headers, _Raw(heard.body))
