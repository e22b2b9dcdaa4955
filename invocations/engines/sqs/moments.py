"""Product time in the unit of the message tables: whole milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from invocations import clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def now_ms() -> int:
    return (clock.now() - _EPOCH) // _MILLISECOND
