"""Sequence numbers: 56 decimal digits that order the records of a shard, and put children behind their parents.

A sequence number is a 186-bit number. From its highest bits down: 2; the shard's epoch in seconds (36 bits); the last
digit of the shard's number (4); the record's place in its shard (64); zero (8); the second of its arrival (36); the
shard's number (32); 2 (4). A shard's epoch is greater than its parents', so order needs no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from invocations.models.stream import PLACE_BITS

_LEAD, _VERSION = 2, 2
_LAST_PLACE = 2**63 - 1  # the end of a closed shard
_LAST_SECOND = 2**36 - 1
HIGHEST_PLACE = (1 << PLACE_BITS) - 1


@dataclass(frozen=True, slots=True)
class Numbering:
    """How one shard's records are numbered."""

    epoch: int
    shard: int

    def of(self, place: int, arrived_ms: int) -> str:
        """The sequence number of the record at `place` (from 1)."""
        return self.writer()(place, arrived_ms)

    def writer(self) -> Callable[[int, int], str]:
        """`of` for many records: what they share is put together once."""
        base = self._base
        return lambda place, arrived_ms: str(base | place << 80 | ((arrived_ms // 1000) & _LAST_SECOND) << 36)

    @property
    def start(self) -> str:
        return str(self._base | self.epoch << 36)

    def end(self, closed_ms: int) -> str:
        """The number that a closed shard ends with: greater than all in it, smaller than all in its children."""
        return self.of(_LAST_PLACE, closed_ms)

    def behind(self, place: int) -> str:
        """A number that lies behind the record at `place` and before the next: a position, not a record's number."""
        return str(self._base | place << 80 | _LAST_SECOND << 36)

    @property
    def _base(self) -> int:
        return _LEAD << 184 | self.epoch << 148 | (self.shard & 15) << 144 | self.shard << 4 | _VERSION


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a sequence number says; `place` is at most HIGHEST_PLACE."""

    numbering: Numbering
    place: int
    second: int  # of arrival


def parse(text: str) -> Parsed | None:
    """Read a sequence number; None when it is none of ours."""
    if len(text) != 56 or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    shard = number >> 4 & 0xFFFFFFFF
    place = number >> 80 & 2**64 - 1
    formed = number >> 184 == _LEAD and number & 15 == _VERSION and number >> 144 & 15 == shard & 15
    if not formed or number >> 72 & 255 or place > _LAST_PLACE:
        return None
    return Parsed(
        Numbering(number >> 148 & _LAST_SECOND, shard), min(place, HIGHEST_PLACE), number >> 36 & _LAST_SECOND
    )
