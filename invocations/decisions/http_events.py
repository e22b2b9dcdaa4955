"""An HTTP request as the event of payload format 2.0, which function URLs and HTTP APIs hand to functions.

Source: AWS's pages on function URLs and on HTTP API payload formats; recorded details in the tests. Pure.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

_TEXT_TYPES = ("application/json", "application/xml", "application/javascript")
_NOT_PASSED = ("connection", "cookie", "transfer-encoding")


@dataclass(frozen=True)
class HttpRequest:
    """What came in. `path` and `query` as sent, still percent-encoded; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True)
class Front:
    """Who received it."""

    account: str  # of the caller, or "anonymous"
    api_id: str
    domain_name: str
    request_id: str
    at: datetime
    trace_header: str
    secure: bool
    port: str
    route_key: str = "$default"
    stage: str = "$default"
    authorizer: Mapping[str, Any] | None = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)


def event_2_0(request: HttpRequest, front: Front) -> dict[str, Any]:
    """Return the event. What is not there is left out, not null."""
    path = decoded_path(request)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": front.route_key,
        "rawPath": path,
        "rawQueryString": request.query,
    }
    cookies = _cookies(request.headers)
    if cookies:
        event["cookies"] = cookies
    event["headers"] = _headers(request, front)
    parameters = query_parameters(request.query)
    if parameters:
        event["queryStringParameters"] = parameters
    event["requestContext"] = _context(request, front, path)
    if front.path_parameters:
        event["pathParameters"] = dict(front.path_parameters)
    if front.stage_variables:
        event["stageVariables"] = dict(front.stage_variables)
    if request.body:
        event["body"], encoded = body_text(request.body, request.headers.get("content-type", ""))
    else:
        encoded = False
    event["isBase64Encoded"] = encoded
    return event


def decoded_path(request: HttpRequest) -> str:
    """The path as HTTP APIs and function URLs hand it on: decoded once."""
    return unquote(request.path, "latin-1").encode("latin-1").decode("utf-8", "replace")


def query_parameters(query: str) -> dict[str, str]:
    """Decoded; the values of a repeated key are joined by commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def body_text(body: bytes, content_type: str) -> tuple[str, bool]:
    """The body as the event carries it, and whether that is base64: everything is that is not plainly text."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def _cookies(headers: Mapping[str, str]) -> list[str]:
    return [part.strip() for part in headers.get("cookie", "").replace(",", ";").split(";") if part.strip()]


def _headers(request: HttpRequest, front: Front) -> dict[str, str]:
    found = {name: value for name, value in request.headers.items() if name not in _NOT_PASSED}
    before = found.get("x-forwarded-for")
    return {
        **found,
        "x-amzn-trace-id": front.trace_header,
        "x-forwarded-for": request.source_ip if before is None else f"{before}, {request.source_ip}",
        "x-forwarded-port": front.port,
        "x-forwarded-proto": "https" if front.secure else "http",
    }


def _context(request: HttpRequest, front: Front, path: str) -> dict[str, Any]:
    context: dict[str, Any] = {
        "accountId": front.account,
        "apiId": front.api_id,
        "domainName": front.domain_name,
        "domainPrefix": front.domain_name.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": front.request_id,
        "routeKey": front.route_key,
        "stage": front.stage,
        "time": front.at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(front.at.timestamp() * 1000),
    }
    if front.authorizer is not None:
        context["authorizer"] = dict(front.authorizer)
    return context
