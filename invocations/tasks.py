"""What Celery runs, one line each. A task carries no work of its own: it says "look now"."""

from __future__ import annotations

from invocations import clock
from invocations.flows import retention
from invocations.flows.health import MESSAGES
from invocations.models import Heartbeat
from lambdaplay.celery import app


@app.task
def tick() -> None:
    """Beat and the control worker can reach each other."""
    Heartbeat.objects.beat(MESSAGES, clock.real())


@app.task
def prune() -> None:
    """Forget history that is past its retention."""
    retention.prune()
