"""What the fronts share: a request and an answer between the wire and the pure rules, and what browsers are told."""

from __future__ import annotations

from django.conf import settings

from invocations.decisions.cors import Cors
from invocations.decisions.http_answers import Headers, HttpAnswer
from invocations.decisions.http_events import HttpRequest
from invocations.wire.http import Request, Response

_WITHOUT_BODY = (204, 304)
_KIND = "content-type"
_OWN_HOSTS = (".lambda-url.", ".execute-api.")
# What browsers show without running it.
_HARMLESS = ("application/json", "text/plain")
_CONFINED = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts"


def http_request(request: Request, path: str, body: bytes) -> HttpRequest:
    """The request as the rules see it; `path` as the function is to see it, still percent-encoded."""
    return HttpRequest(
        method=request.method,
        path=path,
        query=request.query,
        headers=request.headers,
        body=body,
        source_ip=str(request.environ.get("REMOTE_ADDR") or "127.0.0.1"),
        protocol=str(request.environ.get("SERVER_PROTOCOL") or "HTTP/1.1"),
    )


def host_name(request: Request) -> str:
    """The Host header in lower case, without its port."""
    return (request.header("host") or "").strip().lower().partition(":")[0]


def is_secure(request: Request) -> bool:
    return request.environ.get("wsgi.url_scheme") == "https"


def port(request: Request) -> str:
    return str(request.environ.get("SERVER_PORT", settings.LAMBDAPLAY_PORT))


def is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and request.header("access-control-request-method") is not None


def preflight_headers(request: Request, cors: Cors) -> Headers:
    """What the front itself answers to a browser's question: the function is not asked."""
    asked = request.header("access-control-request-method") or ""
    return cors.preflight_headers(request.header("origin"), asked, request.header("access-control-request-headers"))


def share(response: Response, shared: Headers) -> None:
    """Put the front's own cross-origin headers in the place of the function's."""
    own = [(name, value) for name, value in response.headers if not name.lower().startswith("access-control-")]
    response.headers = [*own, *shared]


def confine(request: Request, response: Response) -> Response:
    """Keep a function's page apart from the console where both have one host name, the path forms.

    Its scripts could otherwise do all that the person may who is logged in. Host forms are another origin anyway.
    """
    kinds = [value.partition(";")[0].strip().lower() for name, value in response.headers if name.lower() == _KIND]
    if any(part in host_name(request) for part in _OWN_HOSTS) or all(kind in _HARMLESS for kind in kinds):
        return response
    response.headers = [*response.headers, ("Content-Security-Policy", _CONFINED)]
    return response


def respond(found: HttpAnswer, *more: tuple[str, str]) -> Response:
    """The answer on the wire, with these headers added (empty ones left out) and its length."""
    headers = [*found.headers, *((name, value) for name, value in more if value)]
    if found.status in _WITHOUT_BODY:
        return Response(found.status, headers)
    headers.append(("Content-Length", str(len(found.body))))
    return Response(found.status, headers, found.body)
