"""Header names with underscores (S3 metadata has them), which a WSGI environment cannot tell from hyphens.

gunicorn calls `set_aside` with each request before it makes the environment; what was set aside travels in one header
of our own, under a name that no client can send.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NAME = "X-LAMBDAPLAY-UNDERSCORED"
_KEY = "HTTP_" + _NAME.replace("-", "_")


def set_aside(worker: object, request: Any) -> None:
    """gunicorn's `pre_request` hook. Needs `header_map` "dangerous": the danger is what this takes away."""
    headers = request.headers
    if not any("_" in name or name == _NAME for name, _ in headers):
        return
    odd: dict[str, str] = {}
    for name, value in headers:
        if "_" in name:
            name = name.lower()
            odd[name] = f"{odd[name]},{value}" if name in odd else value
    request.headers = [pair for pair in headers if "_" not in pair[0] and pair[0] != _NAME]
    if odd:
        request.headers.append((_NAME, json.dumps(odd)))


def from_environ(environ: Mapping[str, Any]) -> dict[str, str]:
    """The headers that were set aside, by lower-case name."""
    text = environ.get(_KEY)
    if text is None:
        return {}
    found: dict[str, str] = json.loads(text)
    return found
