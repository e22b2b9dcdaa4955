"""What code most likely is when nobody says it: its kind of runtime and its handler, read from names and text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

_KINDS = {".py": "python", ".js": "nodejs", ".mjs": "nodejs", ".cjs": "nodejs"}
# Of a folder's files the first that is there; AWS's own tutorials use these names.
_STEMS = ("lambda_function", "app", "index", "handler", "main")
_TUTORIAL = re.compile(r"^(async\s+)?def lambda_handler\b", re.MULTILINE)


class Guess(NamedTuple):
    """`kind` is python, nodejs or provided."""

    kind: str
    handler: str


def candidates() -> list[str]:
    """The files worth a look in a folder, in this order."""
    return ["bootstrap", *(f"{stem}{suffix}" for stem in _STEMS for suffix in _KINDS)]


def guess(files: Mapping[str, str]) -> Guess | None:
    """`files`: names (at the top of the package) and their text, as far as it matters. None: nothing is known of it."""
    if "bootstrap" in files:
        return Guess("provided", "bootstrap")
    known = candidates()
    for name in sorted(files, key=lambda name: (known.index(name) if name in known else len(known), name)):
        path = PurePosixPath(name)
        kind = _KINDS.get(path.suffix)
        if kind is not None:
            word = "lambda_handler" if kind == "python" and _TUTORIAL.search(files[name]) else "handler"
            return Guess(kind, f"{path.stem}.{word}")
    return None
