"""Cross-origin rules of function URLs and HTTP APIs: what a browser is told. Pure.

The front answers preflights itself, and its headers replace the function's (source: AWS's page on function URLs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cors:
    """Names and values as AWS's members have them; an empty tuple is none."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None

    @staticmethod
    def read(members: Mapping[str, Any]) -> Cors:
        return Cors(
            tuple(members.get("AllowOrigins") or ()),
            tuple(members.get("AllowMethods") or ()),
            tuple(members.get("AllowHeaders") or ()),
            tuple(members.get("ExposeHeaders") or ()),
            bool(members.get("AllowCredentials")),
            members.get("MaxAge"),
        )

    def allows(self, origin: str) -> bool:
        """Whether pages of that origin may call. `*` in a list's entry stands for anything."""
        return any(_matches(allowed.lower(), origin.lower()) for allowed in self.origins)

    def answer_headers(self, origin: str | None) -> list[tuple[str, str]]:
        """What every answer to that origin carries; nothing when the origin is not allowed."""
        if origin is None or not self.allows(origin):
            return []
        anybody = "*" in self.origins and not self.credentials
        found = [("Access-Control-Allow-Origin", "*" if anybody else origin)]
        if not anybody:
            found.append(("Vary", "Origin"))
        if self.credentials:
            found.append(("Access-Control-Allow-Credentials", "true"))
        if self.exposed:
            found.append(("Access-Control-Expose-Headers", ",".join(self.exposed)))
        return found

    def preflight_headers(self, origin: str | None, method: str, headers: str | None) -> list[tuple[str, str]]:
        """What the answer to an OPTIONS question about this method and these headers carries."""
        found = self.answer_headers(origin)
        if not found or not ("*" in self.methods or method.upper() in self.methods):
            return []
        allowed = headers if "*" in self.headers and headers else ",".join(self.headers)
        found.append(("Access-Control-Allow-Methods", ",".join(self.methods)))
        if allowed:
            found.append(("Access-Control-Allow-Headers", allowed))
        if self.max_age is not None:
            found.append(("Access-Control-Max-Age", str(self.max_age)))
        return found


def _matches(allowed: str, origin: str) -> bool:
    before, star, after = allowed.partition("*")
    if not star:
        return allowed == origin
    return len(origin) >= len(before) + len(after) and origin.startswith(before) and origin.endswith(after)
