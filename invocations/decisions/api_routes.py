"""Which route of an API a request takes. Pure.

Source: AWS's pages on routes of HTTP APIs and on resources of REST APIs. The most specific path wins: part by part a
literal before a parameter before a greedy one; then the method before ANY; `$default` takes what is left. In an HTTP
API a route counts only when its method does; in a REST API the path is chosen first, and then its methods.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

DEFAULT = "$default"
ANY = "ANY"
METHODS = (ANY, "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

_LITERAL = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%-]*")
_PARAMETER = re.compile(r"\{([A-Za-z0-9._-]+)(\+?)\}")
_IS_LITERAL, _IS_PARAMETER, _IS_GREEDY = range(3)


class BadRouteKey(ValueError):
    """The text is no route key; the sentence says why."""


@dataclass(frozen=True)
class RouteKey:
    """`GET /pets/{id}`; for `$default` the method is empty and the path `$default`."""

    method: str
    path: str

    def __str__(self) -> str:
        return self.path if self.path == DEFAULT else f"{self.method} {self.path}"

    @cached_property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.split("/")[1:])

    @property
    def shape(self) -> str:
        """The key without the names of its parameters: two keys of one shape take the same requests."""
        return _PARAMETER.sub(lambda found: f"{{{found[2]}}}", str(self))

    @cached_property
    def rank(self) -> tuple[tuple[int, ...], int]:
        """The smaller, the more specific."""
        return tuple(_kind(segment) for segment in self.segments), int(self.method == ANY)


@dataclass(frozen=True)
class Match:
    key: RouteKey
    parameters: dict[str, str]  # decoded


def read_key(text: str) -> RouteKey:
    """Read a route key. Raises BadRouteKey."""
    if text == DEFAULT:
        return RouteKey("", DEFAULT)
    method, space, path = text.partition(" ")
    if not space or method not in METHODS or not path.startswith("/"):
        raise BadRouteKey(f'{text!r} is neither "METHOD /path" nor "$default"; METHOD is one of {", ".join(METHODS)}.')
    segments = path.split("/")[1:]
    names = [found[1] for found in map(_PARAMETER.fullmatch, segments) if found is not None]
    if len(set(names)) < len(names):
        raise BadRouteKey(f"{path} names a parameter twice.")
    for place, segment in enumerate(segments):
        if not _LITERAL.fullmatch(segment) and not _PARAMETER.fullmatch(segment):
            raise BadRouteKey(f"{segment!r} in {path} is neither text nor one {{parameter}}.")
        if _kind(segment) == _IS_GREEDY and place < len(segments) - 1:
            raise BadRouteKey(f"{segment} takes all that follows, so it must stand last in {path}.")
    return RouteKey(method, path)


def match_http(keys: Iterable[RouteKey], method: str, path: str) -> Match | None:
    """An HTTP API's route for a request; `path` without the stage, still percent-encoded."""
    found = [fit for key in keys if (fit := _fit(key, path)) is not None and key.method in (method, ANY)]
    if found:
        return min(found, key=lambda fit: fit.key.rank)
    return next((Match(key, {}) for key in keys if key.path == DEFAULT), None)


def match_rest(keys: Iterable[RouteKey], method: str, path: str) -> Match | None:
    """A REST API's route: one slash at the end makes no difference, and a path's own methods are all it has."""
    path = path[:-1] if len(path) > 1 and path.endswith("/") else path
    found = [fit for key in keys if (fit := _fit(key, path)) is not None]
    if not found:
        return None
    best = min(fit.key.rank[0] for fit in found)
    own = [fit for fit in found if fit.key.rank[0] == best and fit.key.method in (method, ANY)]
    return min(own, key=lambda fit: fit.key.rank, default=None)


def _fit(key: RouteKey, path: str) -> Match | None:
    """The parameters that make the key's path this path; None when nothing does."""
    if key.path == DEFAULT:
        return None
    given = path.split("/")[1:]
    parameters: dict[str, str] = {}
    for place, segment in enumerate(key.segments):
        parameter = _PARAMETER.fullmatch(segment)
        rest = given[place:]
        if not rest:
            return None
        text = unquote("/".join(rest) if parameter is not None and parameter[2] else rest[0])
        if parameter is None:
            if text != unquote(segment):
                return None
        elif not text:
            return None
        else:
            parameters[parameter[1]] = text
            if parameter[2]:
                return Match(key, parameters)
    return Match(key, parameters) if len(given) == len(key.segments) else None


def _kind(segment: str) -> int:
    found = _PARAMETER.fullmatch(segment)
    return _IS_LITERAL if found is None else _IS_GREEDY if found[2] else _IS_PARAMETER
