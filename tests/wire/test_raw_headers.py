"""Headers as they were sent reach those who serve APIs, and nobody can make them up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from invocations.flows.http_api.apis import PATH_FORM
from invocations.wire import raw_headers
from invocations.wire.http import Request

HEAD = b"Host: a.execute-api.us-east-1.localhost\r\nX-One: 1\r\nx-ONE:\t2 "


def environ(headers: list[tuple[str, str]], path: str = "/", head: bytes = HEAD) -> dict[str, Any]:
    request = SimpleNamespace(headers=headers, path=path, head=head)
    raw_headers.keep(request)
    return {"HTTP_" + name.replace("-", "_"): value for name, value in request.headers} | {"REQUEST_METHOD": "GET"}


@pytest.mark.parametrize(
    ("host", "path"), [("a.execute-api.us-east-1.localhost", "/"), ("127.0.0.1", f"{PATH_FORM}a/dev/")]
)
def test_order_spelling_and_number_are_kept(host: str, path: str) -> None:
    request = Request(environ([("HOST", host), ("X-ONE", "1"), ("X-ONE", "2")], path))
    assert request.sent_headers == [
        ("Host", "a.execute-api.us-east-1.localhost"),
        ("X-One", "1"),
        ("x-ONE", "2"),
    ]
    assert raw_headers.OWN not in request.headers


def test_other_requests_carry_nothing_more() -> None:
    assert environ([("HOST", "127.0.0.1")]) == {"HTTP_HOST": "127.0.0.1", "REQUEST_METHOD": "GET"}


def test_nobody_can_send_them() -> None:
    request = Request(environ([("X-LAMBDAPLAY-SENT", '[["Host", "evil"]]'), ("HOST", "a")]))
    assert request.headers == {"host": "a"}
    assert request.sent_headers == [("host", "a")]
