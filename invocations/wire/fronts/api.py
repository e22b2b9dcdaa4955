"""Requests to APIs: by the host name of an API, or below a path. The client waits; errors are its own.

Which API, stage and route it is, whether the function lets API Gateway call it, and its answer on the wire. What each
kind of API says when something goes wrong is in `api_errors`. Source: AWS's pages on HTTP and REST APIs; reference:
triggers, sections 3 and 4.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from invocations import clock, limits
from invocations.arns import FunctionReference
from invocations.decisions.api_routes import DEFAULT, Match
from invocations.decisions.http_answers import HttpAnswer, MalformedAnswer, answer_2_0
from invocations.decisions.http_events import Front, event_2_0
from invocations.decisions.rest_answers import answer_1_0
from invocations.decisions.rest_events import RestFront, event_1_0, takes_binary
from invocations.decisions.tracing import continue_trace
from invocations.errors import LambdaplayError
from invocations.flows.http_api import serving
from invocations.flows.http_api.apis import PATH_FORM
from invocations.flows.invoke_within import StillRunning, invoke_within
from invocations.values import Caller, InvocationResult, InvokeRequest, Scope
from invocations.wire.fronts import api_errors
from invocations.wire.fronts.api_errors import Failure
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

_HOST = re.compile(r"([a-z0-9]{10})\.execute-api\.[a-z0-9-]+\..+")
_PATH = re.compile(re.escape(PATH_FORM) + r"([^/]*)(/.*)?")
_PREFLIGHT_STATUS = 204


@dataclass(frozen=True)
class Place:
    """The stage that a request is for. `path` is without it, `whole_path` with it where it is part of the path."""

    stage: serving.Stage
    path: str
    whole_path: str


@dataclass(frozen=True)
class Arrival:
    """One request to an API: what it is, when, and its ids."""

    api: serving.Served
    place: Place
    at: datetime
    trace: str
    request_id: str  # of the invocation; for REST APIs of the request, too
    gateway_id: str  # apigw-requestid, x-amz-apigw-id


def answer(request: Request) -> Response | None:
    """Answer a request to an API; None when it is none. Never raises."""
    found = recognise(request)
    if found is None:
        return None
    api_id, path, below = found
    try:
        return confine(request, _answer(request, api_id, path, below))
    except Exception:
        log.exception("a request to API %s", api_id)
        return api_errors.respond_with(api_errors.internal(False), False)


def recognise(request: Request) -> tuple[str, str, bool] | None:
    """The API's id, the path below its address, and whether that names every stage; still percent-encoded."""
    host = _HOST.fullmatch(host_name(request))
    if host is not None:
        return host[1], request.path, False
    below = _PATH.fullmatch(request.path)
    return None if below is None else (below[1], below[2] or "/", True)


def _answer(request: Request, api_id: str, path: str, below: bool) -> Response:
    api = serving.find(api_id)
    if api is None:
        return api_errors.respond_with(api_errors.NO_API, True)
    gateway_id = secrets.token_urlsafe(11) + "="
    shared = [] if api.cors is None else api.cors.answer_headers(request.header("origin"))
    try:
        response = _serve(request, api, path, below, gateway_id)
    except Failure as failure:
        response = api_errors.respond_with(failure, api.rest, gateway_id)
    if api.cors is not None:
        share(response, shared if not is_preflight(request) else preflight_headers(request, api.cors))
    return response


def _serve(request: Request, api: serving.Served, path: str, below: bool, gateway_id: str) -> Response:
    if api.closed:
        raise api_errors.closed(api.rest)
    place = locate(api, path, below)
    if place is None:
        raise api_errors.no_stage(api.rest)
    if api.cors is not None and is_preflight(request):
        return respond(HttpAnswer(_PREFLIGHT_STATUS), ("apigw-requestid", gateway_id))
    match = api.match(request.method, place.path)
    target = None if match is None else api.routes[match.key].target
    if match is None or target is None:
        raise api_errors.no_route(api.rest)
    now = clock.real()
    trace = continue_trace(request.header("x-amzn-trace-id"), now=now.timestamp(), random=os.urandom(20))
    arrival = Arrival(api, place, now, trace, str(uuid.uuid4()), gateway_id)
    function = serving.function_behind(target, place.stage)
    source = api.source_arn(place.stage.name, request.method, match.key)
    if function is None or not serving.permitted(function, source, api.scope.account):
        log.warning("API %s: %s does not let apigateway.amazonaws.com call it for %s", api.api_id, target.uri, source)
        raise api_errors.internal(api.rest)
    event = _event(request, arrival, match, target.payload_version)
    return _render(request, arrival, target, _run(arrival, function, target.timeout_seconds, event))


def locate(api: serving.Served, path: str, below: bool) -> Place | None:
    """The stage: the path's first part where it is one, else an HTTP API's `$default`."""
    first, slash, rest = path[1:].partition("/")
    stage = api.stages.get(unquote(first))
    if stage is not None and (below or stage.name != DEFAULT):
        own = slash + rest or "/"
        return Place(stage, own, own if stage.name == DEFAULT else f"/{stage.name}{own}")
    default = None if below else api.stages.get(DEFAULT)
    return None if default is None else Place(default, path, path)


def _event(request: Request, arrival: Arrival, match: Match, version: str) -> Mapping[str, Any]:
    api, place = arrival.api, arrival.place
    try:
        body = request.read(limits.API_REQUEST_BYTES)
    except BodyTooLarge:
        raise api_errors.too_large(api.rest) from None
    front = Front(
        account=api.scope.account,
        api_id=api.api_id,
        domain_name=f"{api.api_id}.execute-api.{api.scope.region}.amazonaws.com",
        request_id=arrival.request_id if api.rest else arrival.gateway_id,
        at=arrival.at,
        trace_header=arrival.trace,
        secure=is_secure(request),
        port=port(request),
        route_key=str(match.key),
        stage=place.stage.name,
        path_parameters=match.parameters,
        stage_variables=place.stage.variables,
    )
    if version == "2.0":
        return event_2_0(http_request(request, place.whole_path, body), front)
    rest = None
    if api.rest:
        rest = RestFront(
            resource_id=api.routes[match.key].route_id,
            resource_path=match.key.path,
            stage_path=place.whole_path,
            deployment_id=place.stage.deployment_id,
            extended_request_id=arrival.gateway_id,
            binary_types=api.binary_types,
        )
    seen = http_request(request, place.path if api.rest else place.whole_path, body)
    return event_1_0(seen, request.sent_headers, front, rest)


def _run(arrival: Arrival, function: FunctionReference, seconds: float, event: Mapping[str, Any]) -> InvocationResult:
    scope = Scope(str(function.account), str(function.region))
    wanted = InvokeRequest(
        caller=Caller(scope, "http-api", arrival.api.api_id, ""),
        function=function.name,
        payload=json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode(),
        qualifier=function.qualifier,
        trace_header=arrival.trace,
        request_id=arrival.request_id,
        own_payload=True,
    )
    try:
        return invoke_within(wanted, seconds)
    except StillRunning:
        raise api_errors.timed_out(arrival.api.rest) from None
    except LambdaplayError as problem:
        log.info("API %s, invocation %s: %s", arrival.api.api_id, arrival.request_id, problem)
        raise api_errors.refused(problem, arrival.api.rest) from problem


def _render(request: Request, arrival: Arrival, target: serving.Target, result: InvocationResult) -> Response:
    """The function's answer, or the gateway's when it failed or gave none."""
    rest = arrival.api.rest
    if result.function_error is not None:
        raise api_errors.bad_answer(rest)
    try:
        found = _read(request, arrival.api, target, result.payload)
    except MalformedAnswer as problem:
        log.info("API %s, invocation %s: %s", arrival.api.api_id, result.request_id, problem)
        raise api_errors.bad_answer(rest) from problem
    if not rest:
        return respond(found, ("apigw-requestid", arrival.gateway_id))
    return respond(
        found,
        ("x-amzn-RequestId", result.request_id),
        ("x-amz-apigw-id", arrival.gateway_id),
        ("X-Amzn-Trace-Id", result.trace_header),
    )


def _read(request: Request, api: serving.Served, target: serving.Target, payload: bytes) -> HttpAnswer:
    if target.payload_version == "2.0":
        return answer_2_0(payload, marks=("statusCode",))
    if not api.rest:
        return answer_1_0(payload, strict=False)
    accepted = (request.header("accept") or "application/json").partition(",")[0]
    return answer_1_0(payload, decode=takes_binary(api.binary_types, accepted))
