"""Which protocol a request speaks, and how that protocol words an error."""

from __future__ import annotations

import logging
from types import ModuleType

from invocations.errors import Refusal, ServiceFailure, ServiceUnavailable, UnusablePart
from invocations.wire.http import Request, Response
from invocations.wire.protocol import aws_cbor, aws_json, query, rest_json, s3
from invocations.wire.protocol.model import load
from invocations.wire.protocol.reading import SerializationException

log = logging.getLogger(__name__)

_BY_NAME = {module.NAME: module for module in (rest_json, aws_json, query)}
FORM = "application/x-www-form-urlencoded"


def spoken(request: Request, service: str | None) -> ModuleType:
    """The protocol module: told by the service where it is S3, else by the request's own marks."""
    if service == "s3":
        return s3
    if request.header("x-amz-target"):
        return aws_cbor if aws_cbor.is_spoken(request) else aws_json
    if has_form(request) or "Action=" in request.query:
        return query
    return rest_json


def of_model(request: Request, model: str) -> ModuleType:
    """The protocol module for a service of ours: the spoken one where the model has it, else the model's own."""
    metadata = load(model).metadata
    known = metadata.get("protocols") or [metadata["protocol"]]
    protocol = spoken(request, None)
    return protocol if protocol.NAME in known else _BY_NAME[next(name for name in known if name in _BY_NAME)]


def has_form(request: Request) -> bool:
    return (request.header("content-type") or "").lower().startswith(FORM)


def error(problem: Exception, protocol: ModuleType, request_id: str) -> Response:
    """Word any exception; what nobody foresaw is logged with its traceback and answered as our own failure."""
    response: Response = protocol.error(_refusal(problem, request_id), request_id)
    return response


def _refusal(problem: Exception, request_id: str) -> Refusal:
    if isinstance(problem, Refusal):
        return problem
    if isinstance(problem, UnusablePart):
        return ServiceUnavailable(str(problem))
    if isinstance(problem, RecursionError):
        return SerializationException("The request is nested too deeply.")
    log.error("request %s failed", request_id, exc_info=problem)
    return ServiceFailure("An error occurred and the request cannot be processed.")
