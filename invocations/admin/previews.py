"""Payload bytes made readable: JSON indented, text as it is, the rest by its size; never more than a page can carry."""

from __future__ import annotations

import json
from dataclasses import dataclass

PRETTY_BYTES = 256 * 1024  # JSON over this is shown as it came: indenting it would cost more than it helps


@dataclass(frozen=True)
class Preview:
    """`text` is at most `limit` characters; `cut` says that there is more in the raw bytes."""

    name: str
    text: str
    size: int
    cut: bool
    kind: str  # json, text, binary


def preview(name: str, body: bytes, limit: int) -> Preview:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        # A log or a payload may be cut in the middle of a character; only what is mostly not text is called binary.
        text = body.decode(errors="replace")
        if text.count("\ufffd") > len(text) // 10:
            return Preview(name, "", len(body), False, "binary")
    kind, shown = _indented(text) if name != "log" and len(body) <= PRETTY_BYTES else ("text", text)
    return Preview(name, shown[:limit], len(body), len(shown) > limit, kind)


def _indented(text: str) -> tuple[str, str]:
    try:
        return "json", json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "text", text
