"""Payload format 1.0: what functions see of a request, and what a client sees of their results."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from invocations.decisions.http_answers import MalformedAnswer
from invocations.decisions.http_events import Front, HttpRequest
from invocations.decisions.integration_uri import function_of, is_function
from invocations.decisions.rest_answers import answer_1_0
from invocations.decisions.rest_events import Pairs, RestFront, event_1_0, takes_binary

ARN = "arn:aws:lambda:us-east-1:111122223333:function:f"
AT = datetime(2026, 1, 31, 12, 34, 56, tzinfo=UTC)
REST = RestFront("res123", "/{proxy+}", "/stage/pets/1", "dep", "ext=", ("image/*",))


def event(
    pairs: Pairs = (),
    query: str = "",
    body: bytes = b"",
    rest: RestFront | None = REST,
    path: str = "/pets/1",
    **front: Any,
) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in pairs}
    request = HttpRequest("POST", path, query, headers, body, "1.2.3.4")
    values = {"route_key": "ANY /{proxy+}", "stage": "stage", "path_parameters": {"proxy": "pets/1"}, **front}
    name = "abcde.execute-api.us-east-1.amazonaws.com"
    whole = Front("111122223333", "abcde", name, "req", AT, "Root=1", False, "8000", **values)
    return event_1_0(request, pairs, whole, rest)


def test_the_event_of_a_rest_api() -> None:
    found = event([("Accept", "*/*"), ("User-Agent", "curl/8")], path_parameters={}, stage_variables={})
    assert list(found) == [
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "requestContext",
        "pathParameters",
        "stageVariables",
        "body",
        "isBase64Encoded",
    ]
    assert (found["resource"], found["path"], found["httpMethod"]) == ("/{proxy+}", "/pets/1", "POST")
    absent = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body")
    assert [found[name] for name in absent] == [None] * 5
    context = found["requestContext"]
    assert (context["path"], context["resourceId"], context["deploymentId"]) == ("/stage/pets/1", "res123", "dep")
    assert (context["requestTime"], context["requestTimeEpoch"]) == ("31/Jan/2026:12:34:56 +0000", 1769862896000)
    assert (context["identity"]["sourceIp"], context["identity"]["userAgent"]) == ("1.2.3.4", "curl/8")
    assert context["identity"]["accountId"] is None


def test_an_http_api_says_its_version_first() -> None:
    found = event(rest=None)
    assert (next(iter(found)), found["version"]) == ("version", "1.0")
    assert "deploymentId" not in found["requestContext"]


@pytest.mark.parametrize(("rest", "seen"), [(REST, "/pets/a%20b"), (None, "/pets/a b")])
def test_only_http_apis_decode_the_path(rest: RestFront | None, seen: str) -> None:
    assert event(rest=rest, path="/pets/a%20b")["path"] == seen


def test_repeated_headers_and_parameters() -> None:
    found = event([("X-One", "1"), ("Two", "2"), ("x-oNE", "3"), ("Connection", "close")], "a=1&b=%20&a=2")
    assert found["headers"]["X-One"] == "3"
    assert found["multiValueHeaders"]["X-One"] == ["1", "3"]
    assert "Connection" not in found["headers"]
    assert found["queryStringParameters"] == {"a": "2", "b": " "}
    assert found["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [" "]}


@pytest.mark.parametrize(
    ("kind", "body", "rest", "seen"),
    [
        ("text/plain", "ä".encode(), REST, ("ä", False)),
        ("application/octet-stream", b"\xff", REST, ("\ufffd", False)),
        ("image/png", b"\xff", REST, ("/w==", True)),
        ("image/png", b"\xff", None, ("/w==", True)),
        ("application/json", b"{}", None, ("{}", False)),
        ("application/x-www-form-urlencoded", b"a=1", REST, ("a=1", False)),
        ("application/x-www-form-urlencoded", b"a=1", None, ("YT0x", True)),
    ],
)
def test_bodies(kind: str, body: bytes, rest: RestFront | None, seen: tuple[str, bool]) -> None:
    found = event([("Content-Type", kind)], body=body, rest=rest)
    assert (found["body"], found["isBase64Encoded"]) == seen


@pytest.mark.parametrize(
    ("types", "kind", "taken"),
    [
        (("*/*",), "text/html", True),
        (("image/*",), "IMAGE/png; q=1", True),
        (("image/png",), "*/*", False),
        ((), "image/png", False),
        (("*/*",), "", False),
    ],
)
def test_binary_media_types(types: tuple[str, ...], kind: str, taken: bool) -> None:
    assert takes_binary(types, kind) is taken


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ({}, 200, b""),
        ({"headers": {"a": "b"}}, 200, b""),
        ({"statusCode": "201", "body": "b"}, 201, b"b"),
        ({"statusCode": 200, "headers": None, "multiValueHeaders": None, "body": None}, 200, b""),
        ({"body": "YQ==", "isBase64Encoded": True}, 200, b"a"),
    ],
)
def test_results_are_answers(result: Any, status: int, body: bytes) -> None:
    found = answer_1_0(json.dumps(result).encode())
    assert (found.status, found.body) == (status, body)
    assert ("Content-Type", "application/json") in found.headers


def test_headers_of_results() -> None:
    result = {
        "headers": {"A": "1", "B": True, "Date": "d", "Transfer-Encoding": "chunked", "Content-Type": "text/html"},
        "multiValueHeaders": {"a": ["2", "1"]},
    }
    assert answer_1_0(json.dumps(result).encode()).headers == [
        ("a", "2"),
        ("a", "1"),
        ("B", "true"),
        ("x-amzn-Remapped-Date", "d"),
        ("Content-Type", "text/html"),
    ]


def test_base64_stays_when_the_client_takes_no_bytes() -> None:
    assert answer_1_0(b'{"body": "YQ==", "isBase64Encoded": true}', decode=False).body == b"YQ=="


@pytest.mark.parametrize(
    "result",
    [
        "text",
        None,
        [],
        {"statusCode": "teapot"},
        {"statusCode": 200, "cookies": []},
        {"body": {"a": 1}},
        {"multiValueHeaders": {"a": "b"}},
        {"headers": "a"},
        {"headers": {"a": {"b": 1}}},
        {"body": "!", "isBase64Encoded": True},
    ],
)
def test_what_is_no_answer(result: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answer_1_0(json.dumps(result).encode())


def test_an_http_api_wants_a_status_and_bears_more_members() -> None:
    assert answer_1_0(b'{"statusCode": 204, "cookies": []}', strict=False).status == 204
    with pytest.raises(MalformedAnswer):
        answer_1_0(b'{"body": "b"}', strict=False)


PATH = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"


@pytest.mark.parametrize(
    ("uri", "name", "qualifier"),
    [
        (ARN, "f", None),
        (f"{ARN}:live", "f", "live"),
        (PATH.format(ARN), "f", None),
        (f"{ARN}:${{stageVariables.alias}}", "f", "blue"),
        (PATH.format("arn:aws:lambda:us-east-1:111122223333:function:${stageVariables.alias}"), "blue", None),
    ],
)
def test_uris_mean_functions(uri: str, name: str, qualifier: str | None) -> None:
    found = function_of(uri, {"alias": "blue"})
    assert found is not None and is_function(uri)
    assert (found.name, found.qualifier) == (name, qualifier)


@pytest.mark.parametrize("uri", ["f", "https://a.example", "arn:aws:sqs:us-east-1:111122223333:q", PATH.format("f")])
def test_other_uris_do_not(uri: str) -> None:
    assert function_of(uri, {}) is None
    assert not is_function(uri)


def test_a_variable_that_is_missing_makes_no_function() -> None:
    assert function_of(f"{ARN}:${{stageVariables.alias}}", {}) is None
