"""A request's headers as they were sent: in their order, spelling and number, which a WSGI environment does not keep.

Only APIs hand them on, so only their requests carry them: in one header of our own, under a name that no client can
send. gunicorn calls `keep` with each request before it makes the environment. The head goes along as it is: few
requests need it taken apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PATH = "/_lambdaplay/api/"  # as in flows.http_api.apis
HOST_PART = ".execute-api."
_NAME = "X-LAMBDAPLAY-SENT"
OWN = _NAME.lower()
_KEY = "HTTP_" + _NAME.replace("-", "_")


def keep(request: Any) -> None:
    """Put the headers as sent beside the parsed ones, where the request is for an API."""
    headers: list[tuple[str, str]] = request.headers
    if any(name == _NAME for name, _ in headers):
        headers = request.headers = [pair for pair in headers if pair[0] != _NAME]
    for_api = (request.path or "").startswith(PATH) or any(
        name == "HOST" and HOST_PART in value for name, value in headers
    )
    if for_api:
        headers.append((_NAME, getattr(request, "head", b"").decode("latin-1")))


def read(head: str) -> list[tuple[str, str]]:
    """Names and values of a head that the server has found to be well-formed."""
    lines = (line.partition(":") for line in head.split("\r\n") if ":" in line)
    return [(name, value.strip(" \t")) for name, _, value in lines]


def sent(environ: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """The headers as they were sent; None when nobody kept them."""
    head = environ.get(_KEY)
    return None if head is None else read(head)
