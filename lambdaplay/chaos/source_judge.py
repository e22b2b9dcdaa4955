"""What came of the messages and records of a storm, from what the function reported and what the rows say. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

ORDERED = frozenset(("fifo", "stream"))


class Item(NamedTuple):
    """`number` counts up for each key of a source, from 0; `id` is the message's or record's own name there."""

    source: str  # queue, fifo, stream
    key: str
    number: int
    id: str


class Report(NamedTuple):
    """What one call of the function said that it did, in order. `at`: when it began (its host's clock, ns)."""

    at: int
    items: Sequence[Item]


@dataclass
class Verdict:
    """The lists of `broken` must be empty."""

    unprocessed: list[Item] = field(default_factory=list)  # accepted, and no call had it
    out_of_order: list[Item] = field(default_factory=list)  # had before the one in front of it under the same key
    unrecorded: list[Item] = field(default_factory=list)  # accepted, and no batch's row says that it was done
    recorded_twice: list[str] = field(default_factory=list)  # done by the rows of two batches
    wrongly_recorded: list[str] = field(default_factory=list)  # done by a row, and no call had it
    again: int = 0  # times that an item was had beyond the first

    @property
    def broken(self) -> bool:
        found = (self.unprocessed, self.out_of_order, self.unrecorded, self.recorded_twice, self.wrongly_recorded)
        return any(found)


def judge(accepted: Iterable[Item], reports: Iterable[Report], done: Mapping[str, int]) -> Verdict:
    """`done`: how often the rows of batches say that an id was done."""
    verdict = Verdict()
    had: Counter[str] = Counter()
    following: dict[tuple[str, str], int] = {}
    for item in (item for report in sorted(reports) for item in report.items):
        had[item.id] += 1
        if item.source in ORDERED:
            place = (item.source, item.key)
            if item.number > following.get(place, 0):
                verdict.out_of_order.append(item)
            following[place] = max(following.get(place, 0), item.number + 1)
    for item in accepted:
        if not had[item.id]:
            verdict.unprocessed.append(item)
        if not done.get(item.id):
            verdict.unrecorded.append(item)
    verdict.recorded_twice = [name for name, times in done.items() if times > 1]
    verdict.wrongly_recorded = [name for name, times in done.items() if times and not had[name]]
    verdict.again = sum(had.values()) - len(had)
    return verdict
