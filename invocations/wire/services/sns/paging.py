"""Pages of a list: at most a hundred, and the token of the next one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from invocations.engines.sns import limits
from invocations.engines.sns.errors import InvalidParameter

T = TypeVar("T")


def after(token: str | None) -> str:
    """Where a page begins. Raises InvalidParameter."""
    try:
        return base64.b64decode(token or "", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidParameter("NextToken") from None


def page(rows: Sequence[T], last: str) -> tuple[Sequence[T], str | None]:
    """The rows of this page and the next one's token; `rows` has one more than a page when there is a next one."""
    size = limits.LIST_ITEMS
    return rows[:size], base64.b64encode(last.encode()).decode() if len(rows) > size else None


def last_of(rows: Sequence[T]) -> T | None:
    return rows[min(len(rows), limits.LIST_ITEMS) - 1] if rows else None
