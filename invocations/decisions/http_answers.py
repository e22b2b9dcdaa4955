"""A function's result as an HTTP answer, by payload format 2.0's rules. Pure.

Source: AWS's pages on function URLs and HTTP APIs, and recorded answers: an object without `statusCode` is itself the
body, one with `body` alone is a complete answer, a string is sent without its quotes.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What the connection says, the server says; the length is the body's.
_NOT_PASSED = ("connection", "content-length", "transfer-encoding", "keep-alive")


Headers = list[tuple[str, str]]


class MalformedAnswer(Exception):
    """The function's result is no HTTP answer. The text says why, for the person who wrote the function."""


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""


def answer_2_0(payload: bytes, *, marks: Iterable[str] = ("statusCode", "body")) -> HttpAnswer:
    """Read a result. An object with one of `marks` is an answer, any other the body of one. Raises MalformedAnswer."""
    result = read_result(payload)
    if isinstance(result, str):
        return HttpAnswer(200, [("Content-Type", JSON)], result.encode())
    if not isinstance(result, dict) or not any(mark in result for mark in marks):
        return HttpAnswer(200, [("Content-Type", JSON)], _compact(result))
    return HttpAnswer(status_of(result.get("statusCode", 200)), headers_of(result, JSON), body_bytes(result))


def read_result(payload: bytes) -> Any:
    """The function's result. Raises MalformedAnswer when it is no JSON."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer("The result is not JSON.") from error


def status_of(value: Any) -> int:
    """A status that is a number or its digits. Raises MalformedAnswer."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if type(value) is not int or not 100 <= value <= 599:
        raise MalformedAnswer(f"statusCode is {json.dumps(value)}; it must be a number from 100 to 599.")
    if value < 200:
        raise MalformedAnswer(f"statusCode {value} would only announce an answer.")
    return value


def headers_of(result: Mapping[str, Any], content_type: str) -> Headers:
    """Headers and cookies, and this content type where they say none. Raises MalformedAnswer."""
    headers = [*_headers(result.get("headers")), *_cookies(result.get("cookies"))]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", content_type))
    return headers


def _headers(value: Any) -> Headers:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise MalformedAnswer("headers must be an object of names and values.")
    return [
        (name, header_text(name, content))
        for name, content in value.items()
        if content is not None and str(name).lower() not in _NOT_PASSED
    ]


def _cookies(value: Any) -> Headers:
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedAnswer("cookies must be a list of strings.")
    return [("Set-Cookie", header_text("Set-Cookie", cookie)) for cookie in value]


def header_text(name: str, value: Any) -> str:
    """A header's value as text. Raises MalformedAnswer for what a header cannot carry."""
    text = value if isinstance(value, str) else _compact(value).decode()
    if not _NAME.fullmatch(name) or isinstance(value, dict | list) or not text.isprintable():
        raise MalformedAnswer(f"The header {name!r} cannot be sent.")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise MalformedAnswer(f"The header {name!r} has characters that no header can carry.") from None
    return text


def body_bytes(result: Mapping[str, Any]) -> bytes:
    """What `body` and `isBase64Encoded` are as bytes. Raises MalformedAnswer."""
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        return json.dumps(body).encode()
    if result.get("isBase64Encoded") is not True:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedAnswer("isBase64Encoded is true, and body is not base64.") from error


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
