"""What the operations share: which API is meant, options that are refused, and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from invocations.flows.http_api import rows
from invocations.flows.http_api.errors import ApiPartNotFound, BadApiRequest, unsupported
from invocations.flows.pages import cut, page_size, read_marker
from invocations.models import Api
from invocations.wire.call import Answer, Call

Row = TypeVar("Row", bound=Model)

_NOTHING: tuple[Any, ...] = (None, "", {}, [], False)


def api_of(call: Call) -> Api:
    """The HTTP API that the request names; REST APIs are another service's. Raises ApiPartNotFound."""
    scope, api_id = call.caller.scope, call.params["ApiId"]
    api = rows.get(scope, api_id)
    if api.kind != Api.Kind.HTTP:
        raise ApiPartNotFound(f"Invalid API identifier specified {scope.account}:{api_id}")
    return api


def refuse(call: Call, *members: str, **usual: tuple[Any, ...]) -> None:
    """Raise for members that lambdaplay does not act on, unless they ask for nothing or for what it does anyway."""
    for member in (*members, *usual):
        value = call.params.get(member)
        if value not in _NOTHING and value not in usual.get(member, ()):
            text = f" {value}" if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
            raise unsupported(f"{member}{text} in {call.operation}")


def max_results(call: Call) -> int | None:
    """The page's size; API Gateway's model has it as text."""
    text = call.params.get("MaxResults")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 10_000):
        raise BadApiRequest("MaxResults must be a number from 1.")
    return int(text)


def listed(call: Call, found: QuerySet[Row], shape: Callable[[Row], dict[str, Any]]) -> Answer:
    """One page of an API's parts, the oldest first."""
    token = call.params.get("NextToken")
    after = 0 if token is None else read_marker(token)[1]
    size = page_size(max_results(call))
    page = cut(list(found.filter(pk__gt=after).order_by("pk")[: size + 1]), size, lambda row: ("", row.pk))
    return Answer({"Items": [shape(row) for row in page.items], "NextToken": page.next_marker})
