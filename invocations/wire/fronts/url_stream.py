"""A function URL whose answers are streamed: the head as soon as the function has said it, then piece by piece.

Once the head has left, a failure can no longer be said: the connection is closed without the answer's end, so that no
client takes a part for the whole.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator

from invocations import limits
from invocations.decisions import http_prelude
from invocations.decisions.http_answers import HttpAnswer, MalformedAnswer, header_text
from invocations.flows.invoke_streaming import Streaming, invoke_streaming
from invocations.values import InvokeRequest
from invocations.wire.http import Request, Response
from invocations.wire.streamed import StreamedBody

log = logging.getLogger(__name__)


def respond(request: Request, wanted: InvokeRequest) -> Response:
    """Start the function and return the head of its answer; the body follows by itself. Raises refusals."""
    streaming = invoke_streaming(wanted)
    assert isinstance(streaming, Streaming)  # a URL makes no dry runs
    try:
        head, first = _head(streaming)
        pieces = _body(first, streaming)
    except MalformedAnswer as problem:
        log.info("invocation %s: %s", streaming.request_id, problem)
        head = HttpAnswer(502, [("Content-Type", "text/plain")])
        pieces = iter([b"Internal Server Error"])
    headers = [
        *head.headers,
        ("x-amzn-RequestId", streaming.request_id),
        ("X-Amzn-Trace-Id", streaming.trace_header),
    ]
    return Response(head.status, headers, StreamedBody(request, streaming, pieces))


def _head(streaming: Streaming) -> tuple[HttpAnswer, bytes]:
    """Status, headers and the beginning of the body. Raises MalformedAnswer: there is no answer to begin with."""
    if streaming.content_type.partition(";")[0].strip().lower() == http_prelude.CONTENT_TYPE:
        return _told_head(streaming)
    first = next((piece for piece in streaming if piece), b"")
    if not first and _failed(streaming):
        raise MalformedAnswer("The function failed before it wrote anything.")
    kind = header_text("Content-Type", streaming.content_type)
    return HttpAnswer(200, [("Content-Type", kind)]), first


def _told_head(streaming: Streaming) -> tuple[HttpAnswer, bytes]:
    data = b""
    for piece in streaming:
        data += piece
        parts = http_prelude.split_prelude(data, limits.PRELUDE_BYTES)
        if parts is not None:
            return http_prelude.prelude_answer(parts[0]), parts[1]
    raise MalformedAnswer("The answer ended before the metadata did.")


def _body(first: bytes, streaming: Streaming) -> Iterator[bytes]:
    yield first
    yield from streaming
    if _failed(streaming):
        raise ConnectionResetError(errno.ECONNRESET, "The function's answer broke off.")


def _failed(streaming: Streaming) -> bool:
    return streaming.end is not None and streaming.end.error_code is not None
