"""Plain HTTP to the companion: the path as it was sent, the body as it is read, the answer as it streams."""

from __future__ import annotations

import http.client
import re
import socket
import string
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlsplit

from django.conf import settings

from invocations.errors import UnusablePart
from invocations.wire.http import Request, Response

_SECONDS = 60
_PIECE = 64 * 1024
_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "content-length",
        "x-moto-account-id",
    )
)
_IN_A_URL = string.ascii_letters + string.digits + string.punctuation  # sent as it came; the rest is encoded
_KEY_ID = re.compile(r"(Credential=)[^/]+/")


def headers(request: Request, account: str) -> dict[str, str]:
    """The request's headers, told for which account: moto by a header of its own, others by the key id's convention."""
    kept = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
    if settings.LAMBDAPLAY_COMPANION == "moto":
        kept["x-moto-account-id"] = account
    elif "authorization" in kept:
        kept["authorization"] = _KEY_ID.sub(rf"\g<1>{account}/", kept["authorization"])
    return kept


def forward(request: Request, kept: dict[str, str], body: bytes | Iterable[bytes], length: int) -> Response:
    """Send it and return the companion's answer as a stream. Raises UnusablePart when nobody answers."""
    target = request.path + (f"?{request.query}" if request.query else "")
    return send(request.method, target, kept, body, length)


def send(
    method: str, target: str, kept: dict[str, str], body: bytes | Iterable[bytes] = b"", length: int = 0
) -> Response:
    """The same with a request of our own; `target` is raw path and query."""
    connection = _connection()
    try:
        connection.putrequest(method, quote(target, safe=_IN_A_URL), skip_host=True, skip_accept_encoding=True)
        for name, value in kept.items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        if length or method in ("PUT", "POST"):
            connection.putheader("content-length", str(length))
        connection.endheaders()
        for piece in [body] if isinstance(body, bytes) else body:
            connection.send(piece)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise UnusablePart("The companion (S3, DynamoDB and others) does not answer.") from error
    found = [(n, v) for n, v in answer.getheaders() if n.lower() not in _HOP_BY_HOP - {"content-length"}]
    return Response(answer.status, found, _stream(connection, answer))


def _stream(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while piece := answer.read(_PIECE):
            yield piece
    finally:
        connection.close()


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over the companion's private socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(self._path)


def _connection() -> http.client.HTTPConnection:
    if settings.LAMBDAPLAY_COMPANION == "moto":
        return _UnixConnection(str(settings.LAMBDAPLAY_HOME.companion_socket))
    parts = urlsplit(settings.LAMBDAPLAY_COMPANION)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=_SECONDS)
