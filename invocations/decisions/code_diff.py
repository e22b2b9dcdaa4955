"""How one file differs between two packages, as lines that a page can show."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

BYTES = 256 * 1024  # of a file; larger ones are only named
LINES = 4000  # of a file: comparing takes their product in the worst case
SHOWN = 400  # lines of one file's difference
AROUND = 3
UNENDED = "\\ No newline at end of file"


@dataclass(frozen=True)
class Line:
    """`kind` is added, removed, same or place (where the lines that follow stand)."""

    kind: str
    mark: str
    text: str


@dataclass(frozen=True)
class FileDiff:
    """`status` is added, removed or changed; `note` says why there are no lines, or not all."""

    path: str
    status: str
    note: str = ""
    lines: Sequence[Line] = ()


def status_of(before: object | None, after: object | None) -> str:
    if before is None:
        return "added"
    return "removed" if after is None else "changed"


def compare(path: str, before: bytes | None, after: bytes | None) -> FileDiff:
    """Compare two contents that differ; None where there is no such file."""
    status = status_of(before, after)
    sides = [_lines(side) for side in (before, after)]
    if sides[0] is None or sides[1] is None:
        return FileDiff(path, status, f"Binary: {_sizes(before, after)}.")
    if max(map(len, sides)) > LINES:  # type: ignore[arg-type]
        return FileDiff(path, status, f"More than {LINES:,} lines: {_sizes(before, after)}.")
    found = list(difflib.unified_diff(sides[0], sides[1], lineterm="", n=AROUND))[2:]
    lines = [_line(text) for text in found[:SHOWN]]
    if not lines:
        return FileDiff(path, status, "An empty file.")
    left = len(found) - SHOWN
    return FileDiff(path, status, f"{left:,} more lines differ or stand around them." if left > 0 else "", lines)


def too_large(path: str, before: int | None, after: int | None) -> FileDiff:
    """A file that is not looked into, by its sizes in bytes."""
    told = _told(before, after)
    return FileDiff(path, status_of(before, after), f"Larger than {BYTES // 1024} KB: {told}.")


def _lines(content: bytes | None) -> list[str] | None:
    """The lines of a text, without their ends; None when it is none. A missing last end is a line of its own."""
    if not content:
        return []
    if b"\0" in content:
        return None
    try:
        *lines, last = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return None
    return [*lines, last, UNENDED] if last else lines


def _line(text: str) -> Line:
    kind = {"+": "added", "-": "removed", "@": "place"}.get(text[0], "same")
    return Line(kind, "" if kind == "place" else text[0], text if kind == "place" else text[1:].replace("\r", "␍"))


def _sizes(before: bytes | None, after: bytes | None) -> str:
    return _told(None if before is None else len(before), None if after is None else len(after))


def _told(before: int | None, after: int | None) -> str:
    if before is None or after is None:
        return f"{before if after is None else after:,} bytes"
    return f"{before:,} bytes, then {after:,}"
