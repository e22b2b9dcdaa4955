"""What an AWS request is, who signed it, and which service it is for.

Order of recognition (design, Endpoint): SigV4 in header or query, S3's older forms, unsigned requests that are plainly
meant for AWS. Whatever is none of these belongs to the console.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from types import ModuleType

from invocations.errors import AccessDenied, SignatureRefused
from invocations.values import Caller, Scope
from invocations.wire import companion, operations, sigv2, sigv4
from invocations.wire.buckets.asked import is_form
from invocations.wire.credentials import identify
from invocations.wire.http import BodyTooLarge, Request, Response
from invocations.wire.origin import refuse_pages
from invocations.wire.plan import Plan
from invocations.wire.protocol import query, rest_json, wording
from invocations.wire.services import registry
from invocations.wire.unsigned import MissingToken, is_for_aws

_DATED = re.compile(r"/+\d{4}-\d{2}-\d{2}(?:/|$)")
# Services whose paths begin with an API version; all others there are signed for the wrong service.
REST_SERVICES = ("lambda",)
S3_REGION = "us-east-1"  # of signatures that name none
NOBODY = Caller(Scope("", ""), "api", "", "")
_CLAIMED_SERVICE = re.compile(r"(?:/|%2F)([a-z0-9-]{1,40})(?:/|%2F)aws4_request")


def answer(request: Request) -> Response | None:
    """Answer an AWS request; None when it is not one. Never raises."""
    carry_out = _recognise(request)
    if carry_out is None:
        return None
    request_id = str(uuid.uuid4())
    try:
        return carry_out(request, request_id)
    except Exception as problem:  # the last wall: every failure is worded in the caller's protocol
        return wording.error(problem, _protocol(request, _claimed_service(request)), request_id)


def _protocol(request: Request, service: str | None) -> ModuleType:
    ours = registry().get(service) if service is not None else None
    return wording.spoken(request, service) if ours is None else wording.of_model(request, ours.model)


def _recognise(request: Request) -> Callable[[Request, str], Response] | None:
    authorization = request.header("authorization")
    if authorization is not None and authorization.startswith("AWS4-"):
        return _by_header
    if request.query and sigv4.is_presigned(request.query):
        return _by_query
    if sigv2.is_signed(request):
        return _older_s3
    if is_form(request):
        return _upload
    if is_for_aws(request):
        return _unsigned
    return None


def _claimed_service(request: Request) -> str | None:
    """The service in the credential scope, read so loosely that it works when nothing else does."""
    if sigv2.is_signed(request) or is_form(request):
        return "s3"
    found = _CLAIMED_SERVICE.search(request.header("authorization") or request.query)
    return None if found is None else found[1]


def _by_header(request: Request, request_id: str) -> Response:
    return _signed(request, sigv4.read_header(request.header("authorization") or "", request.header), request_id)


def _by_query(request: Request, request_id: str) -> Response:
    return _signed(request, sigv4.read_query(request.query), request_id)


def _older_s3(request: Request, request_id: str) -> Response:
    refuse_pages(request)
    claim = sigv2.read(request)
    identity = identify(claim.key_id, claim.token)
    sigv2.verify(claim, request, identity.secret, time.time())
    identity.used("s3", S3_REGION)
    return companion.s3_plain(request, identity)


def _upload(request: Request, request_id: str) -> Response:
    refuse_pages(request)
    return companion.s3_form(request)


def _unsigned(request: Request, request_id: str) -> Response:
    if request.method == "GET":
        action = query.fields(request, b"").get("Action", "")
        for service in registry().values():
            if action in service.unsigned:
                # A link in a message: whoever has it may follow it, from a browser's page, too.
                return operations.plan(service, query, request).run(NOBODY, b"", request_id)
    refuse_pages(request)
    raise MissingToken("Missing Authentication Token")


def _signed(request: Request, claim: sigv4.Signature, request_id: str) -> Response:
    refuse_pages(request)
    if claim.presigned and request.method != "GET" and claim.service != "s3":
        raise AccessDenied("A signature in the query string is accepted for GET requests only.")
    sigv4.check_scope(claim, time.time())  # real time, whatever the product clock says
    identity = identify(claim.key_id, claim.token)
    sigv4.check_covered(claim, request.amz_headers())
    signed = sigv4.Signed(request.method, request.path, request.query, request.header)
    if claim.service == "s3":
        return companion.s3(request, claim, signed, identity)
    plan = _plan(request, claim.service)
    try:
        body = request.read(plan.limit)
    except BodyTooLarge:
        raise plan.too_large() from None
    hashed = sigv4.payload_hash(request.header("x-amz-content-sha256"), body)
    sigv4.verify(claim, signed, hashed, identity.secret)
    identity.used(claim.service, claim.region)
    return plan.run(identity.caller(claim.region), body, request_id)


def _plan(request: Request, service: str) -> Plan:
    ours = registry().get(service)
    direct = ours.direct(request) if ours is not None and ours.direct is not None else None
    if direct is not None:
        return direct
    protocol = _protocol(request, service)
    dated = protocol is rest_json and _DATED.match(request.path) is not None
    if dated and service not in REST_SERVICES:
        raise SignatureRefused("Credential should be scoped to correct service: 'lambda'. ")
    if ours is not None:
        return operations.plan(ours, protocol, request)
    return companion.plan(request, service)
