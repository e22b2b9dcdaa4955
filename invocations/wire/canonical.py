"""Signature version 4's canonical request: the one text that both sides hash.

Source: AWS Signature Version 4, "Create a canonical request". Every service but S3 encodes the path a second time and
normalises dots and double slashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

_PLAIN_PATH = re.compile(r"/|(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?")
_BLANKS = re.compile(r"[ \t]+")
_SAFE = "-_.~"


def canonical_request(
    method: str,
    path: str,
    query: str,
    header: Callable[[str], str | None],
    signed_headers: Iterable[str],
    payload_hash: str,
    *,
    once: bool,
    without: str | None = None,
) -> bytes:
    """Build it from the raw path and raw query. `once` is S3's single encoding; `without` a query name left out.

    `header` finds a header's raw value by its lower-case name. A signed header that is absent counts as empty.
    """
    names = list(signed_headers)
    lines = [f"{name}:{_trim(header(name) or '')}\n" for name in names]
    canonical_path = path_once(path) if once else path_twice(path)
    canonical_query = canonicalise_query(query, without) if query else ""
    text = "\n".join((method, canonical_path, canonical_query, "".join(lines), ";".join(names), payload_hash))
    return text.encode("latin-1", "replace")


@lru_cache(2048)
def path_twice(path: str) -> str:
    """The canonical path of every service but S3: normalised, then encoded although it already is."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    return quote(normalise(path).encode("latin-1", "replace"), safe="/-_.~")


def path_once(path: str) -> str:
    """The canonical path of S3: each character encoded exactly once, nothing normalised."""
    return "/".join(_strict(part.replace("+", "%2B")) for part in path.split("/")) or "/"


def normalise(path: str) -> str:
    """Resolve `.`, `..` and repeated slashes; a trailing slash stays."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    tail = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + tail


def canonicalise_query(query: str, without: str | None = None) -> str:
    """Encode each name and value strictly, sort by name, then by value."""
    pairs = []
    for part in query.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        pairs.append((_strict(name), _strict(value)))
    pairs.sort()
    return "&".join(f"{name}={value}" for name, value in pairs if name != without)


def _strict(text: str) -> str:
    raw = unquote_to_bytes(text.replace("+", " ").encode("latin-1", "replace"))
    return quote(raw, safe=_SAFE)


def _trim(value: str) -> str:
    if "  " in value or "\t" in value:
        value = _BLANKS.sub(" ", value)
    return value.strip(" \t")
