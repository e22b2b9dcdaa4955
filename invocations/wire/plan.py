"""How a recognised request is carried out once its signature is proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from invocations.errors import RequestEntityTooLarge
from invocations.values import Caller
from invocations.wire.http import Response


@dataclass(frozen=True)
class Plan:
    """`limit` is the body's, bytes; `operation` as AWS spells it in the 413 answer. `run(caller, body, request_id)`."""

    limit: int
    operation: str
    run: Callable[[Caller, bytes, str], Response]

    def too_large(self) -> RequestEntityTooLarge:
        return RequestEntityTooLarge(
            f"Request must be smaller than {self.limit} bytes for the {self.operation} operation"
        )
