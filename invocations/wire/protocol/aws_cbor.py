"""awsJson in CBOR bodies: what AWS's SDK for Java sends to Kinesis. The same documents, blobs as bytes."""

from __future__ import annotations

from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from invocations.errors import Refusal
from invocations.wire.call import Answer
from invocations.wire.http import Request, Response
from invocations.wire.protocol import aws_json, cbor, reading
from invocations.wire.protocol.aws_json import operation_of
from invocations.wire.protocol.reading import SerializationException

__all__ = ["CONTENT_TYPE", "NAME", "error", "is_spoken", "operation_of", "read", "write"]

NAME = aws_json.NAME  # models know it as the same protocol
CONTENT_TYPE = "application/x-amz-cbor-1.1"


def is_spoken(request: Request) -> bool:
    return (request.header("content-type") or "").lower().startswith(CONTENT_TYPE)


def read(operation: OperationModel, request: Request, uri: dict[str, str], body: bytes) -> dict[str, Any]:
    """Read the document by the input shape. Raises SerializationException."""
    try:
        document = cbor.decode(body) if body else {}
    except cbor.Malformed as error:
        raise SerializationException(f"Could not parse request body into CBOR: {error}") from None
    if operation.input_shape is None:
        return {}
    members: dict[str, Any] = reading.read(operation.input_shape, document) or {}
    return members


def write(operation: OperationModel, answer: Answer, request_id: str) -> Response:
    shape = operation.output_shape
    body = b"" if shape is None else cbor.encode(_plain(shape, answer.members))
    return aws_json.finish(answer.status or 200, [*answer.headers.items()], body, request_id, CONTENT_TYPE)


def error(refusal: Refusal, request_id: str) -> Response:
    status, headers, members = aws_json.fault(refusal)
    return aws_json.finish(status, headers, cbor.encode(members), request_id, CONTENT_TYPE)


def _plain(shape: Shape, value: Any) -> Any:
    """The value under its wire names; structure members that are None are left out."""
    if isinstance(shape, StructureShape):
        members = ((name, shape.members[name], given) for name, given in value.items() if given is not None)
        return {member.serialization.get("name", name): _plain(member, given) for name, member, given in members}
    if isinstance(shape, ListShape):
        return [_plain(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _plain(shape.value, item) for key, item in value.items()}
    return value
