"""How the house is: each part's state, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error

from invocations import clock, neighbours
from invocations.errors import UnusablePart
from invocations.models import Heartbeat
from lambdaplay.db.pool import pooled

FRESH = timedelta(seconds=10)

# Processes that write heartbeats of their own, whether or not the broker is there ...
WATCHED = ("worker", "poller", "control", "beat")
# ... and the one that takes the whole way: beat sends a task, the control worker runs it.
MESSAGES = "messages"
# The house serves without these: what needs them waits or says so.
DISPENSABLE = ("broker", "companion", MESSAGES)


@dataclass(frozen=True)
class PartState:
    state: str  # ok, down
    detail: str = ""


@dataclass(frozen=True)
class Health:
    status: str  # ok, degraded (only dispensable parts are down), down
    parts: dict[str, PartState]


def examine() -> Health:
    """Ask every part; never raises."""
    # That somebody reads this answer is the web part's sign of life.
    parts = {"web": PartState("ok"), **_heartbeats(clock.real())}
    parts["host"] = _asked(_ask_host)
    parts["broker"] = _asked(lambda: neighbours.ask_broker(settings.CELERY_BROKER_URL))
    if settings.LAMBDAPLAY_COMPANION != "none":
        parts["companion"] = _asked(lambda: neighbours.ask_companion(settings.LAMBDAPLAY_COMPANION_PLACE))
    return Health(judge(parts), parts)


def quiet_parts() -> list[str]:
    """The parts whose heartbeat is old or missing, from one query: for pages that are read again and again."""
    return [name for name, part in _heartbeats(clock.real()).items() if part.state != "ok"]


def judge(parts: dict[str, PartState]) -> str:
    """Sum up: "ok", "degraded" or "down"."""
    down = {name for name, part in parts.items() if part.state != "ok"}
    if not down:
        return "ok"
    return "degraded" if down.issubset(DISPENSABLE) else "down"


def _heartbeats(now: datetime) -> dict[str, PartState]:
    try:
        with pooled():
            seen = {beat.part: beat.seen_at for beat in Heartbeat.objects.here()}
    except Error as error:
        return {"database": PartState("down", str(error).strip()), **{name: PartState("down") for name in WATCHED}}
    return {"database": PartState("ok"), **{name: _freshness(seen.get(name), now) for name in (*WATCHED, MESSAGES)}}


def _freshness(seen: datetime | None, now: datetime) -> PartState:
    if seen is None:
        return PartState("down", "not heard of since the start")
    if now - seen > FRESH:
        return PartState("down", f"last heard of {(now - seen).total_seconds():.0f} s ago")
    return PartState("ok")


def _asked(question: Callable[[], None]) -> PartState:
    try:
        question()
    except UnusablePart as trouble:
        return PartState("down", str(trouble))
    return PartState("ok")


def _ask_host() -> None:
    from invocations.runtime import client

    client.state()
