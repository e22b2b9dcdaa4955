"""Putting events, and trying a pattern on one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from invocations.decisions.event_envelope import is_full
from invocations.decisions.event_pattern import compile_pattern, matches
from invocations.decisions.tracing import trace_id
from invocations.engines.events import publishing, rules
from invocations.engines.events.errors import invalid
from invocations.engines.events.publishing import Entry, Result
from invocations.wire.call import Answer, Call
from invocations.wire.services.events.addressing import refuse, sender_of


def put_events(call: Call) -> Answer:
    refuse(call, "EndpointId")
    results = publishing.put([_entry(given) for given in call.params["Entries"]], sender_of(call))
    failed = sum(1 for result in results if result.code)
    return Answer({"FailedEntryCount": failed, "Entries": [_result(result) for result in results]})


def _entry(given: dict[str, Any]) -> Entry:
    return Entry(
        source=given.get("Source"),
        detail_type=given.get("DetailType"),
        detail=given.get("Detail"),
        resources=given.get("Resources") or (),
        bus=given.get("EventBusName"),
        time=given.get("Time"),
        trace_id=trace_id(given.get("TraceHeader") or ""),
    )


def _result(result: Result) -> dict[str, str | None]:
    if result.code:
        return {"ErrorCode": result.code, "ErrorMessage": result.message}
    return {"EventId": result.event_id}


def test_event_pattern(call: Call) -> Answer:
    text = call.params["EventPattern"]
    rules.check_pattern(text)
    try:
        event = json.loads(call.params["Event"])
    except (ValueError, RecursionError):
        event = None
    if not is_full(event):
        raise invalid("Event")
    return Answer({"Result": matches(compile_pattern(text), event)})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PutEvents": put_events,
    "TestEventPattern": test_event_pattern,
}
