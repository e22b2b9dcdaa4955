"""provided.*: the code package, or else a layer, brings a `bootstrap` that speaks the Runtime API itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

from invocations.runtime.runtimes.base import Discovery, Launch, Layered

_NAME = re.compile(r"provided\.(al2|al2023)")


class Provided:
    name = "provided"

    def runs(self, runtime: str) -> bool:
        return _NAME.fullmatch(runtime) is not None

    def unrunnable(self, runtime: str) -> str | None:
        return None

    def launch(self, runtime: str, variables: Mapping[str, str], memory_mb: int, layered: Layered) -> Launch:
        """A missing or not executable bootstrap is the environment host's to report (Runtime.InvalidEntrypoint)."""
        return Launch(("{opt}/bootstrap" if layered.bootstrap else "{task}/bootstrap",), runtime.replace(".", ":", 1))

    def discovery(self) -> Discovery:
        return Discovery(
            self.name, "this machine's own libraries", (), "A bootstrap must be built for this machine's libc."
        )

    def prefixes(self) -> tuple[str, ...]:
        return ()


FAMILY = Provided()
