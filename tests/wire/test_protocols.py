"""Every operation of the services we will answer, written by botocore and read by us, and the other way round."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from invocations.errors import InvalidParameterValue, ResourceNotFound, ServiceFailure, TooManyRequests
from invocations.wire.call import Answer
from invocations.wire.http import Request
from invocations.wire.protocol import aws_json, query, rest_json, s3
from invocations.wire.protocol.model import load

SERVICES: dict[str, tuple[ModuleType, str]] = {
    "lambda": (rest_json, "rest-json"),
    "scheduler": (rest_json, "rest-json"),
    "sqs": (aws_json, "json"),
    "events": (aws_json, "json"),
    "kinesis": (aws_json, "json"),
    "logs": (aws_json, "json"),
    "sts": (query, "query"),
    "sns": (query, "query"),
}
MOMENT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
DEEPEST = 5


def sample(shape: Shape, depth: int = 0, *, plain: bool = False) -> Any:
    """A value of the shape; `plain` where only ASCII can travel (headers and paths)."""
    if isinstance(shape, StructureShape):
        if getattr(shape, "is_document_type", False):
            return {"any": ["thing", 1]}
        members = {} if depth > DEEPEST else shape.members
        return {name: sample(member, depth + 1) for name, member in members.items() if not streams(member)}
    if isinstance(shape, ListShape):
        return [] if depth > DEEPEST else [sample(shape.member, depth + 1), sample(shape.member, depth + 1)]
    if isinstance(shape, MapShape):
        return {} if depth > DEEPEST else {sample(shape.key): sample(shape.value, depth + 1)}
    if shape.type_name == "string":
        values = shape.metadata.get("enum")
        return values[0] if values else "text" if plain else 'té<x> & "y"'
    scalars = {"integer": 7, "long": 2**40, "float": 1.5, "double": 2.5, "boolean": True, "blob": b"\0\xffb"}
    return scalars.get(shape.type_name, MOMENT)


def streams(shape: Shape) -> bool:
    return bool(getattr(shape, "is_eventstream", False) or shape.metadata.get("eventstream"))


def members(shape: StructureShape | None) -> dict[str, Any]:
    if shape is None:
        return {}
    return {
        name: sample(member, plain="location" in member.serialization)
        for name, member in shape.members.items()
        if not streams(member) and member.serialization.get("location") != "statusCode"
    }


# Their answers are streams, which botocore takes from a connection; the live tests read Invoke's.
STREAMED = {"Invoke", "InvokeWithResponseStream", "SubscribeToShard", "GetLogObject", "StartLiveTail"}


def operations(without: set[str]) -> list[Any]:
    return [
        pytest.param(service, name, id=f"{service}.{name}")
        for service in SERVICES
        for name in load(service).operation_names
        if name not in without
    ]


def written_by_botocore(operation: OperationModel, params: dict[str, Any], protocol: str) -> tuple[Request, bytes]:
    sent = create_serializer(protocol, include_validation=False).serialize_to_request(params, operation)
    body = sent["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
    body = body.encode() if isinstance(body, str) else body
    path, _, fixed = sent["url_path"].partition("?")
    target = "&".join(part for part in (fixed, urlencode(sent["query_string"] or {}, doseq=True)) if part)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent["method"],
        "RAW_URI": f"{path}?{target}" if target else path,
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in sent["headers"].items():
        environ["HTTP_" + name.upper().replace("-", "_")] = str(value)
    return Request(environ), body


@pytest.mark.parametrize(("service", "name"), operations(set()))
def test_what_botocore_writes_is_read_back(service: str, name: str) -> None:
    protocol, spelled = SERVICES[service]
    operation = load(service).operation_model(name)
    params = members(operation.input_shape)
    request, body = written_by_botocore(operation, params, spelled)
    if protocol is query:
        found, place = query.operation_in(service, request, body)
    else:
        found, place = protocol.operation_of(service, request)
    assert found == name
    assert protocol.read(operation, request, place, body) == params


@pytest.mark.parametrize(("service", "name"), operations(STREAMED))
def test_what_we_write_is_read_by_botocore(service: str, name: str) -> None:
    protocol, spelled = SERVICES[service]
    operation = load(service).operation_model(name)
    answered = members(operation.output_shape)
    response = protocol.write(operation, Answer(answered), "the-request-id")
    heard = create_parser(spelled).parse(
        {
            "headers": HeadersDict(response.headers),
            "context": {},
            "status_code": response.status,
            "body": response.body,
        },
        operation.output_shape,
    )
    metadata = heard.pop("ResponseMetadata")
    assert metadata["RequestId"] == "the-request-id"
    for status_member in [n for n in heard if n not in answered]:
        heard.pop(status_member)
    assert heard == answered


@pytest.mark.parametrize(
    ("protocol", "problem", "status", "body"),
    [
        (rest_json, ResourceNotFound("no"), 404, '{"Type":"User","Message":"no"}'),
        (rest_json, InvalidParameterValue("no"), 400, '{"Type":"User","message":"no"}'),
        (rest_json, TooManyRequests("R"), 429, '{"Reason":"R","Type":"User","message":"Rate Exceeded."}'),
        (rest_json, ServiceFailure("no"), 500, '{"Type":"Service","Message":"no"}'),
        (aws_json, ResourceNotFound("no"), 400, '{"__type":"ResourceNotFoundException","message":"no"}'),
        (aws_json, ServiceFailure("no"), 500, '{"__type":"ServiceException","message":"no"}'),
        (query, ResourceNotFound("<&\0>"), 404, "<Message>&lt;&amp;\N{REPLACEMENT CHARACTER}&gt;</Message>"),
        (query, ServiceFailure("no"), 500, "<Type>Receiver</Type><Code>InternalFailure</Code>"),
        (s3, ServiceFailure("no"), 500, "<Code>InternalError</Code>"),
    ],
)
def test_each_protocol_words_an_error_in_its_way(
    protocol: ModuleType, problem: Exception, status: int, body: str
) -> None:
    response = protocol.error(problem, "id")
    assert response.status == status
    assert body in response.body.decode()
    assert dict(response.headers)["Content-Length"] == str(len(response.body))


def test_a_member_that_the_model_does_not_know_is_a_mistake_of_ours() -> None:
    operation = load("lambda").operation_model("GetAlias")
    with pytest.raises(KeyError):
        rest_json.write(operation, Answer({"Nonsense": 1}), "id")
