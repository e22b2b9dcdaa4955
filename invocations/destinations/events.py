"""An event bus: the outcome of an invocation, and what a schedule sends, becomes an event there; what a rule sends to
a bus is passed on whole. A schedule's options `source` and `detail-type` are the event's, its body is the detail.

An event that came from another bus goes to no third one, and never back: AWS's words for both are told in dead letters.
"""

from __future__ import annotations

from invocations.arns import Arn
from invocations.destinations.base import (
    NO_PERMISSIONS,
    NO_RESOURCE,
    ON_FAILURE,
    ON_SUCCESS,
    OUTCOMES,
    SCHEDULE,
    Attributes,
    Context,
    Destination,
    Undeliverable,
)
from invocations.engines import events
from invocations.engines.events.errors import AccessToBusDenied, NotFound
from invocations.records import event_bridge_entry

LOOP, THIRD_HOP = "LOOP_DETECTED", "THIRD_ACCOUNT_HOP_DETECTED"


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Put the event. A bus that is not there may come yet for an outcome; a rule gives up at once."""
    named = events.bus_of_arn(arn.text)
    if named is None:
        raise Undeliverable(f"{arn.text} is not an event bus.", permanent=True, code=NO_RESOURCE)
    sender = events.Sender(context.scope, context.function_arn, context.trace_id, context.hops, context.caused_by)
    try:
        if context.kind in OUTCOMES:
            events.tell(named, _outcome(arn, body, context), context.key, sender)
        elif context.kind == SCHEDULE:
            events.tell(named, _scheduled(arn, body, context), context.key, sender)
        else:
            _check_way(arn, context)
            events.forward(named, body, context.key, context.options.get("bus", ""), sender)
    except NotFound as refusal:
        raise Undeliverable(refusal.message, permanent=context.kind not in OUTCOMES, code=NO_RESOURCE) from refusal
    except AccessToBusDenied as refusal:
        raise Undeliverable(refusal.message, permanent=True, code=NO_PERMISSIONS) from refusal
    except events.BusRefusal as refusal:
        raise Undeliverable(refusal.message, permanent=True) from refusal


def _outcome(arn: Arn, record: bytes, context: Context) -> events.Entry:
    told = event_bridge_entry(record, arn.text, context.function_arn, context.succeeded)
    resources = told["Resources"]
    return events.Entry(
        source=str(told["Source"]),
        detail_type=str(told["DetailType"]),
        detail=str(told["Detail"]),
        resources=[str(one) for one in resources] if isinstance(resources, list) else (),
        bus=arn.text,
    )


def _scheduled(arn: Arn, detail: bytes, context: Context) -> events.Entry:
    options = context.options
    return events.Entry(options.get("source"), options.get("detail-type"), detail.decode(), bus=arn.text)


def _check_way(arn: Arn, context: Context) -> None:
    here, via = context.options.get("bus", ""), context.options.get("via", "")
    if arn.text in (here, via):
        raise Undeliverable(f"The event came from {arn.text} and is not sent back there.", permanent=True, code=LOOP)
    if via:
        raise Undeliverable(
            f"The event came to {here} from {via}: events that another bus passed on go to no third bus.",
            permanent=True,
            code=THIRD_HOP,
        )


DESTINATION = Destination("events", frozenset({ON_SUCCESS, ON_FAILURE}), send, local=True)
