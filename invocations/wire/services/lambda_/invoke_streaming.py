"""InvokeWithResponseStream: the function's answer as events, each sent when the function writes it.

What is wrong with the request is an ordinary error. Whatever the function does is in the stream, whose last event says
how it ended; an answer without that event is incomplete.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import unquote

from invocations import limits
from invocations.flows.invoke_streaming import StreamEnd, Streaming, invoke_streaming
from invocations.values import Caller, InvocationResult, InvokeRequest
from invocations.wire.canonical import normalise
from invocations.wire.http import Request, Response
from invocations.wire.plan import Plan
from invocations.wire.protocol import event_stream, rest_json
from invocations.wire.services.lambda_.invoke import by_model, is_header_text, render
from invocations.wire.streamed import StreamedBody

_NAME = "InvokeWithResponseStream"
_PATH = re.compile(r"/2021-11-15/functions/([^/]+)/response-streaming-invocations/?")


def direct(request: Request) -> Plan | None:
    """Recognise the operation by its path; None for every other one."""
    if request.method != "POST":
        return None
    found = _PATH.fullmatch(request.path) or _PATH.fullmatch(normalise(request.path))
    if found is None:
        return None
    name = unquote(found[1])

    def run(caller: Caller, body: bytes, request_id: str) -> Response:
        streaming = invoke_streaming(_read(request, name, caller, body, request_id))
        if isinstance(streaming, InvocationResult):
            return render(streaming)
        return Response(200, _headers(streaming), StreamedBody(request, streaming, _events(streaming)))

    return Plan(limits.SYNC_REQUEST_BYTES, _NAME, run)


def _read(request: Request, name: str, caller: Caller, body: bytes, request_id: str) -> InvokeRequest:
    params = by_model(request, name, _NAME)
    return InvokeRequest(
        caller=caller,
        function=params["FunctionName"],
        payload=body,
        qualifier=params.get("Qualifier"),
        invocation_type=params.get("InvocationType") or "RequestResponse",
        log_type=params.get("LogType") or "None",
        client_context=params.get("ClientContext"),
        trace_header=request.header("x-amzn-trace-id"),
        request_id=request_id,
    )


def _headers(streaming: Streaming) -> list[tuple[str, str]]:
    kind = streaming.content_type if is_header_text(streaming.content_type) else "application/octet-stream"
    return [
        ("x-amzn-RequestId", streaming.request_id),
        ("X-Amz-Executed-Version", streaming.executed_version),
        ("X-Amzn-Remapped-Content-Type", kind),
        ("X-Amzn-Trace-Id", streaming.trace_header),
        ("Content-Type", event_stream.CONTENT_TYPE),
    ]


def _events(streaming: Streaming) -> Iterator[bytes]:
    for piece in streaming:
        if piece:
            yield event_stream.event("PayloadChunk", "application/octet-stream", piece)
    if streaming.end is not None:
        yield event_stream.event("InvokeComplete", "application/json", rest_json.dump(_complete(streaming.end)))


def _complete(end: StreamEnd) -> dict[str, str]:
    found = {}
    if end.error_code is not None:
        found = {"ErrorCode": end.error_code, "ErrorDetails": end.error_details}
    if end.log_tail is not None:
        found["LogResult"] = base64.b64encode(end.log_tail).decode()
    return found
