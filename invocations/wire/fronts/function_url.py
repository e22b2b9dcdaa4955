"""Calls of function URLs: by the host name of their own, or below a path. The client waits; errors are its own.

Source of statuses, bodies and headers: AWS's page on function URLs and recorded answers.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from invocations import clock, limits
from invocations.decisions.cors import Cors
from invocations.decisions.http_answers import Headers, HttpAnswer, MalformedAnswer, answer_2_0
from invocations.decisions.http_events import Front, event_2_0
from invocations.decisions.tracing import continue_trace
from invocations.errors import (
    Refusal,
    RequestEntityTooLarge,
    ServiceFailure,
    SignatureRefused,
    TooManyRequests,
    UnusablePart,
)
from invocations.flows import function_urls, permissions
from invocations.flows.admission import admitted
from invocations.flows.invoke import invoke
from invocations.models import FunctionUrl
from invocations.values import Caller, InvocationResult, InvokeRequest
from invocations.wire import sigv4
from invocations.wire.credentials import Identity, identify
from invocations.wire.fronts import url_stream
from invocations.wire.fronts.parts import (
    confine,
    host_name,
    http_request,
    is_preflight,
    is_secure,
    port,
    preflight_headers,
    respond,
    share,
)
from invocations.wire.http import BodyTooLarge, Request, Response

log = logging.getLogger(__name__)

_HOST = re.compile(r"([a-z0-9]{32})\.lambda-url\.[a-z0-9-]+\..+")
_PATH = re.compile(re.escape(function_urls.PATH_FORM) + r"([^/]*)(/.*)?")
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
_NO_PAYLOAD_HASH = "UNSIGNED-PAYLOAD"


def answer(request: Request) -> Response | None:
    """Answer a call of a function URL; None when it is not one. Never raises."""
    found = recognise(request)
    if found is None:
        return None
    url_id, path = found
    request_id = str(uuid.uuid4())
    try:
        return confine(request, _answer(request, url_id, path, request_id))
    except Exception:
        log.exception("a call of function URL %s", url_id)
        return _plain(502, request_id)


def recognise(request: Request) -> tuple[str, str] | None:
    """The URL's id and the path that its function is to see, still percent-encoded."""
    host = _HOST.fullmatch(host_name(request))
    if host is not None:
        return host[1], request.path
    below = _PATH.fullmatch(request.path)
    return None if below is None else (below[1], below[2] or "/")


def _answer(request: Request, url_id: str, path: str, request_id: str) -> Response:
    row = function_urls.by_id(url_id)
    if row is None:
        return _denied(request_id, None)
    cors = None if row.cors is None else Cors.read(row.cors)
    origin = request.header("origin")
    if cors is not None and is_preflight(request):
        return _response(HttpAnswer(200, preflight_headers(request, cors)), request_id)
    shared = [] if cors is None else cors.answer_headers(origin)
    try:
        response = _call(request, row, path, request_id, from_page=origin is not None and not shared)
    except Refusal as refusal:
        response = _refused(refusal, request_id)
    if cors is not None:
        share(response, shared)
    return response


def _call(request: Request, row: FunctionUrl, path: str, request_id: str, *, from_page: bool) -> Response:
    try:
        body = request.read(limits.SYNC_REQUEST_BYTES)
    except BodyTooLarge:
        raise RequestEntityTooLarge(
            f"Request must be smaller than {limits.SYNC_REQUEST_BYTES} bytes for the InvokeFunction operation"
        ) from None
    identity = None
    if row.auth_type == "AWS_IAM":
        # Any web page could otherwise drive a laptop's functions with the default keys.
        identity = None if from_page else _identify(request, row, body)
        if identity is None or not _may(row, identity):
            return _denied(request_id, _FORBIDDEN)
    elif not permissions.allows_url(row.function_arn, "NONE"):
        return _denied(request_id, _FORBIDDEN)
    return _run(request, row, path, body, request_id, identity)


def _run(
    request: Request, row: FunctionUrl, path: str, body: bytes, request_id: str, identity: Identity | None
) -> Response:
    function = row.function
    now = clock.real()
    trace = continue_trace(request.header("x-amzn-trace-id"), now=now.timestamp(), random=os.urandom(20))
    front = Front(
        account="anonymous" if identity is None else identity.account,
        api_id=row.url_id,
        domain_name=f"{row.url_id}.lambda-url.{function.region}.on.aws",
        request_id=request_id,
        at=now,
        trace_header=trace,
        secure=is_secure(request),
        port=port(request),
        authorizer=None if identity is None else {"iam": _iam(identity)},
    )
    event = event_2_0(http_request(request, path, body), front)
    caller = Caller(
        function.scope,
        "url",
        "anonymous" if identity is None else identity.key_id,
        "" if identity is None else identity.arn,
        None if identity is None else identity.environment_id,
    )
    wanted = InvokeRequest(
        caller=caller,
        function=function.name,
        payload=json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode(),
        qualifier=row.qualifier or None,
        trace_header=trace,
        request_id=request_id,
        own_payload=True,
    )
    if row.invoke_mode == "RESPONSE_STREAM":
        return url_stream.respond(request, wanted)
    with admitted(caller):
        return render(invoke(wanted))


def render(result: InvocationResult) -> Response:
    """The function's answer, or 502 when it failed or gave none."""
    if result.function_error is not None:
        return _plain(502, result.request_id, result.trace_header)
    try:
        found = answer_2_0(result.payload)
    except MalformedAnswer as problem:
        log.info("invocation %s: %s", result.request_id, problem)
        return _plain(502, result.request_id, result.trace_header)
    return _response(found, result.request_id, result.trace_header)


def _identify(request: Request, row: FunctionUrl, body: bytes) -> Identity | None:
    """Who signed it; None when nobody did. Raises SignatureRefused."""
    authorization = request.header("authorization") or ""
    if authorization.startswith("AWS4-"):
        claim = sigv4.read_header(authorization, request.header)
    elif request.query and sigv4.is_presigned(request.query):
        claim = sigv4.read_query(request.query)
    else:
        return None
    sigv4.check_scope(claim, time.time())
    if claim.service != "lambda" or claim.region != row.function.region:
        raise SignatureRefused("Credential should be scoped to a valid region and to service 'lambda'.")
    identity = identify(claim.key_id, claim.token)
    sigv4.check_covered(claim, request.amz_headers())
    signed = sigv4.Signed(request.method, request.path, request.query, request.header)
    hashed = sigv4.payload_hash(request.header("x-amz-content-sha256"), body)
    sigv4.verify(claim, signed, hashed, identity.secret)
    identity.used(claim.service, claim.region)
    return identity


def _may(row: FunctionUrl, identity: Identity) -> bool:
    """An access key is the root of its account; other accounts need statements."""
    if identity.account == row.function.account:
        return True
    return permissions.allows_url(row.function_arn, "AWS_IAM", identity.account)


def _iam(identity: Identity) -> Mapping[str, Any]:
    return {
        "accessKey": identity.key_id,
        "accountId": identity.account,
        "callerId": identity.account,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": identity.arn,
        "userId": identity.account,
    }


def _refused(refusal: Refusal, request_id: str) -> Response:
    if isinstance(refusal, TooManyRequests):
        return _json(429, {"Reason": refusal.reason, "Type": "User", "message": refusal.message}, request_id, refusal)
    if isinstance(refusal, RequestEntityTooLarge):
        return _json(413, {"Message": refusal.message}, request_id, refusal)
    if isinstance(refusal, SignatureRefused):
        return _json(403, {"message": refusal.message}, request_id, refusal)
    if isinstance(refusal, ServiceFailure | UnusablePart):
        log.error("invocation %s: %s", request_id, refusal)
    return _plain(502, request_id)


def _denied(request_id: str, message: str | None) -> Response:
    found = _json(403, {"Message": message}, request_id, None)
    found.headers.append(("x-amzn-ErrorType", "AccessDeniedException"))
    return found


def _json(status: int, document: Mapping[str, Any], request_id: str, refusal: Refusal | None) -> Response:
    headers: Headers = [("Content-Type", "application/json")]
    if refusal is not None:
        headers.append(("x-amzn-ErrorType", refusal.code))
    return _response(HttpAnswer(status, headers, json.dumps(document).encode()), request_id)


def _plain(status: int, request_id: str, trace: str = "") -> Response:
    body = b"Internal Server Error"
    return _response(HttpAnswer(status, [("Content-Type", "text/plain")], body), request_id, trace)


def _response(found: HttpAnswer, request_id: str, trace: str = "") -> Response:
    return respond(found, ("x-amzn-RequestId", request_id), ("X-Amzn-Trace-Id", trace))
