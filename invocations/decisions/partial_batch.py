"""What a function's answer says of the records in a batch. Pure.

Only read when the mapping has ReportBatchItemFailures; otherwise an answer without an error is success, whatever it
says. The forms and what each means were recorded from AWS (reference: event source mappings, section 4).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """Which records failed. `malformed` says why an answer counts as complete failure, "" when it was well formed."""

    failed: frozenset[str] = frozenset()
    malformed: str = ""

    @property
    def all_failed(self) -> bool:
        return bool(self.malformed)


SUCCESS = Verdict()


def judge(answer: bytes, ids: Collection[str], partition: str = "") -> Verdict:
    """Read the answer to a batch whose records have these ids: of a topic's `partition`, these offsets."""
    try:
        document = json.loads(answer) if answer else None
    except (ValueError, RecursionError):
        return Verdict(malformed="the answer is not JSON")
    if document in (None, "", [], {}) and not isinstance(document, bool | int | float):
        return SUCCESS
    if not isinstance(document, dict):
        return Verdict(malformed="the answer is not an object with batchItemFailures")
    return _listed(document.get("batchItemFailures"), ids, partition)


def _listed(entries: Any, ids: Collection[str], partition: str) -> Verdict:
    if entries is None:
        return SUCCESS
    if not isinstance(entries, list):
        return Verdict(malformed="batchItemFailures is not a list")
    failed = set()
    for entry in entries:
        trouble = _trouble(entry, ids, partition)
        if trouble:
            return Verdict(malformed=trouble)
        identifier = entry["itemIdentifier"]
        failed.add(str(identifier["offset"]) if partition else identifier)
    return Verdict(frozenset(failed))


def _trouble(entry: Any, ids: Collection[str], partition: str) -> str:
    if not isinstance(entry, dict) or "itemIdentifier" not in entry:
        return "an entry of batchItemFailures has no itemIdentifier"
    identifier = entry["itemIdentifier"]
    if identifier is None or identifier == "":
        return "an itemIdentifier is empty"
    if partition:
        return _offset_trouble(identifier, ids, partition)
    if not isinstance(identifier, str):
        return "an itemIdentifier is not a string"
    if identifier not in ids:
        return f"the itemIdentifier {identifier[:80]} is not in the batch"
    return ""


def _offset_trouble(identifier: Any, ids: Collection[str], partition: str) -> str:
    """Of Kafka: {"partition": "topic-0", "offset": 100}; AWS's pages have "topic-partition" for the first, too."""
    if not isinstance(identifier, dict) or type(identifier.get("offset")) is not int:
        return "an itemIdentifier is not an object with partition and offset"
    named = identifier.get("partition", identifier.get("topic-partition"))
    if named != partition or str(identifier["offset"]) not in ids:
        return f"the itemIdentifier {str(named)[:80]} {identifier['offset']} is not in the batch"
    return ""
