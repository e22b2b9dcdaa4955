"""An idempotency proof: the function is run twice with the same event, and what the second run changed is told.

Both runs are real and stay. They are synchronous, one after the other, so no retry or destination takes part; each has
a request id of its own. What is looked at is in `sightings`; besides, the events and deliveries that a run caused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from invocations.decisions.idempotency import Change, Sight, Verdict, changes, verdict
from invocations.flows.invoke import invoke
from invocations.flows.sightings import Seen, look
from invocations.models import Delivery, Invocation
from invocations.values import InvocationResult, InvokeRequest
from lambdaplay.db.pool import pooled

RESULT_CHARACTERS = 4000


@dataclass(frozen=True)
class Run:
    """One of the two runs. `changes` is what differs after it; `error` is "" when it succeeded."""

    request_id: str
    result: Any
    error: str
    changes: Sequence[Change]

    @property
    def result_text(self) -> str:
        return json.dumps(self.result, indent=2, ensure_ascii=False)[:RESULT_CHARACTERS]


@dataclass(frozen=True)
class Proof:
    first: Run
    second: Run
    verdict: Verdict
    looked_at: Sequence[str]
    unseen: Sequence[str]

    @property
    def same_result(self) -> bool:
        return bool(self.first.result == self.second.result)


def prove(request: InvokeRequest) -> Proof:
    """Run it twice and compare. Raises what `invoke` raises; a run that fails is part of the proof.

    No database connection is held while the function runs. What others write meanwhile is seen as if the function
    had written it.
    """
    request = replace(request, invocation_type="RequestResponse", log_type="None")
    scope = request.caller.scope
    before = look(scope)
    first, between = _run(request, before)
    second, after = _run(request, between)
    return Proof(
        first=first,
        second=second,
        verdict=verdict((first.error, second.error), first.result == second.result, second.changes),
        looked_at=sorted(after.places),
        unseen=tuple(dict.fromkeys((*before.unseen, *between.unseen, *after.unseen))),
    )


def _run(request: InvokeRequest, before: Seen) -> tuple[Run, Seen]:
    result = invoke(request)
    after = look(request.caller.scope)
    found = [*changes(before.places, after.places), *changes({}, _caused(result.request_id))]
    answer = _json(result.payload)
    return Run(result.request_id, answer, _error(result, answer), found), after


@pooled()
def _caused(request_id: str) -> Sight:
    """What the run sent that is kept as rows of ours: events to functions, messages by topics and rules."""
    events = Invocation.objects.filter(caused_by=request_id).values_list("request_id", "function")
    sent = Delivery.objects.filter(caused_by=request_id, invocation=None).values_list("key", "kind", "destination")
    found: Mapping[str, Mapping[str, str]] = {
        "events sent": {f"event {event_id}": f"to {function}" for event_id, function in events},
        "sent by topics and rules": {key: f"{kind} to {destination}" for key, kind, destination in sent},
    }
    return {place: items for place, items in found.items() if items}


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload or b"null")
    except (ValueError, RecursionError):
        return payload.decode(errors="replace")


def _error(result: InvocationResult, answer: Any) -> str:
    if result.function_error is None:
        return ""
    told = answer if isinstance(answer, dict) else {}
    return ": ".join(str(told[name]) for name in ("errorType", "errorMessage") if told.get(name)) or "function error"
