"""From names and ARNs to buses, who of another account may do what there, and pages of names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from invocations.decisions.tracing import trace_id
from invocations.engines.events import buses, limits, policies
from invocations.engines.events.errors import AccessToBusDenied, InvalidRequest, Unsupported
from invocations.engines.events.naming import BusName, bus_named
from invocations.engines.events.publishing import Sender, denial
from invocations.flows.lineage import lineage_of
from invocations.wire.call import Call

Row = TypeVar("Row")


def bus_of(call: Call, member: str = "EventBusName") -> BusName:
    """The bus that the request names. Raises AccessDeniedException for one of another account that keeps us out."""
    named = bus_named(call.params.get(member), call.caller.scope)
    if named.scope.account != call.caller.scope.account:
        action = f"events:{call.operation}"
        bus = buses.need(named)
        if not policies.lets(bus, call.caller.scope.account, action):
            raise AccessToBusDenied(denial(bus, Sender(call.caller.scope, call.caller.arn), action))
    return named


def sender_of(call: Call) -> Sender:
    """Who puts events; a function puts them as part of the invocation that it runs."""
    lineage = lineage_of(call.caller)
    trace = trace_id(call.headers.get("x-amzn-trace-id", ""))
    return Sender(call.caller.scope, call.caller.arn, trace, lineage.hops, lineage.request_id)


def refuse(call: Call, *members: str) -> None:
    """Raise for a member that lambdaplay does not act on."""
    for member in members:
        if call.params.get(member) is not None:
            raise Unsupported(f"lambdaplay does not offer {member} in {call.operation}.")


def page(
    call: Call, rows: Callable[[str, int], Sequence[Row]], name: Callable[[Row], str]
) -> tuple[Sequence[Row], str | None]:
    """One page, as long as `Limit` says, and the token of the next."""
    size = call.params.get("Limit") or limits.LIST_ITEMS
    found = rows(_from_token(call.params.get("NextToken")), size)
    shown = found[:size]
    token = base64.b64encode(name(shown[-1]).encode()).decode() if len(found) > size else None
    return shown, token


def _from_token(token: str | None) -> str:
    try:
        return base64.b64decode(token or "", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidRequest("Provided NextToken is not valid.") from None
