"""What functions see of HTTP, what HTTP sees of functions, and what browsers are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.decisions.cors import Cors
from invocations.decisions.http_answers import MalformedAnswer, answer_2_0
from invocations.decisions.http_events import Front, HttpRequest, body_text, event_2_0, query_parameters

FRONT = Front(
    "anonymous",
    "id",
    "id.lambda-url.r.on.aws",
    "r-1",
    datetime(2020, 3, 12, 19, 3, 58, tzinfo=UTC),
    "Root=1",
    False,
    "8000",
)


def event(path: str = "/", query: str = "", headers: dict[str, str] | None = None, body: bytes = b"") -> dict[str, Any]:
    return event_2_0(HttpRequest("GET", path, query, headers or {}, body, "1.2.3.4"), FRONT)


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/", "/"),
        ("/pa2%25Fth/1", "/pa2%Fth/1"),
        ("/a%20b", "/a b"),
        ("/%C3%A4", "/ä"),
        ("/%ff", "/\ufffd"),
        ("/%zz", "/%zz"),
    ],
)
def test_paths_are_decoded_once(path: str, raw: str) -> None:
    found = event(path)
    assert (found["rawPath"], found["requestContext"]["http"]["path"]) == (raw, raw)


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1&a=2", {"a": "1,2"}),
        ("a", {"a": ""}),
        ("a=%26&b=+", {"a": "&", "b": " "}),
        ("%=%", {"%": "%"}),
    ],
)
def test_query_parameters(query: str, parameters: dict[str, str]) -> None:
    assert query_parameters(query) == parameters
    assert event(query=query).get("queryStringParameters", {}) == parameters


@pytest.mark.parametrize(
    ("body", "kind", "found"),
    [
        (b"{}", "application/json", ("{}", False)),
        (b"{}", "application/json; charset=utf-8", ("{}", False)),
        (b"a", "TEXT/html", ("a", False)),
        (b"\xff", "text/plain", ("/w==", True)),
        (b"a=1", "application/x-www-form-urlencoded", ("YT0x", True)),
        (b"a", "", ("YQ==", True)),
    ],
)
def test_bodies_are_text_or_base64(body: bytes, kind: str, found: tuple[str, bool]) -> None:
    assert body_text(body, kind) == found


def test_headers_are_the_client_s_and_the_front_s() -> None:
    found = event(headers={"x": "1", "connection": "close", "cookie": "a=1; b=2", "x-forwarded-for": "9.9.9.9"})
    assert found["headers"] == {
        "x": "1",
        "x-amzn-trace-id": "Root=1",
        "x-forwarded-for": "9.9.9.9, 1.2.3.4",
        "x-forwarded-port": "8000",
        "x-forwarded-proto": "http",
    }
    assert found["cookies"] == ["a=1", "b=2"]
    assert found["requestContext"]["time"] == "12/Mar/2020:19:03:58 +0000"
    assert found["requestContext"]["timeEpoch"] == 1584039838000


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ({"hello": "world"}, 200, b'{"hello":"world"}'),
        (["hello", 3, True], 200, b'["hello",3,true]'),
        (3.1, 200, b"3.1"),
        (True, 200, b"true"),
        (None, 200, b"null"),
        ("hello", 200, b"hello"),
        ({"body": "b"}, 200, b"b"),
        ({"statusCode": 204}, 204, b""),
        ({"statusCode": "201", "body": "b"}, 201, b"b"),
        ({"statusCode": 200, "body": {"a": 1}}, 200, b'{"a": 1}'),
        ({"statusCode": 200, "body": "YQ==", "isBase64Encoded": True}, 200, b"a"),
        ({"statusCode": 200, "body": "YQ==", "isBase64Encoded": "true"}, 200, b"YQ=="),
    ],
)
def test_results_are_answers(result: Any, status: int, body: bytes) -> None:
    found = answer_2_0(json.dumps(result).encode())
    assert (found.status, found.body) == (status, body)
    assert ("Content-Type", "application/json") in found.headers


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "teapot"},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 100},
        {"statusCode": 600},
        {"statusCode": 200.5},
        {"statusCode": None},
        {"statusCode": 200, "headers": []},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a": "\u20ac"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
    ],
)
def test_what_is_no_answer_is_said(result: Any) -> None:
    with pytest.raises(MalformedAnswer):
        answer_2_0(json.dumps(result).encode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["statusCode", "body", "headers", "cookies", "isBase64Encoded", "x"]), inner
            )
        ),
    )
)
def test_any_result_is_an_answer_or_malformed(result: Any) -> None:
    try:
        found = answer_2_0(json.dumps(result).encode())
    except MalformedAnswer:
        return
    assert 200 <= found.status <= 599
    for name, value in found.headers:
        assert not set("\r\n") & set(name + value)


OPEN = Cors(origins=("*",), methods=("*",), headers=("*",))
STRICT = Cors(("https://a.example", "http://*.b.example"), ("GET",), ("x-a",), ("x-e",), True, 0)


@pytest.mark.parametrize(
    ("cors", "origin", "answered"),
    [
        (OPEN, "http://any", {"Access-Control-Allow-Origin": "*"}),
        (OPEN, None, {}),
        (STRICT, "https://b.example", {}),
        (STRICT, "http://b.example", {}),
        (
            STRICT,
            "http://x.b.example",
            {
                "Access-Control-Allow-Origin": "http://x.b.example",
                "Vary": "Origin",
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": "x-e",
            },
        ),
    ],
)
def test_what_every_answer_tells_a_browser(cors: Cors, origin: str | None, answered: dict[str, str]) -> None:
    assert dict(cors.answer_headers(origin)) == answered


def test_preflights() -> None:
    asked = dict(OPEN.preflight_headers("http://any", "put", "x-z"))
    assert (asked["Access-Control-Allow-Methods"], asked["Access-Control-Allow-Headers"]) == ("*", "x-z")
    strict = dict(STRICT.preflight_headers("https://a.example", "get", "x-z"))
    assert strict["Access-Control-Allow-Headers"] == "x-a"
    assert strict["Access-Control-Max-Age"] == "0"
    assert STRICT.preflight_headers("https://a.example", "PUT", None) == []
