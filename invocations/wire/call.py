"""What a service's operation is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from invocations.values import Caller


@dataclass(frozen=True)
class Call:
    """One verified, parsed and validated request. `params` follows the service model; blobs are bytes."""

    service: str
    operation: str
    params: dict[str, Any]
    caller: Caller
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    path: str  # as sent, still percent-encoded
    request_id: str


@dataclass(frozen=True)
class Answer:
    """`members` by the model's member names, header- and status-located ones too; a blob payload as bytes."""

    members: dict[str, Any] = field(default_factory=dict)
    status: int | None = None  # None: what the model says
    headers: dict[str, str] = field(default_factory=dict)
