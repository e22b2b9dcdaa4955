"""The JSON document that EventBridge makes of an event. Pure.

The sender's detail travels as it was written, less the blanks between its tokens: numbers, escapes and the order of
keys stay.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from invocations.decisions.input_transformer import compact

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+')
# What JSON allows inside a string and queues refuse in a message: the two non-characters of the basic plane.
_REFUSED = {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}


@dataclass(frozen=True)
class Envelope:
    """One event: the text that targets get, and the same parsed, for patterns and paths."""

    text: str
    document: Mapping[str, Any]

    @property
    def event_id(self) -> str:
        return str(self.document["id"])


def read_detail(text: str) -> dict[str, Any] | None:
    """Return the detail, None when it is not a JSON object."""
    try:
        found = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def seal(
    event_id: str,
    source: str,
    detail_type: str,
    detail: str,
    *,
    account: str,
    region: str,
    at: datetime,
    resources: Sequence[str] = (),
) -> Envelope | None:
    """Return the event in AWS's order of members; None when the detail is not a JSON object."""
    parsed = read_detail(detail)
    if parsed is None:
        return None
    head = {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": time_text(at),
        "region": region,
        "resources": list(resources),
    }
    text = f'{compact(head)[:-1]},"detail":{"".join(_TOKEN.findall(detail))}}}'
    for raw, escaped in _REFUSED.items():
        text = text.replace(raw, escaped)
    return Envelope(text, {**head, "detail": parsed})


def opened(body: bytes) -> Envelope | None:
    """Read an envelope that another bus passed on; None when it is none."""
    try:
        text = body.decode()
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not all(isinstance(document.get(name), str) for name in _TEXTS):
        return None
    return Envelope(text, document)


_TEXTS = ("id", "source", "detail-type", "time")


def time_text(moment: datetime) -> str:
    """UTC, whole seconds, Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_time(text: str, otherwise: datetime) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return otherwise


def is_full(document: object) -> bool:
    """Whether TestEventPattern takes it for an event: every member of the envelope is there."""
    wanted = ("id", "detail-type", "source", "account", "time", "region", "resources", "detail")
    return isinstance(document, dict) and all(name in document for name in wanted)


def _refuse(name: str) -> None:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
