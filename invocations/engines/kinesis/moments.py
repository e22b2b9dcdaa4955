"""Product time in the unit of the stream tables: whole milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from invocations import clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def now_ms() -> int:
    return to_ms(clock.now())


def to_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    return _EPOCH + milliseconds * _MILLISECOND
