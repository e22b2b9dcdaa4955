"""The small part of JSONPath that EventBridge takes in InputPath and InputPathsMap. Pure.

    $   $.detail   $.detail.instance-id   $.resources[0]   $.detail.items[*].name

No quoted brackets, no recursive descent, no filters: AWS refuses these too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_STEP = re.compile(r"\.(?P<name>[^.\[\]\s'\"*$@?()]+)|\[(?P<index>\d{1,9}|\*)\]")

Step = str | int | None  # a member, a place in an array, None: every place
Missing = object()


class InvalidPath(ValueError):
    """Not a path that EventBridge takes."""


@lru_cache(1024)
def compile_path(text: str) -> tuple[Step, ...]:
    """Return the steps from the root. Raises InvalidPath."""
    if not text.startswith("$"):
        raise InvalidPath(text)
    steps: list[Step] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise InvalidPath(text)
        index = match["index"]
        steps.append(match["name"] if index is None else None if index == "*" else int(index))
        at = match.end()
    return tuple(steps)


def select(path: tuple[Step, ...], document: Any) -> Any:
    """Return what the path leads to, `Missing` when it leads nowhere; a list where it has `[*]`."""
    for at, step in enumerate(path):
        if step is None:
            if not isinstance(document, list):
                return Missing
            found = [select(path[at + 1 :], item) for item in document]
            return [one for one in found if one is not Missing]
        document = _one(step, document)
        if document is Missing:
            return Missing
    return document


def _one(step: str | int, document: Any) -> Any:
    if isinstance(step, int):
        return document[step] if isinstance(document, list) and step < len(document) else Missing
    return document.get(step, Missing) if isinstance(document, Mapping) else Missing
