"""Whether a second run with the same event changed anything, told from what was seen before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Sight = Mapping[str, Mapping[str, str]]  # {"table bank": {"alice": '{"balance": 10}'}}: place, item, content

NAMED = 3  # changes that a sentence spells out
CHARACTERS = 160  # of a content in a sentence


@dataclass(frozen=True)
class Change:
    """One item of one place. `before` is None when it came, `after` is None when it went."""

    place: str
    item: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        where = f"{self.place}, {self.item}"
        if self.before is None:
            return f"{where} came: {_short(self.after or '')}"
        if self.after is None:
            return f"{where} went: {_short(self.before)}"
        return f"{where}: {_short(self.before)} became {_short(self.after)}"


@dataclass(frozen=True)
class Verdict:
    """`idempotent` is None when nothing is proved, because a run failed."""

    idempotent: bool | None
    sentence: str


def changes(before: Sight, after: Sight) -> list[Change]:
    """What is different, by place and item."""
    found = []
    for place in sorted({*before, *after}):
        old, new = before.get(place, {}), after.get(place, {})
        for item in sorted({*old, *new}):
            if old.get(item) != new.get(item):
                found.append(Change(place, item, old.get(item), new.get(item)))
    return found


def verdict(errors: Sequence[str], same_result: bool, second: Sequence[Change]) -> Verdict:
    """Judge two runs: their errors ("" for none), whether their results are equal, what the second one changed."""
    told = _told(second)
    if any(errors):
        which = "Both runs" if all(errors) else "The first run" if errors[0] else "The second run"
        error = next(error for error in errors if error)
        changed = f"The second run changed something all the same: {told}" if second else "The second changed nothing."
        return Verdict(None, f"{which} failed ({error}), so nothing is proved about runs that succeed. {changed}")
    if second:
        return Verdict(False, f"Not idempotent for this event: the second run changed something. {told}")
    if not same_result:
        return Verdict(
            True,
            "The second run changed nothing that can be seen from here, but it gave another result: who is sent the "
            "repeat's answer sees the difference.",
        )
    return Verdict(True, "The second run changed nothing that can be seen from here, and gave the same result.")


def _told(second: Sequence[Change]) -> str:
    named = "; ".join(str(change) for change in second[:NAMED])
    more = len(second) - NAMED
    return f"{named}; and {more} more." if more > 0 else f"{named}."


def _short(text: str) -> str:
    return text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"
