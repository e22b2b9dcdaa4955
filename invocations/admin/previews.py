"""Payload bytes made readable: JSON indented, text as it is, the rest by its size; never more than a page can carry."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

PRETTY_BYTES = 256 * 1024  # JSON over this is shown as it came: indenting it would cost more than it helps


@dataclass(frozen=True)
class Preview:
    """`text` is at most `limit` characters; `cut` says that there is more in the raw bytes."""

    name: str
    text: str
    size: int
    cut: bool
    kind: str  # json, text, binary
    trace: str = ""  # of an error document: type, message and stack, as a programmer reads them


def preview(name: str, body: bytes, limit: int) -> Preview:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        # A log or a payload may be cut in the middle of a character; only what is mostly not text is called binary.
        text = body.decode(errors="replace")
        if text.count("\ufffd") > len(text) // 10:
            return Preview(name, "", len(body), False, "binary")
    if name == "log" or len(body) > PRETTY_BYTES:
        kind, shown, trace = "text", text, ""
    else:
        kind, shown, trace = _read(text)
    return Preview(name, shown[:limit], len(body), len(shown) > limit, kind, trace[:limit])


def _read(text: str) -> tuple[str, str, str]:
    """Return (kind, text to show, trace)."""
    try:
        document = json.loads(text)
        return "json", json.dumps(document, indent=2, ensure_ascii=False), _trace(document)
    except (ValueError, RecursionError):
        return "text", text, ""


def _trace(document: Any) -> str:
    """The stack of an error document: `stackTrace` holds lines with their ends (Python), `trace` without (Node)."""
    if not isinstance(document, dict) or not document.get("errorType"):
        return ""
    head = f"{document['errorType']}: {document.get('errorMessage', '')}"
    stack = document.get("stackTrace") or document.get("trace")
    if not isinstance(stack, list) or not all(isinstance(line, str) for line in stack):
        return head
    lines = "\n".join(line.rstrip("\n") for line in stack)
    return lines if lines.startswith(str(document["errorType"])) else f"{lines}\n{head}".lstrip("\n")
