"""Aliases and their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from invocations.flows import aliases
from invocations.wire.call import Answer, Call
from invocations.wire.services.lambda_ import shapes


def create_alias(call: Call) -> Answer:
    params = call.params
    row = aliases.create_alias(
        call.caller.scope,
        params["FunctionName"],
        params["Name"],
        params["FunctionVersion"],
        description=params.get("Description", ""),
        weights=_weights(params),
    )
    return Answer(shapes.alias(row))


def get_alias(call: Call) -> Answer:
    return Answer(shapes.alias(aliases.get_alias(call.caller.scope, call.params["FunctionName"], call.params["Name"])))


def update_alias(call: Call) -> Answer:
    params = call.params
    row = aliases.update_alias(
        call.caller.scope,
        params["FunctionName"],
        params["Name"],
        version=params.get("FunctionVersion"),
        description=params.get("Description"),
        weights=_weights(params),
        revision_id=params.get("RevisionId"),
    )
    return Answer(shapes.alias(row))


def delete_alias(call: Call) -> Answer:
    aliases.delete_alias(call.caller.scope, call.params["FunctionName"], call.params["Name"])
    return Answer()


def list_aliases(call: Call) -> Answer:
    params = call.params
    page = aliases.list_aliases(
        call.caller.scope,
        params["FunctionName"],
        version=params.get("FunctionVersion"),
        marker=params.get("Marker") or None,
        max_items=params.get("MaxItems"),
    )
    return Answer({"Aliases": [shapes.alias(row) for row in page.items], "NextMarker": page.next_marker})


def _weights(params: Mapping[str, Any]) -> Mapping[str, float] | None:
    """None: not given. A RoutingConfig without weights ends the sharing."""
    routing = params.get("RoutingConfig")
    return None if routing is None else routing.get("AdditionalVersionWeights", {})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateAlias": create_alias,
    "GetAlias": get_alias,
    "UpdateAlias": update_alias,
    "DeleteAlias": delete_alias,
    "ListAliases": list_aliases,
}
