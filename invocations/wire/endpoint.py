"""The AWS endpoint: WSGI in front of Django, so that no request of AWS clients passes Django's middleware."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from invocations.wire import certificates, code_links, dispatch, hosts
from invocations.wire.fronts import api, function_url
from invocations.wire.http import Request, Response
from invocations.wire.protocol.model import load
from invocations.wire.services import registry

log = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_OWN_PAGES = "/_lambdaplay/"
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Endpoint:
    """Answers what AWS clients send; the rest is the console's."""

    def __init__(self, console: Application) -> None:
        self._console = console
        # Before the server forks: its processes share the models, and no first request waits for them.
        for service in registry().values():
            load(service.model)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not hosts.is_ours(environ.get("HTTP_HOST", "")):
            return _send(_misdirected(), start_response)
        request = Request(environ)
        response = self._answer(request)
        if response is None:
            return self._console(environ, start_response)
        if response.status >= 400:
            request.drain()  # a client still sending would see a broken pipe instead of the refusal
        return _send(response, start_response)

    def _answer(self, request: Request) -> Response | None:
        called = function_url.answer(request) or api.answer(request)
        if called is not None:
            return called
        if request.path.startswith(_OWN_PAGES):
            return code_links.answer(request) or certificates.answer(request)
        return dispatch.answer(request)


def _misdirected() -> Response:
    body = b"This server does not answer to that host name. List it in LAMBDAPLAY_ALLOWED_HOSTS.\n"
    return Response(421, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))], body)


def _send(response: Response, start_response: Callable[..., Any]) -> Iterable[bytes]:
    try:
        start_response(f"{response.status} {_REASONS.get(response.status, 'Unknown')}", response.headers)
    except Exception:
        _close(response.body)  # nobody else has heard of it
        raise
    return [response.body] if isinstance(response.body, bytes) else response.body


def _close(body: bytes | Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
