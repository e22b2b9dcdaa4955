"""Signed requests do not come from web pages: any page could otherwise drive a laptop's endpoint with default keys."""

from __future__ import annotations

from invocations.errors import AccessDenied
from invocations.wire.http import Request

_OWN = (None, "none", "same-origin")


def refuse_pages(request: Request) -> None:
    """Raise AccessDenied for what a browser sent on behalf of another page."""
    if request.header("origin") is not None or request.header("sec-fetch-site") not in _OWN:
        raise AccessDenied("Requests of web pages are not accepted here.")
