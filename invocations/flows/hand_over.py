"""Handing a batch to its function: synchronous, through the one door, and without any of async's destinations."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from invocations.errors import (
    Refusal,
    ResourceConflict,
    ResourceNotFound,
    TooManyRequests,
)
from invocations.flows.invoke import invoke
from invocations.flows.lineage import Lineage
from invocations.models import Mapping
from invocations.values import Caller, InvokeRequest

DOOR = "mapping"


@dataclass(frozen=True)
class Answer:
    """What came of a call: exactly one of the first three holds.

    `ran`: the function ended, and `function_error` says how. `throttled`: there was no concurrency for it, or it was
    just changing. Otherwise it could not be called, for the reason in `problem`.
    """

    ran: bool = False
    throttled: bool = False
    problem: str = ""
    payload: bytes = b""
    function_error: str | None = None
    executed_version: str = ""
    status_code: int = 200


def new_request_id() -> str:
    return str(uuid.uuid4())


# Seconds that each mapping's function has taken lately, in this process: a mean in which the last call weighs a fifth.
_taken: dict[int, float] = {}


def lately(mapping: Mapping) -> float:
    """How long the function has taken lately, seconds; 0 when nothing is known."""
    return _taken.get(mapping.pk, 0.0)


def call(
    mapping: Mapping, event: bytes, request_id: str, *, trace_header: str | None = None, lineage: Lineage | None = None
) -> Answer:
    """Invoke the mapping's function and wait for its end. Trace and chain are those of who sent the records."""
    began = time.monotonic()
    answer = _call(mapping, event, request_id, trace_header, lineage)
    if answer.ran:
        seconds = time.monotonic() - began
        _taken[mapping.pk] = seconds if mapping.pk not in _taken else _taken[mapping.pk] * 0.8 + seconds * 0.2
    return answer


def _call(mapping: Mapping, event: bytes, request_id: str, trace_header: str | None, lineage: Lineage | None) -> Answer:
    request = InvokeRequest(
        caller=Caller(mapping.scope, DOOR, mapping.uuid, mapping.arn),
        function=mapping.function,
        qualifier=mapping.qualifier or None,
        payload=event,
        request_id=request_id,
        trace_header=trace_header,
        own_payload=True,
    )
    try:
        result = invoke(request, lineage)
    except (TooManyRequests, ResourceConflict) as refusal:
        return Answer(throttled=True, problem=_sentence(refusal), status_code=refusal.status)
    except ResourceNotFound:
        return Answer(problem="The function, version or alias does not exist.", status_code=404)
    except Refusal as refusal:
        return Answer(problem=refusal.message, status_code=refusal.status)
    return Answer(
        ran=True,
        payload=result.payload,
        function_error=result.function_error,
        executed_version=result.executed_version or "",
        status_code=result.status_code,
    )


def _sentence(refusal: Refusal) -> str:
    if isinstance(refusal, TooManyRequests):
        return f"Throttled: no concurrency was left for the function ({refusal.reason})."
    return refusal.message
