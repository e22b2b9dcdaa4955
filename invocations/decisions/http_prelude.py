"""What a streamed answer says before its body: JSON with status, headers and cookies, then eight NUL bytes. Pure.

Source: AWS's pages on response streaming.
"""

from __future__ import annotations

import json

from invocations.decisions.http_answers import HttpAnswer, MalformedAnswer, headers_of, status_of

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
BYTES = "application/octet-stream"
_DELIMITER = bytes(8)


def split_prelude(data: bytes, limit: int) -> tuple[bytes, bytes] | None:
    """Prelude and what of the body has come after it; None while its end is not there. Raises MalformedAnswer."""
    prelude, found, body = data.partition(_DELIMITER)
    if len(prelude) > limit:
        raise MalformedAnswer(f"The metadata before the body is longer than {limit} bytes.")
    return (prelude, body) if found else None


def prelude_answer(prelude: bytes) -> HttpAnswer:
    """Status and headers of a streamed answer; its body follows. Raises MalformedAnswer."""
    try:
        said = json.loads(prelude or b"{}")
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer("The metadata before the body is not JSON.") from error
    if not isinstance(said, dict):
        raise MalformedAnswer("The metadata before the body must be an object.")
    return HttpAnswer(status_of(said.get("statusCode", 200)), headers_of(said, BYTES))
