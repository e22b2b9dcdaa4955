"""What the state machine puts in the place of time and of the broker."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """What the machine's patches reach for: time, and a broker that can be away."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.now = self.real = START
        self.broker = True
        self.messages: list[tuple[str, Any]] = []
        self.stopped: set[tuple[str, int]] = set()

    def send_run(self, request_id: str, **_: int) -> bool:
        return self._send("run", request_id)

    def send_delivery(self, delivery_id: int) -> bool:
        return self._send("deliver", delivery_id)

    def waiting(self, queue: str) -> int | None:
        return (
            sum(kind == {"events": "run"}.get(queue, "deliver") for kind, _ in self.messages) if self.broker else None
        )

    def _send(self, kind: str, what: Any) -> bool:
        if self.broker:
            self.messages.append((kind, what))
        return self.broker


world = World()
