"""One HTTP request as it was sent, and one response, without a framework between."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from invocations.wire import raw_headers, underscores
from invocations.wire.body import Body, MalformedRequest

_CHUNK = 64 * 1024
# What of a refused body is read and thrown away so that the client hears the refusal instead of a broken pipe.
_DRAINED = 96 * 1024 * 1024


class BodyTooLarge(Exception):
    """The body is longer than the limit it was read with."""


class Request:
    """A view of the WSGI environment that keeps path and query as they stood in the request line."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path, self.query = _target(environ)

    def header(self, name: str) -> str | None:
        """Look a header up by its lower-case name. Repeated headers are one value, joined by commas."""
        key = _environ_key(name)
        if key is None:
            return underscores.from_environ(self.environ).get(name)
        value: str | None = self.environ.get(key)
        return value

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """All headers, by lower-case name."""
        found = {
            key[5:].replace("_", "-").lower(): value for key, value in self.environ.items() if key.startswith("HTTP_")
        }
        for name in ("content-type", "content-length"):
            value = self.header(name)
            if value:
                found[name] = value
        found.pop(raw_headers.OWN, None)
        if found.pop("x-lambdaplay-underscored", None) is not None:
            found |= underscores.from_environ(self.environ)
        return found

    @property
    def sent_headers(self) -> list[tuple[str, str]]:
        """The headers in the order, spelling and number of the client, where the server kept them (for APIs)."""
        sent = raw_headers.sent(self.environ)
        return list(self.headers.items()) if sent is None else sent

    def amz_headers(self) -> list[str]:
        """The lower-case names of all x-amz- headers that were sent."""
        found = [key[5:].replace("_", "-").lower() for key in self.environ if key.startswith("HTTP_X_AMZ_")]
        odd = underscores.from_environ(self.environ)
        return [*found, *(name for name in odd if name.startswith("x-amz-"))] if odd else found

    @property
    def stream(self) -> Body:
        return Body(self.environ["wsgi.input"])

    @property
    def content_length(self) -> int | None:
        """The stated length; None when the body comes in chunks of unknown number."""
        if self.environ.get("HTTP_TRANSFER_ENCODING"):
            return None
        text = self.environ.get("CONTENT_LENGTH") or "0"
        return int(text) if text.isascii() and text.isdigit() else 0

    def read(self, limit: int) -> bytes:
        """Read the whole body. Raises BodyTooLarge, before reading where the length is stated."""
        length = self.content_length
        if length is None:
            body = self.stream.read(limit + 1)
        elif length > limit:
            raise BodyTooLarge
        else:
            body = self.stream.read(length) if length else b""
        if len(body) > limit:
            raise BodyTooLarge
        return body

    def pieces(self) -> Iterator[bytes]:
        """The body piece by piece, for those that must not hold it whole."""
        left = self.content_length
        while left is None or left > 0:
            piece = self.stream.read(_CHUNK if left is None else min(_CHUNK, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece

    def drain(self) -> None:
        """Throw the rest of the body away, up to a bound."""
        seen = 0
        with contextlib.suppress(MalformedRequest):
            for piece in self.pieces():
                seen += len(piece)
                if seen > _DRAINED:
                    return


@lru_cache(512)
def _environ_key(name: str) -> str | None:
    """Where a WSGI environment keeps the header; None when it cannot."""
    if "_" in name:
        return None
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _target(environ: Mapping[str, Any]) -> tuple[str, str]:
    raw = environ.get("RAW_URI")
    if raw is None:  # a server that does not keep the request line: the nearest thing to it
        return quote(environ.get("PATH_INFO", "").encode("latin-1")) or "/", environ.get("QUERY_STRING", "")
    if not raw.startswith("/"):  # absolute form, or "*"
        parts = urlsplit(raw)
        return parts.path or "/", parts.query
    path, _, query = raw.partition("?")
    return path, query.partition("#")[0]


@dataclass
class Response:
    """`body` is the whole answer, or pieces of it when it is streamed."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | Iterable[bytes] = b""
