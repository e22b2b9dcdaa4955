"""A request to an API of ours, sent through its own address as any client would."""

from __future__ import annotations

import http.client
import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from invocations import clock, limits
from invocations.decisions.tracing import continue_trace, trace_id
from invocations.errors import UnusablePart
from invocations.flows.http_api.apis import path_address
from invocations.models import Api

_PATIENCE = limits.API_TIMEOUT_MS[1] / 1000 + 5
_OWN = ("host", "content-length", "transfer-encoding", "x-amzn-trace-id", "connection")


@dataclass(frozen=True)
class Tried:
    """What came back, and the trace that the function's invocation carries."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    trace_id: str


def try_out(api: Api, stage: str, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Tried:
    """Send the request and wait. Raises UnusablePart when nobody answers."""
    base = urlsplit(settings.LAMBDAPLAY_URL)
    trace = continue_trace(None, now=clock.real().timestamp(), random=os.urandom(20))
    connection = http.client.HTTPConnection(base.hostname or "127.0.0.1", base.port, timeout=_PATIENCE)
    try:
        connection.putrequest(method, urlsplit(path_address(api, stage)).path + target)
        for name, value in [*((n, v) for n, v in headers if n.lower() not in _OWN), ("X-Amzn-Trace-Id", trace)]:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return Tried(answer.status, answer.getheaders(), answer.read(), trace_id(trace))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnusablePart(f"The API's own address does not answer: {error}") from error
    finally:
        connection.close()
