"""How long to wait before a delivery is tried again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

FIRST_SECONDS = 1
LONGEST_SECONDS = 300
GIVE_UP = timedelta(hours=6)
JITTER = 0.2  # of a wait: it is shortened by up to this part, so that what failed together does not come back together


def delay(tries: int, draw: float) -> timedelta:
    """Return the wait after try number `tries` (from 1): 1 s, doubling to 5 minutes. `draw` is random in [0, 1)."""
    whole = min(FIRST_SECONDS * 2 ** min(tries - 1, 20), LONGEST_SECONDS)
    return timedelta(seconds=whole * (1 - JITTER * draw))


def next_try(
    tries: int,
    now: datetime,
    give_up_at: datetime,
    draw: float,
    max_tries: int | None = None,
    back_off: Sequence[int] = (),
) -> datetime | None:
    """Return when to try again, None when it was tried often enough or the time for it is over.

    The last try is at the end of that time. `back_off` has the seconds before try 2, 3, ...; its last number holds on.
    """
    if now >= give_up_at or (max_tries is not None and tries >= max_tries):
        return None
    wait = timedelta(seconds=back_off[min(tries, len(back_off)) - 1]) if back_off else delay(tries, draw)
    return min(now + wait, give_up_at)


TOO_OFTEN, TOO_OLD = "MaximumRetryAttempts", "MaximumEventAgeInSeconds"


def exhausted(tries: int, max_tries: int | None) -> str:
    """Say, in EventBridge's words, which limit ended the tries."""
    return TOO_OFTEN if max_tries is not None and tries >= max_tries else TOO_OLD
