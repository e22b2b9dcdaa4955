"""What is measured, what is asked of it, and how a value is judged."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table. `unit`: "x" for a ratio, else ms, MB, s or %."""

    key: str
    title: str
    unit: str
    goal: float
    stretch: float
    more_is_better: bool = False

    def verdict(self, value: float | None) -> str:
        """Return "stretch", "pass", "miss", or "absent" when there is no value."""
        if value is None:
            return "absent"
        for word, limit in (("stretch", self.stretch), ("pass", self.goal)):
            if value >= limit if self.more_is_better else value <= limit:
                return word
        return "miss"


@dataclass(frozen=True)
class Result:
    """A figure's value, or why it has none; `sides` are the medians it was made from, in their own units."""

    figure: Figure
    value: float | None
    rounds: int = 0
    sides: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def verdict(self) -> str:
        return self.figure.verdict(self.value)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}
