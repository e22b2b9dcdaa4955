"""Which runtimes to offer: those that this machine runs first, the others by name with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invocations.decisions.runtime_names import supported
from invocations.runtime import runtimes


@dataclass(frozen=True)
class RuntimeChoices:
    runs: Sequence[str]
    others: Sequence[str]

    @property
    def first(self) -> str:
        """The newest Python that runs here, else whatever runs."""
        pythons = [name for name in self.runs if name.startswith("python")]
        return (pythons or list(self.runs) or ["python3.12"])[-1]


def runtime_choices() -> RuntimeChoices:
    names = sorted(supported(), key=_order)
    runs = [name for name in names if runtimes.unrunnable(name) is None]
    return RuntimeChoices(runs, [name for name in names if name not in runs])


def _order(name: str) -> tuple[str, list[int]]:
    family = name.rstrip("0123456789.x")
    return family, [int(part) for part in name[len(family) :].removesuffix(".x").split(".") if part.isdigit()]
