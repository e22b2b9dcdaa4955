"""Log events: read by stream, and searched through a group."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from invocations.decisions.log_pattern import InvalidPattern, compile_pattern
from invocations.flows import log_events
from invocations.flows.log_events import Line, Place, Span
from invocations.flows.log_groups import InvalidParameter
from invocations.wire.call import Answer, Call
from invocations.wire.services.logs.addressing import group_of, read_token, token

_MOST = 10_000
_ANSWER_BYTES = 1024 * 1024  # AWS: as many events as fit into 1 MB


def get_events(call: Call) -> Answer:
    params = call.params
    group = group_of(call)
    name = params["logStreamName"]
    log_events.check_stream(group, name)
    span = Span((name,), "", params.get("startTime"), params.get("endTime"))
    size = params.get("limit") or _MOST
    forward, edge = _direction(params)
    if forward:
        lines = _fit(log_events.forward(group, span, edge, lambda text: True), size)
    else:
        lines = _fit(log_events.backward(group, span, edge), size)[::-1]
    first, last = _edges(lines, edge, forward=forward)
    events = [{"timestamp": line.at, "message": line.text, "ingestionTime": line.at} for line in lines]
    return Answer({"events": events, "nextForwardToken": token("f", *last), "nextBackwardToken": token("b", *first)})


def _direction(params: dict[str, Any]) -> tuple[bool, Place | None]:
    """Whether to read forward, and from where."""
    text = params.get("nextToken")
    if text is None:
        return bool(params.get("startFromHead")), None
    for kind, forward in (("f", True), ("b", False)):
        try:
            at, attempt, number = read_token(text, kind, 3)
        except InvalidParameter:
            continue
        return forward, (int(at), int(attempt), int(number))
    raise InvalidParameter("The specified nextToken is invalid.")


def _edges(lines: list[Line], edge: Place | None, *, forward: bool) -> tuple[Place, Place]:
    """Where the tokens point. At the end of the stream the same token comes back, as AWS promises."""
    if lines:
        return lines[0].place, lines[-1].place
    if edge is not None:
        return edge, edge
    return ((0, 0, 0), (0, 0, 0)) if forward else ((2**62, 0, 0), (0, 0, 0))


def filter_events(call: Call) -> Answer:
    params = call.params
    group = group_of(call)
    names, prefix = params.get("logStreamNames"), params.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise InvalidParameter("logStreamNames and logStreamNamePrefix are mutually exclusive.")
    try:
        matches = compile_pattern(params.get("filterPattern") or "")
    except InvalidPattern as problem:
        raise InvalidParameter(f"Invalid filter pattern: {problem}") from problem
    after: Place | None = None
    if params.get("nextToken"):
        at, attempt, number = read_token(params["nextToken"], "filter", 3)
        after = (int(at), int(attempt), int(number))
    span = Span(tuple(names or ()), prefix or "", params.get("startTime"), params.get("endTime"))
    size = params.get("limit") or _MOST
    found = log_events.forward(group, span, after, matches)
    lines = _fit(found, size)
    members: dict[str, Any] = {
        "events": [
            {
                "logStreamName": line.stream,
                "timestamp": line.at,
                "message": line.text,
                "ingestionTime": line.at,
                "eventId": line.event_id,
            }
            for line in lines
        ],
        "searchedLogStreams": [],
    }
    if lines and next(log_events.forward(group, span, lines[-1].place, matches), None) is not None:
        members["nextToken"] = token("filter", *lines[-1].place)
    return Answer(members)


def _fit(lines: Any, size: int) -> list[Line]:
    """At most `size` lines, and at least one, that an answer has room for."""
    found: list[Line] = []
    room = _ANSWER_BYTES
    for line in islice(lines, size):
        room -= len(line.text.encode()) + 26
        if room < 0 and found:
            break
        found.append(line)
    return found


OPERATIONS: dict[str, Callable[[Call], Answer]] = {"GetLogEvents": get_events, "FilterLogEvents": filter_events}
