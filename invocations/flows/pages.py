"""Lists in pages, as AWS's: an opaque marker in, an opaque marker out, at most fifty a page."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from invocations import limits
from invocations.errors import InvalidParameterValue

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    items: tuple[Item, ...]
    next_marker: str | None  # None on the last page


def everything(page_after: Callable[[str | None], Page[Item]]) -> list[Item]:
    """All items of a list, page after page: for doors that have no pages of their own."""
    found: list[Item] = []
    marker: str | None = None
    while True:
        page = page_after(marker)
        found += page.items
        marker = page.next_marker
        if marker is None:
            return found


def page_size(max_items: int | None) -> int:
    return limits.PAGE_ITEMS if max_items is None else min(max_items, limits.PAGE_ITEMS)


def cut(rows: Sequence[Item], size: int, key: Callable[[Item], tuple[str, int]]) -> Page[Item]:
    """Make a page of `size` rows; `rows` holds one more when there is a next page."""
    if len(rows) <= size:
        return Page(tuple(rows), None)
    return Page(tuple(rows[:size]), _marker(key(rows[size - 1])))


def read_marker(marker: str) -> tuple[str, int]:
    """Return the key (text, number) of the last item seen. Raises InvalidParameterValue for a marker not ours."""
    try:
        text, number = json.loads(base64.urlsafe_b64decode(marker.encode("ascii")))
    except (ValueError, TypeError) as error:
        raise InvalidParameterValue("The marker is not one that this operation returned.") from error
    if not isinstance(text, str) or type(number) is not int or not 0 <= number < 2**63:
        raise InvalidParameterValue("The marker is not one that this operation returned.")
    return text, number


def _marker(key: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
