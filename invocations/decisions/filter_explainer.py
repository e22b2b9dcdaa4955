"""A mapping's filters against records, one by one: which filter takes each, or which leaf of each refuses it. Pure.

The matcher is the one that pollers use (decisions/record_filters.py); here only the telling is added.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invocations.decisions.record_filters import Filter, Refused, data_of, judge

# What a record has beside its data, by the data's key: so it is told from data that happens to be JSON.
_MARKS = {"body": {"body", "messageId"}, "data": {"kinesis"}, "value": {"topic", "partition"}}


@dataclass(frozen=True)
class Explained:
    """`taken_by`: the number of the first filter that the record passes, from 1 on; 0 when there are no filters, None
    when all refuse it. `refusals`: one for each filter before that."""

    taken_by: int | None
    refusals: tuple[Refused, ...] = ()

    @property
    def passed(self) -> bool:
        return self.taken_by is not None


def explain_record(filters: Sequence[Filter], view: Mapping[str, Any]) -> Explained:
    """Filters are ORed; without any, every record passes."""
    refusals: list[Refused] = []
    for number, one in enumerate(filters, 1):
        refused = judge(one, view)
        if refused is None:
            return Explained(number, tuple(refusals))
        refusals.append(refused)
    return Explained(None if filters else 0, tuple(refusals))


def leaves(explained: Iterable[Explained]) -> list[tuple[str, int]]:
    """By which leaves records were refused, and how many by each; most first. With several filters each leaf is
    numbered, and a record counts once for each filter."""
    refused = [one for one in explained if not one.passed]
    counted: Counter[str] = Counter()
    for one in refused:
        several = len(one.refusals) > 1
        for number, refusal in enumerate(one.refusals, 1):
            counted[f"filter {number}: {refusal.leaf}" if several else refusal.leaf] += 1
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def summary(explained: Sequence[Explained], what: str) -> str:
    """One sentence about all records; `what` is what one of them is called."""
    if not explained:
        return f"There was no {what} to look at."
    passed = sum(one.passed for one in explained)
    refused = len(explained) - passed
    counted = f"{len(explained)} {what}{'' if len(explained) == 1 else 's'}"
    if not refused:
        return f"Of {counted}, all match."
    by = ", ".join(f"{leaf} ({count})" for leaf, count in leaves(explained))
    return f"Of {counted}, {passed} {'matches' if passed == 1 else 'match'}; refused: {refused}, by {by}."


def pasted_records(text: str, data_key: str) -> list[Mapping[str, Any]]:
    """The records in what somebody pasted: one record, or an event with several. Empty: it is a record's data alone.

    `data_key` "" (DynamoDB): a record has no data of its sender's, so any object is a record.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, dict):
        return []
    inside = found.get("Records", found.get("records"))
    if isinstance(inside, Mapping):  # Kafka's, by partition
        inside = [one for some in inside.values() if isinstance(some, list) for one in some]
    if isinstance(inside, list) and inside and all(isinstance(one, dict) for one in inside):
        return inside
    if not data_key or "eventSource" in found or _MARKS[data_key] <= found.keys():
        return [found]
    return []


def data_view(text: str, data_key: str) -> Mapping[str, Any]:
    """What filters see of a record that has this data, and of which nothing else is known."""
    found = data_of(text)
    if isinstance(found, dict) and found.keys() == {data_key}:  # written as the pattern is: {"body": ...}
        inner = found[data_key]
        return {data_key: data_of(inner) if isinstance(inner, str) else inner}
    return {data_key: found}
