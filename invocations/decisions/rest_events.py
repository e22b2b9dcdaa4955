"""An HTTP request as the event of payload format 1.0, which REST APIs hand to functions, and HTTP APIs that ask for it.

Source: AWS's pages on proxy integrations and payload formats; recorded details (reference: triggers, section 3). Pure.
What is not there is null. A REST API's body is text unless one of its binary media types fits; an HTTP API's is by its
content type.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from invocations.decisions.http_events import Front, HttpRequest, body_text, decoded_path
from invocations.decisions.policy import like

Pairs = Sequence[tuple[str, str]]

_OWN = (
    "connection",
    "content-length",
    "transfer-encoding",
    "x-amzn-trace-id",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-forwarded-proto",
)
_IDENTITY = (
    "cognitoIdentityPoolId",
    "accountId",
    "cognitoIdentityId",
    "caller",
    "sourceIp",
    "principalOrgId",
    "accessKey",
    "cognitoAuthenticationType",
    "cognitoAuthenticationProvider",
    "userArn",
    "userAgent",
    "user",
)


@dataclass(frozen=True)
class RestFront:
    """What a REST API adds to what every front knows."""

    resource_id: str
    resource_path: str
    stage_path: str  # the request's path with the stage
    deployment_id: str
    extended_request_id: str
    binary_types: tuple[str, ...] = ()


def event_1_0(request: HttpRequest, pairs: Pairs, front: Front, rest: RestFront | None) -> dict[str, Any]:
    """Return the event. `pairs` are the headers as they were sent; `rest` is None for an HTTP API's route."""
    headers = [*_passed(pairs), *_added(request, front)]
    query = parse_qsl(request.query, keep_blank_values=True)
    if not request.body:
        body, encoded = None, False
    elif rest is None:
        body, encoded = body_text(request.body, request.headers.get("content-type", ""))
    else:
        body, encoded = _rest_body(request, rest)
    path = decoded_path(request) if rest is None else request.path
    resource = front.route_key.partition(" ")[2] or front.route_key
    return {
        **({"version": "1.0"} if rest is None else {}),
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        "headers": dict(headers) or None,
        "multiValueHeaders": _many(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _many(query),
        "requestContext": _context(request, front, rest, resource, path if rest is None else rest.stage_path),
        "pathParameters": dict(front.path_parameters) or None,
        "stageVariables": dict(front.stage_variables) or None,
        "body": body,
        "isBase64Encoded": encoded,
    }


def takes_binary(types: Iterable[str], media_type: str) -> bool:
    """Whether one of an API's binary media types (`image/*` among them) is this one."""
    kind = media_type.partition(";")[0].strip().lower()
    return bool(kind) and any(like(one.lower(), kind) for one in types)


def _rest_body(request: HttpRequest, rest: RestFront) -> tuple[str, bool]:
    kind = request.headers.get("content-type", "application/json")
    if takes_binary(rest.binary_types, kind):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode("utf-8", "replace"), False


def _passed(pairs: Pairs) -> list[tuple[str, str]]:
    """Without what the gateway says itself; a name that comes again has its first spelling."""
    spelled: dict[str, str] = {}
    return [(spelled.setdefault(name.lower(), name), value) for name, value in pairs if name.lower() not in _OWN]


def _added(request: HttpRequest, front: Front) -> list[tuple[str, str]]:
    before = request.headers.get("x-forwarded-for")
    return [
        ("X-Amzn-Trace-Id", front.trace_header),
        ("X-Forwarded-For", request.source_ip if before is None else f"{before}, {request.source_ip}"),
        ("X-Forwarded-Port", front.port),
        ("X-Forwarded-Proto", "https" if front.secure else "http"),
    ]


def _many(pairs: Pairs) -> dict[str, list[str]] | None:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found or None


def _context(request: HttpRequest, front: Front, rest: RestFront | None, resource: str, path: str) -> dict[str, Any]:
    identity: dict[str, Any] = dict.fromkeys(_IDENTITY)
    identity["sourceIp"] = request.source_ip
    identity["userAgent"] = request.headers.get("user-agent")
    return {
        "resourceId": front.route_key if rest is None else rest.resource_id,
        "resourcePath": resource,
        "httpMethod": request.method,
        "extendedRequestId": front.request_id if rest is None else rest.extended_request_id,
        "requestTime": front.at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "path": path,
        "accountId": front.account,
        "protocol": request.protocol,
        "stage": front.stage,
        "domainPrefix": front.domain_name.partition(".")[0],
        "requestTimeEpoch": int(front.at.timestamp() * 1000),
        "requestId": front.request_id,
        "identity": identity,
        "domainName": front.domain_name,
        **({} if rest is None else {"deploymentId": rest.deployment_id}),
        "apiId": front.api_id,
    }
