"""Lists in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from invocations.engines.scheduler import limits
from invocations.engines.scheduler.errors import InvalidSchedulerRequest
from invocations.wire.call import Call

Row = TypeVar("Row")


def page(
    call: Call, rows: Callable[[str, int], Sequence[Row]], place: Callable[[Row], str]
) -> tuple[Sequence[Row], str | None]:
    """One page, as long as MaxResults says, and the token of the next. `rows`: those behind a place."""
    size = call.params.get("MaxResults") or limits.LIST_ITEMS
    found = rows(_from_token(call.params.get("NextToken")), size)
    shown = found[:size]
    token = base64.urlsafe_b64encode(place(shown[-1]).encode()).decode() if len(found) > size else None
    return shown, token


def number(place: str) -> int | None:
    """A place that is a row's number. Raises ValidationException."""
    if not place:
        return None
    if not (place.isascii() and place.isdigit() and len(place) < 19):
        raise _invalid()
    return int(place)


def _from_token(token: str | None) -> str:
    try:
        return base64.b64decode(token or "", b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _invalid() from None


def _invalid() -> InvalidSchedulerRequest:
    return InvalidSchedulerRequest("Provided NextToken is not valid.")
