"""The paths that EventBridge takes."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.decisions.json_path import InvalidPath, Missing, compile_path, select

EVENT = {"detail": {"a-b": 1, "items": [{"n": "x"}, {"n": "y"}, {"m": 0}], "none": None}, "resources": ["r0", "r1"]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", EVENT),
        ("$.detail.a-b", 1),
        ("$.resources[1]", "r1"),
        ("$.detail.items[0].n", "x"),
        ("$.detail.items[*].n", ["x", "y"]),
        ("$.detail.none", None),
        ("$.resources[*]", ["r0", "r1"]),
    ],
)
def test_a_path_leads_to_its_value(path: str, found: Any) -> None:
    assert select(compile_path(path), EVENT) == found


@pytest.mark.parametrize(
    "path",
    ["$.nope", "$.detail.a-b.c", "$.resources[2]", "$.resources.r0", "$.detail[0]", "$.detail[*]", "$.detail.none.x"],
)
def test_a_path_that_leads_nowhere_is_missing(path: str) -> None:
    assert select(compile_path(path), EVENT) is Missing


@pytest.mark.parametrize(
    "path",
    [
        "",
        "detail",
        ".detail",
        "$detail",
        "$.",
        "$..detail",
        "$.detail['a']",
        '$.detail["a"]',
        "$.a[-1]",
        "$.a[x]",
        "$.a b",
        "$.*",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidPath):
        compile_path(path)
