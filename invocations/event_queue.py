"""The one room that sends Celery messages. A message says "look at this row now"; losing it costs time, never work.

Sending is best effort: after a failure nothing is sent for a few seconds (a circuit breaker), and the sweeper finds
the rows that nobody was told about.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from celery import signature
from kombu.exceptions import OperationalError

from lambdaplay.celery import app

log = logging.getLogger(__name__)

BREAKER_SECONDS = 5.0
RUN_EVENT = "invocations.tasks.run_event"
DELIVER = "invocations.tasks.deliver"
WAKE_DELIVERIES = "invocations.tasks.wake_deliveries"

_broken_until = 0.0


def broken() -> bool:
    """Whether the broker failed moments ago, so that nothing is sent for now."""
    return time.monotonic() < _broken_until


def send_run(request_id: str, *, retries: int, max_retries: int) -> bool:
    """Tell a worker to look at this event. The task's id is the request id; success and failure wake the outbox."""
    wake = signature(WAKE_DELIVERIES, args=(request_id,), immutable=True, queue="deliveries", app=app)

    def send() -> None:
        app.send_task(
            RUN_EVENT,
            args=(request_id,),
            task_id=request_id,
            queue="events",
            retries=retries,
            link=wake,
            link_error=wake,
            headers={"max_retries": max_retries},
            ignore_result=False,
        )

    return _try(send)


def send_delivery(delivery_id: int) -> bool:
    """Tell a worker to look at this delivery."""
    return _try(lambda: app.send_task(DELIVER, args=(delivery_id,), queue="deliveries", ignore_result=True))


def _try(send: Callable[[], object]) -> bool:
    global _broken_until
    if broken():
        return False
    try:
        send()
    except (OperationalError, OSError) as error:
        log.warning("The broker does not take messages (%s); rows wait for the sweeper.", error)
        _broken_until = time.monotonic() + BREAKER_SECONDS
        return False
    return True
