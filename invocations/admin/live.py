"""What the environment host says now, for pages; a host that is down is a sentence, not an error page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invocations.errors import UnusablePart
from invocations.runtime import client
from invocations.values import EnvironmentState, HostState

SANDBOX_WORDS = {
    "L3": "gVisor",
    "L2": "own namespaces, limits and seccomp",
    "L1": "own namespaces and limits, no seccomp",
    "L0": "Landlock, seccomp and limits; no namespaces",
    "none": "no isolation",
}


@dataclass(frozen=True)
class Live:
    """`problem` is "" when the host answers."""

    host: HostState | None
    problem: str = ""

    @property
    def running(self) -> int:
        return sum(1 for one in self.environments if one.state == "busy")

    @property
    def warm(self) -> int:
        return sum(1 for one in self.environments if one.state in ("idle", "frozen"))

    @property
    def environments(self) -> Sequence[EnvironmentState]:
        return () if self.host is None else self.host.environments

    @property
    def sandbox_words(self) -> str:
        return "" if self.host is None else SANDBOX_WORDS.get(self.host.sandbox, self.host.sandbox)

    def of(self, arn: str) -> list[EnvironmentState]:
        """The environments of one function, by its unqualified ARN."""
        return [one for one in self.environments if one.function_arn == arn or one.function_arn.startswith(f"{arn}:")]


def look() -> Live:
    try:
        return Live(client.state())
    except UnusablePart as problem:
        return Live(None, str(problem))
