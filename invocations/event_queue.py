"""The one room that sends Celery messages. A message says "look at this row now"; losing it costs time, never work.

Sending is best effort: after a failure nothing is sent for a few seconds (a circuit breaker), and the sweeper finds
the rows that nobody was told about.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from celery import signature
from kombu.exceptions import OperationalError

from lambdaplay.celery import app

log = logging.getLogger(__name__)

BREAKER_SECONDS = 5.0
ASK_SECONDS = 0.5  # redis asks several times: a sweep must not wait long for a frozen broker
_ASKING = {"socket_timeout": ASK_SECONDS, "socket_connect_timeout": ASK_SECONDS}
RUN_EVENT = "invocations.tasks.run_event"
DELIVER = "invocations.tasks.deliver"
WAKE_DELIVERIES = "invocations.tasks.wake_deliveries"
POLL = "invocations.tasks.poll"

_broken_until = 0.0
_failed = False  # nothing has worked since it last did not
_guard = threading.Lock()


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

    return attempt(send)


def send_delivery(delivery_id: int) -> bool:
    """Tell a worker to look at this delivery."""
    return attempt(lambda: app.send_task(DELIVER, args=(delivery_id,), queue="deliveries", ignore_result=True))


def send_poll(poller_id: int) -> bool:
    """Tell a worker to look at this poller."""
    return attempt(lambda: app.send_task(POLL, args=(poller_id,), queue="polls", ignore_result=True))


def waiting(queue: str) -> int | None:
    """How many messages lie in the broker's queue; None when it cannot be asked."""
    found: list[int] = []

    def ask() -> None:
        # A connection of its own: those of the pool fail in odd ways when the broker has gone in between.
        with app.connection_for_write(connect_timeout=ASK_SECONDS, transport_options=dict(_ASKING)) as connection:
            try:
                connection.ensure_connection(max_retries=0)
                found.append(connection.channel().queue_declare(queue=queue, passive=True).message_count)
            except connection.channel_errors:
                found.append(0)  # no such queue: redis forgets empty ones
            except connection.connection_errors as error:
                raise OperationalError(str(error)) from error

    return found[0] if attempt(ask) else None


def attempt(send: Callable[[], object]) -> bool:
    """Reach for the broker, unless it failed moments ago; of many who find that moment over, one reaches for all."""
    global _broken_until, _failed
    with _guard:
        if broken():
            return False
        if _failed:
            _broken_until = time.monotonic() + BREAKER_SECONDS
    try:
        send()
    except (OperationalError, OSError) as error:
        log.warning("The broker does not take messages (%s); rows wait for the sweeper.", error)
        _failed, _broken_until = True, time.monotonic() + BREAKER_SECONDS
        return False
    if _failed:
        _failed, _broken_until = False, 0.0
    return True


def _after_fork() -> None:
    """A child must not inherit a lock that a thread of its parent held."""
    global _guard
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
