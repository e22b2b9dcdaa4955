"""A function's result as an HTTP answer, by payload format 1.0's rules. Pure.

Source: recorded answers of REST APIs (reference: triggers, section 3): every member is optional, any other is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invocations.decisions.http_answers import (
    JSON,
    Headers,
    HttpAnswer,
    MalformedAnswer,
    body_bytes,
    header_text,
    read_result,
    status_of,
)

_MEMBERS = frozenset(("statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"))
# What the gateway says itself stands in the answer under another name.
_REMAPPED = frozenset(("date", "content-length", "connection", "server", "www-authenticate"))


def answer_1_0(payload: bytes, *, decode: bool = True, strict: bool = True) -> HttpAnswer:
    """Read a result. Raises MalformedAnswer.

    `decode`: whether a body in base64 is sent as bytes; `strict`: whether no other members may stand in the result, and
    the status may be left out (a REST API's rules; else an HTTP API's).
    """
    result = read_result(payload)
    if not isinstance(result, dict):
        raise MalformedAnswer("The result must be an object with statusCode, headers and body.")
    unknown = sorted(set(result) - _MEMBERS)
    if unknown and strict:
        raise MalformedAnswer(f"The result has the member {unknown[0]!r}, which payload format 1.0 does not know.")
    body = result.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedAnswer("body must be a string; an object is to be made JSON text first.")
    headers = _headers(result)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", JSON))
    status = result.get("statusCode")
    if status is None and not strict:
        raise MalformedAnswer("The result has no statusCode.")
    encoded = decode and result.get("isBase64Encoded") is True
    return HttpAnswer(
        200 if status is None else status_of(status), headers, body_bytes({"body": body, "isBase64Encoded": encoded})
    )


def _headers(result: Mapping[str, Any]) -> Headers:
    """Those with many values first; a name that is in both has all of them."""
    found = []
    for name, values in _object(result, "multiValueHeaders").items():
        if not isinstance(values, list):
            raise MalformedAnswer(f"multiValueHeaders: {name} must be a list.")
        found += [(name, value) for value in values]
    said = {(name.lower(), str(value)) for name, value in found}
    found += [
        (name, value) for name, value in _object(result, "headers").items() if (name.lower(), str(value)) not in said
    ]
    return [
        (_shown(name), header_text(name, value))
        for name, value in found
        if value is not None and name.lower() != "transfer-encoding"
    ]


def _object(result: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = result.get(member)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedAnswer(f"{member} must be an object.")
    return value


def _shown(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name
