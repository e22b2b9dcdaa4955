"""REST-JSON: Lambda and Scheduler. Members live in path, query, headers, status and a JSON body."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from invocations.errors import Refusal, UnknownOperation
from invocations.wire.call import Answer
from invocations.wire.http import Request, Response
from invocations.wire.protocol import reading, writing
from invocations.wire.protocol.model import load
from invocations.wire.protocol.routes import Routes

NAME = "rest-json"
UNKNOWN = "Unable to determine service/operation name to be authorized"


@lru_cache(16)
def routes(model: str) -> Routes:
    return Routes(load(model))


def operation_of(model: str, request: Request) -> tuple[str, dict[str, str]]:
    """Return the operation and its path parameters. Raises UnknownOperation."""
    try:
        found = routes(model).find(request.method, request.path, request.query)
    except ValueError:  # more query fields than anybody sends
        found = None
    if found is None:
        raise UnknownOperation(UNKNOWN)
    return found


def read(operation: OperationModel, request: Request, uri: dict[str, str], body: bytes) -> dict[str, Any]:
    """Collect the operation's members from everywhere they may stand. Raises SerializationException."""
    shape = operation.input_shape
    if shape is None:
        return {}
    params: dict[str, Any] = {}
    in_body = False
    query = _query(request.query)
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        where = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if where is None:
            in_body = True
            continue
        value = _located(member, where, key, request, uri, query)
        if value is not None:
            params[name] = value
    if payload is not None:
        member = shape.members[payload]
        params[payload] = body if member.type_name == "blob" else reading.read(member, reading.load_json(body))
    elif in_body:
        params.update(_body_only(shape, reading.load_json(body)))
    return params


def _query(query: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def _located(
    member: Shape, where: str, key: str, request: Request, uri: dict[str, str], query: dict[str, list[str]]
) -> Any:
    if where == "uri":
        return reading.read_text(member, uri[key])
    if where == "header":
        text = request.header(key.lower())
        return None if text is None else reading.read_text(member, text)
    if where == "querystring" and key in query:
        if isinstance(member, ListShape):
            return [reading.read_text(member.member, value) for value in query[key]]
        return reading.read_text(member, query[key][0])
    return None


def _body_only(shape: StructureShape, document: Any) -> dict[str, Any]:
    """Read the body, but let it name no member whose place is elsewhere."""
    if isinstance(document, dict):
        elsewhere = {m.serialization["name"] for m in shape.members.values() if "location" in m.serialization}
        document = {name: value for name, value in document.items() if name not in elsewhere}
    members: dict[str, Any] = reading.read(shape, document) or {}
    return members


def write(operation: OperationModel, answer: Answer, request_id: str) -> Response:
    """Render an answer by the operation's output shape."""
    status = operation.http.get("responseCode", 200) if answer.status is None else answer.status
    headers = [("x-amzn-RequestId", request_id), *answer.headers.items()]
    shape = operation.output_shape
    if shape is None:
        return _finish(status, headers, b"", "application/json")
    for name, value in answer.members.items():
        member = shape.members[name]
        where = member.serialization.get("location")
        if value is None or where is None:
            continue
        if where == "statusCode":
            status = value
        elif where == "header":
            headers.append((member.serialization.get("name", name), str(value)))
    payload = shape.serialization.get("payload")
    if payload is not None and shape.members[payload].type_name == "blob":
        return _finish(status, headers, answer.members.get(payload) or b"", "application/octet-stream")
    document = writing.body_members(shape, answer.members)
    return _finish(status, headers, dump(document), "application/json")


def _finish(status: int, headers: list[tuple[str, str]], body: bytes, content_type: str) -> Response:
    if status == 204:
        return Response(status, headers)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", content_type))
    headers.append(("Content-Length", str(len(body))))
    return Response(status, headers, body)


def dump(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def error(refusal: Refusal, request_id: str) -> Response:
    """An error in the order AWS writes it: what the code adds, Type, then the text."""
    members: dict[str, str] = dict(refusal.extra)
    if refusal.fault:
        members["Type"] = refusal.fault
    members[refusal.message_key] = refusal.message
    headers = [("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", refusal.code)]
    return _finish(refusal.status, headers, dump(members), "application/json")
