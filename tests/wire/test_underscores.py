"""Headers with underscores in their names reach us beside, never instead of, those with hyphens."""

from __future__ import annotations

from types import SimpleNamespace

from invocations.wire import underscores
from invocations.wire.http import Request


def environ(headers: list[tuple[str, str]]) -> dict[str, str]:
    request = SimpleNamespace(headers=headers)
    underscores.set_aside(None, request)
    return {"HTTP_" + name.replace("-", "_"): value for name, value in request.headers} | {"REQUEST_METHOD": "GET"}


def test_an_underscored_header_is_found_under_its_own_name() -> None:
    request = Request(environ([("X-AMZ-META-MY_KEY", "v"), ("X-AMZ-META-MY-KEY", "w"), ("X-AMZ-META-MY_KEY", "z")]))
    assert request.header("x-amz-meta-my_key") == "v,z"
    assert request.header("x-amz-meta-my-key") == "w"
    assert request.headers == {"x-amz-meta-my_key": "v,z", "x-amz-meta-my-key": "w"}


def test_an_underscored_header_cannot_stand_for_another() -> None:
    request = Request(environ([("X_FORWARDED_PROTO", "https"), ("HOST", "a")]))
    assert request.header("x-forwarded-proto") is None
    assert "HTTP_X_FORWARDED_PROTO" not in request.environ


def test_nobody_can_send_what_is_set_aside() -> None:
    request = Request(environ([("X-LAMBDAPLAY-UNDERSCORED", '{"a_b": "c"}'), ("HOST", "a")]))
    assert request.headers == {"host": "a"}
    assert request.header("a_b") is None
