"""Tumbling windows: which one a record belongs to, what the function is told of it, what its answer must hold. Pure.

Windows are aligned to the epoch and counted in the arrival time of records. A window's state lives with its poller
between calls and ends with the call in which `isFinalInvokeForWindow` is true.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

STATE_BYTES = 1024 * 1024  # of a shard's state as JSON; beyond it the window ends early

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """An open window. `early`: its state grew too large, so it ends now. `calls`: of its final call, failed ones."""

    start: datetime
    seconds: int
    state: Mapping[str, Any] = field(default_factory=dict)
    early: bool = False
    calls: int = 0

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def holds(self, arrived: datetime) -> bool:
        return self.start <= arrived < self.end

    def stored(self) -> dict[str, Any]:
        return {
            "start": self.start.isoformat(),
            "seconds": self.seconds,
            "state": dict(self.state),
            "early": self.early,
            "calls": self.calls,
        }


def restored(stored: Mapping[str, Any]) -> Window | None:
    """The window that `stored()` gave; None for an empty one."""
    if not stored:
        return None
    return Window(
        datetime.fromisoformat(stored["start"]), stored["seconds"], stored["state"], stored["early"], stored["calls"]
    )


def opened(arrived: datetime, seconds: int) -> Window:
    """The window of a record that arrived then."""
    whole = int((arrived - _EPOCH).total_seconds()) // seconds * seconds
    return Window(_EPOCH + timedelta(seconds=whole), seconds)


def members(window: Window, shard: str, source_arn: str, *, final: bool) -> dict[str, Any]:
    """What an event holds beside its records."""
    return {
        "window": {"start": _moment(window.start), "end": _moment(window.end)},
        "state": dict(window.state),
        "shardId": shard,
        "eventSourceARN": source_arn,
        "isFinalInvokeForWindow": final,
        "isWindowTerminatedEarly": final and window.early,
    }


def state_of(answer: bytes) -> Mapping[str, Any] | None:
    """The state that the function returned; None when its answer has none, which is a failure."""
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    state = document.get("state") if isinstance(document, dict) else None
    return state if isinstance(state, dict) else None


def after(window: Window, state: Mapping[str, Any]) -> Window:
    """The window with its new state."""
    size = len(json.dumps(state, separators=(",", ":")).encode())
    return replace(window, state=state, early=size > STATE_BYTES)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
