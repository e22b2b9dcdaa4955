"""The part of a worker that listens to the broker, made to come back quickly and to notice that it is deaf.

After a broker's connection was reset a worker can be alive and take nothing, for good (celery issues 8030, 10205).
Its rows are run without messages meanwhile; here the connection is made anew.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from celery.worker.consumer import Consumer

RETRY_SECONDS = {"interval_start": 0.2, "interval_step": 0.4, "interval_max": 2.0}
SUSPICIONS = 5  # of a sweep, without a message in between

log = logging.getLogger(__name__)

_present: QuickConsumer | None = None
_suspicions = 0


class QuickConsumer(Consumer):  # type: ignore[misc]
    """Tries the broker at least every two seconds; Celery's own goes up to thirty."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        global _present
        super().__init__(*arguments, **options)
        _present = self

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, **RETRY_SECONDS)
        return super().ensure_connected(conn)

    def create_task_handler(self, *arguments: Any, **options: Any) -> Any:
        handle = super().create_task_handler(*arguments, **options)

        def heard(message: Any) -> Any:
            hear()
            return handle(message)

        return heard


def hear() -> None:
    """A message has come."""
    global _suspicions
    _suspicions = 0


def suspect() -> None:
    """A message is late; after a few without any that came the connection is made anew, while what runs goes on."""
    global _suspicions
    _suspicions += 1
    if _suspicions < SUSPICIONS or _present is None or _present.hub is None:
        return
    log.warning("Messages wait at the broker and none comes in: the connection is made anew.")
    _suspicions = 0
    _present.hub.call_soon(_drop)


def _drop() -> None:
    raise ConnectionResetError("deaf")
