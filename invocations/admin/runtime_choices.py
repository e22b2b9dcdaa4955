"""Which runtimes to offer: those that this machine runs first, the others by name with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invocations.decisions.runtime_names import supported
from invocations.runtime import runtimes


@dataclass(frozen=True)
class RunningRuntime:
    """`substitute` says what runs in its place, "" when it is the runtime itself."""

    name: str
    substitute: str


@dataclass(frozen=True)
class RuntimeChoices:
    runs: Sequence[RunningRuntime]
    others: Sequence[str]

    @property
    def first(self) -> str:
        """The newest Python that is really here, else the newest that something runs."""
        pythons = [one for one in self.runs if one.name.startswith("python")]
        exact = [one for one in pythons if not one.substitute]
        best = exact or pythons or list(self.runs)
        return best[-1].name if best else "python3.12"


def runtime_choices() -> RuntimeChoices:
    names = sorted(supported(), key=_order)
    runs = [RunningRuntime(name, substitute(name)) for name in names if runtimes.unrunnable(name) is None]
    found = {one.name for one in runs}
    return RuntimeChoices(runs, [name for name in names if name not in found])


def substitute(name: str) -> str:
    """What runs in the place of a runtime that this machine can run: "runs on CPython 3.11.7", or ""."""
    return runtimes.launch(name).display.partition("(")[2].removesuffix(")")


def _order(name: str) -> tuple[str, list[int]]:
    family = name.rstrip("0123456789.x")
    return family, [int(part) for part in name[len(family) :].removesuffix(".x").split(".") if part.isdigit()]
