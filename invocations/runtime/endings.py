"""How a run ended, before it is dressed as AWS would."""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass, field

from invocations import limits
from invocations.values import Outcome


@dataclass
class Answer:
    """What a function has written of its answer so far: the beginning is kept, the rest counted."""

    limit: int
    kept: bytearray = field(default_factory=bytearray)
    total: int = 0

    def add(self, piece: bytes) -> bytes:
        """Return what of the piece the limit lets through."""
        passed = piece[: max(0, self.limit - self.total)]
        self.total += len(piece)
        self.kept += passed[: max(0, limits.SYNC_RESPONSE_BYTES - len(self.kept))]
        return passed

    @property
    def too_large(self) -> bool:
        return self.total > self.limit


@dataclass(frozen=True)
class Ending:
    outcome: Outcome
    body: bytes
    content_type: str = "application/json"
    error_type: str = ""
    error_message: str = ""
    answer: Answer | None = None  # what was streamed before; `body` is then the error object, if there is one


@dataclass(frozen=True)
class InitFailure:
    ending: Ending
    seconds: float
    timed_out: bool


def from_base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text  # whatever it is, it is what the runtime says


def read_error(body: bytes) -> tuple[str, str]:
    """Type and message out of an error object, for lists and filters; the caller gets the bytes as they are."""
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(body)
        if isinstance(value, dict):
            return str(value.get("errorType", ""))[:200], str(value.get("errorMessage", ""))[:1000]
    return "", ""
