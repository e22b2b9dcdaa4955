"""The documentation as the tests read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """Commands marked `sh tested`, and the lines that a following `text expected` asks for, in this order."""

    commands: str
    expected: tuple[str, ...]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[Block]:
    fences = _FENCE.findall(page.read_text())
    following = [*fences[1:], ("", "")]
    return [
        Block(body, tuple(after.splitlines()) if word == "text expected" else ())
        for (kind, body), (word, after) in zip(fences, following, strict=True)
        if kind == "sh tested"
    ]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> Iterator[str]:
    yield from _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """What a link may name after #: headings as the usual renderers spell them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table_column(page: Path, heading: str) -> list[str]:
    """All `names` in the first column of the first table below a heading."""
    below = page.read_text().partition(f"{heading}\n")[2]
    found = re.search(r"(?:^\|.*\n)+", below, re.M)
    assert found is not None, f"no table below {heading!r}"
    rows = found[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
