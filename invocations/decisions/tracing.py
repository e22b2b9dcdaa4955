"""X-Ray trace headers: `Root=1-<8 hex: epoch seconds>-<24 hex>;Parent=<16 hex>;Sampled=0`."""

from __future__ import annotations

import re

_ROOT = re.compile(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})")
_SAMPLED = re.compile(r"Sampled=([01])")


def continue_trace(sent: str | None, *, now: float, random: bytes, active: bool = False) -> str:
    """Return the header for an invocation: the sender's root when it sent one, else a new root.

    `now`: epoch seconds. `random`: 20 bytes. `active`: the function's own tracing mode samples what nobody decided on.
    """
    root = _ROOT.search(sent or "")
    sampled = _SAMPLED.search(sent or "")
    text = random.hex()
    root_id = root[1] if root else f"1-{int(now):08x}-{text[:24]}"
    return f"Root={root_id};Parent={text[24:40]};Sampled={sampled[1] if sampled else int(active)}"


def trace_id(header: str) -> str:
    """Return the root id of a header, "" when there is none."""
    root = _ROOT.search(header)
    return root[1] if root else ""
