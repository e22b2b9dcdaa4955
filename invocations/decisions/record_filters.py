"""Does a record pass a mapping's filters? Filters are ORed. Pure.

Each source has one key whose value is the sender's own data: `body` in SQS, `data` in Kinesis. A pattern below it wants
JSON, a pattern on it wants a plain string; the other kind is refused, so that `exists: false` does not let everything
through. Everything else is the event pattern's language (decisions/event_pattern.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from invocations.decisions.event_pattern import OR, InvalidPattern, Pattern, compile_pattern, explain

FILTERS_MAX = 5
PLAIN, STRUCTURED = "plain", "json"


class InvalidFilter(ValueError):
    """The pattern is none; `reason` is what is wrong with it."""


@dataclass(frozen=True)
class Filter:
    """One pattern, and what it wants the data to be ("": it says nothing of the data)."""

    pattern: Pattern
    data_key: str
    wants: str


@dataclass(frozen=True)
class Refused:
    """What kept a record out of one filter: the path of the pattern's leaf, and the sentence that says why."""

    leaf: str
    sentence: str


@lru_cache(1024)
def compile_filter(text: str, data_key: str, *, plain_allowed: bool = True) -> Filter:
    """Compile a pattern's text. `data_key` "" where the record has no such key. Raises InvalidFilter."""
    try:
        tree = json.loads(text)
        pattern = compile_pattern(text)
    except (ValueError, RecursionError) as error:
        raise InvalidFilter(str(error)) from None
    wants = _wanted(tree, data_key) if data_key else set()
    if PLAIN in wants and not plain_allowed:
        raise InvalidFilter(f"{data_key} must be an object")
    return Filter(pattern, data_key, wants.pop() if len(wants) == 1 else "")


def _wanted(tree: Mapping[str, Any], key: str) -> set[str]:
    found = set()
    if key in tree:
        found.add(STRUCTURED if isinstance(tree[key], Mapping) else PLAIN)
    if any(name.startswith(f"{key}.") for name in tree):
        found.add(STRUCTURED)
    branches = tree.get(OR)
    if isinstance(branches, list):
        for branch in branches:
            found |= _wanted(branch, key) if isinstance(branch, Mapping) else set()
    return found


def compile_filters(texts: Iterable[str], data_key: str, *, plain_allowed: bool = True) -> tuple[Filter, ...]:
    return tuple(compile_filter(text, data_key, plain_allowed=plain_allowed) for text in texts)


def data_of(text: str) -> Any:
    """What a filter sees of the sender's data: an object, or the text itself. JSON that is no object has no leaves."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(found, dict):
        return found
    return {} if isinstance(found, list) else text


def refusal(filters: Iterable[Filter], view: Mapping[str, Any]) -> str:
    """Return "" when the record passes one of the filters (or there is none), else why it does not pass the last."""
    why = ""
    for one in filters:
        refused = judge(one, view)
        if refused is None:
            return ""
        why = refused.sentence
    return why


def judge(one: Filter, view: Mapping[str, Any]) -> Refused | None:
    """None when the record passes this filter, else the leaf that refuses it."""
    if one.wants:
        structured = isinstance(view.get(one.data_key), Mapping)
        if one.wants == STRUCTURED and not structured:
            return Refused(one.data_key, f"{one.data_key} is not a JSON object; the pattern wants one.")
        if one.wants == PLAIN and structured:
            return Refused(one.data_key, f"{one.data_key} is JSON; the pattern wants a plain string.")
    mismatch = explain(one.pattern, view)
    return None if mismatch is None else Refused(mismatch.path, str(mismatch))


__all__ = [
    "Filter",
    "InvalidFilter",
    "InvalidPattern",
    "Refused",
    "compile_filter",
    "compile_filters",
    "data_of",
    "judge",
    "refusal",
]
