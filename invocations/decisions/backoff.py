"""How long to wait before a delivery is tried again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_SECONDS = 1
LONGEST_SECONDS = 300
GIVE_UP = timedelta(hours=6)
JITTER = 0.2  # of a wait: it is shortened by up to this part, so that what failed together does not come back together


def delay(tries: int, draw: float) -> timedelta:
    """Return the wait after try number `tries` (from 1): 1 s, doubling to 5 minutes. `draw` is random in [0, 1)."""
    whole = min(FIRST_SECONDS * 2 ** min(tries - 1, 20), LONGEST_SECONDS)
    return timedelta(seconds=whole * (1 - JITTER * draw))


def next_try(tries: int, now: datetime, give_up_at: datetime, draw: float) -> datetime | None:
    """Return when to try again, None when the time for it is over; the last try is at the end of that time."""
    if now >= give_up_at:
        return None
    return min(now + delay(tries, draw), give_up_at)
