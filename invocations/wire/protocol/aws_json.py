"""awsJson 1.0 and 1.1: the operation in X-Amz-Target, everything else in one JSON document."""

from __future__ import annotations

from typing import Any

from botocore.model import OperationModel

from invocations.errors import Refusal, UnknownOperation
from invocations.wire.call import Answer
from invocations.wire.http import Request, Response
from invocations.wire.protocol import reading, writing
from invocations.wire.protocol.model import load
from invocations.wire.protocol.rest_json import dump

NAME = "json"


def operation_of(model: str, request: Request) -> tuple[str, dict[str, str]]:
    """Return the operation that the target names. Raises UnknownOperation."""
    service = load(model)
    prefix, _, name = (request.header("x-amz-target") or "").rpartition(".")
    if prefix != service.metadata.get("targetPrefix") or name not in service.operation_names:
        raise UnknownOperation("")
    return name, {}


def read(operation: OperationModel, request: Request, uri: dict[str, str], body: bytes) -> dict[str, Any]:
    """Read the document by the input shape. Raises SerializationException."""
    document = reading.load_json(body)
    if operation.input_shape is None:
        return {}
    members: dict[str, Any] = reading.read(operation.input_shape, document) or {}
    return members


def write(operation: OperationModel, answer: Answer, request_id: str) -> Response:
    shape = operation.output_shape
    document = {} if shape is None else writing.body_members(shape, answer.members)
    version = operation.service_model.metadata.get("jsonVersion", "1.0")
    body = dump(document) if shape is not None else b""
    return finish(answer.status or 200, [*answer.headers.items()], body, request_id, _content_type(version))


def error(refusal: Refusal, request_id: str) -> Response:
    status, headers, members = fault(refusal)
    return finish(status, headers, dump(members), request_id, _content_type("1.0"))


def fault(refusal: Refusal) -> tuple[int, list[tuple[str, str]], dict[str, Any]]:
    """Status, headers and document of an error.

    JSON services answer 400 for every fault of the caller's, whatever REST services do.
    """
    status = refusal.status if refusal.status >= 500 else 400
    kind = f"{refusal.namespace}#{refusal.code}" if refusal.namespace else refusal.code
    headers = [("x-amzn-ErrorType", refusal.code)]
    if refusal.query_code:
        headers.append(("x-amzn-query-error", f"{refusal.query_code};Sender"))
    return status, headers, {"__type": kind, **refusal.extra, "message": refusal.message}


def finish(status: int, headers: list[tuple[str, str]], body: bytes, request_id: str, content_type: str) -> Response:
    headers = [
        ("x-amzn-RequestId", request_id),
        *headers,
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
    ]
    return Response(status, headers, body)


def _content_type(version: str) -> str:
    return f"application/x-amz-json-{version}"
