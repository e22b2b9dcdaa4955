"""Requests without any signature that are plainly meant for AWS: they hear what is missing, not the console."""

from __future__ import annotations

import io
import re
from urllib.parse import parse_qs

from invocations.errors import SignatureRefused
from invocations.wire.http import BodyTooLarge, Request
from invocations.wire.protocol.wording import has_form

_DATED = re.compile(r"/+\d{4}-\d{2}-\d{2}/")
_PEEKED = 256 * 1024


class MissingToken(SignatureRefused):
    code = "MissingAuthenticationTokenException"


def is_for_aws(request: Request) -> bool:
    """A JSON target, a form with an Action, or a path that starts with an API version."""
    if request.header("x-amz-target") is not None or _DATED.match(request.path):
        return True
    if request.path != "/":
        return False
    return "Action" in parse_qs(request.query) or (request.method == "POST" and _form_has_action(request))


def _form_has_action(request: Request) -> bool:
    """Look into the form of a POST to `/`, and leave it readable for whoever comes next."""
    if not has_form(request) or request.content_length is None:
        return False
    try:
        body = request.read(_PEEKED)
    except BodyTooLarge:
        return False
    request.environ["wsgi.input"] = io.BytesIO(body)
    return body.startswith(b"Action=") or b"&Action=" in body
