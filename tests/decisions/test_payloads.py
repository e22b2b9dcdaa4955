from __future__ import annotations

import base64

import pytest

from invocations import limits
from invocations.decisions.payloads import decode_client_context, json_error


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"null",
        b'"text"',
        b" [1, 2.5e3, true] ",
        b'{"a": "\xc3\xa9"}',
        b'{"a": 1, "a": 2}',  # duplicate keys are the function's business
        b"9" * 5000,  # longer than Python would convert; still a JSON number
        b'"\\ud800"',  # a lone surrogate is legal JSON text
    ],
)
def test_any_json_text_is_accepted(body: bytes) -> None:
    assert json_error(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b"x",
        b"{'a': 1}",
        b"{",
        b"{} {}",
        b"NaN",
        b'{"a": Infinity}',
        b"-Infinity",
        b"\xff\xfe{\x00}\x00",  # UTF-16
        b"\xef\xbb\xbf{}",  # a byte order mark
        b'{"a": "\xff"}',
        b"[" * 100_000 + b"]" * 100_000,
        b"",
    ],
)
def test_what_is_not_json_gets_a_reason(body: bytes) -> None:
    assert json_error(body)


def test_a_client_context_is_the_base64_of_a_json_object() -> None:
    assert decode_client_context(base64.b64encode(b'{"custom": {"a": 1}}').decode()) == '{"custom": {"a": 1}}'


@pytest.mark.parametrize(
    "encoded",
    [
        "???",
        "e30",  # padding missing
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b"{").decode(),
        base64.b64encode(b"\xff").decode(),
        base64.b64encode(b"[" * 3000).decode()[: limits.CLIENT_CONTEXT_BYTES + 1],
        base64.b64encode(b'{"a": "' + b"x" * 3000 + b'"}').decode(),
    ],
)
def test_any_other_client_context_is_refused(encoded: str) -> None:
    assert decode_client_context(encoded) is None
