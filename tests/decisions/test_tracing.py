from __future__ import annotations

import re

import pytest

from invocations.decisions.tracing import continue_trace, trace_id

RANDOM = bytes(range(20))
NEW_ROOT = "Root=1-00000064-000102030405060708090a0b"
SENT_ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    ("sent", "active", "root", "sampled"),
    [
        (None, False, NEW_ROOT, "0"),
        (None, True, NEW_ROOT, "1"),  # the function's own tracing mode decides where the sender did not
        (SENT_ROOT, False, SENT_ROOT, "0"),
        (f"{SENT_ROOT};Parent=53995c3f42cd8ad8;Sampled=1", False, SENT_ROOT, "1"),
        (f"{SENT_ROOT};Sampled=0", True, SENT_ROOT, "0"),
        ("Root=nonsense;Sampled=1", False, NEW_ROOT, "1"),
    ],
)
def test_a_trace_is_continued_or_begun(sent: str | None, active: bool, root: str, sampled: str) -> None:
    header = continue_trace(sent, now=100.9, random=RANDOM, active=active)
    assert header == f"{root};Parent=0c0d0e0f10111213;Sampled={sampled}"
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=[01]", header)
    assert f"Root={trace_id(header)}" == root


def test_a_header_without_a_root_has_no_id() -> None:
    assert trace_id("Parent=53995c3f42cd8ad8") == ""
