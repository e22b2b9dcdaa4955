"""What a poller's worker has in hand, and what one step of it gave, whatever the source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from invocations.models import Mapping, Poller


@dataclass
class Turn:
    """A claimed poller. `look_back`: it may have batches that were not finished; `more`: its source has something."""

    mapping: Mapping
    poller: Poller
    look_back: bool = True
    more: bool = False
    source: Any = None  # what a step before has opened
    identity: str = ""  # the role in whose name a stream is read
    running: str = ""  # the request that runs now: ended should the poller be taken from us


@dataclass(frozen=True)
class Step:
    """`worked`: another step follows at once. `more`: there is work that other pollers could share.

    Otherwise the poller rests: until `due_at` (product time) when it must not go on before, until `collect_until`
    (product time) while it has something to go on with then, else until something arrives. `trouble` says why it
    could not go on.
    """

    worked: bool
    more: bool = False
    due_at: datetime | None = None
    collect_until: datetime | None = None
    trouble: str = ""
    throttled: bool = False
    closed: bool = False  # a shard was read to its end
    heirs: bool = False  # it made or woke other pollers of its mapping
    idle_seconds: float | None = None  # real time until the next look; None: as long as the source says


REST = Step(worked=False)
