"""The key space: 128-bit numbers, divided among shards."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

HIGHEST = 2**128 - 1


@dataclass(frozen=True)
class HashRange:
    """Both ends belong to it."""

    first: int
    last: int

    def __contains__(self, key: int) -> bool:
        return self.first <= key <= self.last


def of_partition_key(key: str) -> int:
    """Where a partition key lies: its MD5 as a number."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest(), "big")


def divide(space: HashRange, parts: int) -> list[HashRange]:
    """Cut into ranges of one size; the last takes what does not divide evenly."""
    width = (space.last - space.first + 1) // parts
    firsts = [space.first + width * place for place in range(parts)]
    lasts = [first - 1 for first in firsts[1:]] + [space.last]
    return [HashRange(first, last) for first, last in zip(firsts, lasts, strict=True)]


def even(parts: int) -> list[HashRange]:
    """The whole key space in equal parts."""
    return divide(HashRange(0, HIGHEST), parts)
