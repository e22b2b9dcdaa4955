"""What a page shows of two contents that differ."""

from __future__ import annotations

import pytest

from invocations.decisions.code_diff import LINES, SHOWN, UNENDED, FileDiff, compare, too_large


def shown(diff: FileDiff) -> list[str]:
    return [line.mark + line.text for line in diff.lines]


def test_a_changed_line_stands_between_its_neighbours() -> None:
    diff = compare("app.py", b"a\nb\nc\n", b"a\nB\nc\n")
    assert (diff.path, diff.status, diff.note) == ("app.py", "changed", "")
    assert shown(diff) == ["@@ -1,3 +1,3 @@", " a", "-b", "+B", " c"]
    assert [line.kind for line in diff.lines] == ["place", "same", "removed", "added", "same"]


@pytest.mark.parametrize(
    ("before", "after", "status", "lines"),
    [
        (None, b"a\n", "added", ["@@ -0,0 +1 @@", "+a"]),
        (b"a\n", None, "removed", ["@@ -1 +0,0 @@", "-a"]),
        (b"a\n", b"a", "changed", ["@@ -1 +1,2 @@", " a", f"+{UNENDED}"]),
        (b"a\r\n", b"a\n", "changed", ["@@ -1 +1 @@", "-a␍", "+a"]),
        (b"-x\n", b"+x\n", "changed", ["@@ -1 +1 @@", "--x", "++x"]),
        (b"", b"\n", "changed", ["@@ -0,0 +1 @@", "+"]),
    ],
)
def test_what_is_there_on_one_side_only(
    before: bytes | None, after: bytes | None, status: str, lines: list[str]
) -> None:
    diff = compare("f", before, after)
    assert (diff.status, shown(diff)) == (status, lines)


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        (b"\0\1", b"\0\1\2", "Binary: 2 bytes, then 3."),
        (b"text\n", b"\xff\xfe", "Binary: 5 bytes, then 2."),
        (None, b"\0" * 1500, "Binary: 1,500 bytes."),
        (None, b"", "An empty file."),
        (b"a\n", b"a\n" * (LINES + 1), f"More than {LINES:,} lines: 2 bytes, then {2 * LINES + 2:,}."),
    ],
)
def test_what_has_no_lines_says_why(before: bytes | None, after: bytes | None, note: str) -> None:
    diff = compare("f", before, after)
    assert (diff.note, diff.lines) == (note, ())


def test_a_long_difference_is_cut_and_says_so() -> None:
    diff = compare("f", None, b"a\n" * (SHOWN + 9))
    assert len(diff.lines) == SHOWN
    assert diff.note == "10 more lines differ or stand around them."


def test_a_large_file_is_told_by_its_sizes() -> None:
    assert too_large("f", 1000, 300_000) == FileDiff("f", "changed", "Larger than 256 KB: 1,000 bytes, then 300,000.")
    assert too_large("f", None, 300_000).status == "added"
