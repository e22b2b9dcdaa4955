"""Who wants to know that a queue has something new: waiting receivers, and other rooms' pollers (see apps.py)."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import transaction

log = logging.getLogger(__name__)

# Called with the queue's ARN, after the commit, in the sender's thread: quick and never raising is the listener's duty.
on_send: list[Callable[[str], None]] = []


def announce(queue_arn: str) -> None:
    """Tell everybody, once what was written is committed."""
    transaction.on_commit(lambda: _tell(queue_arn))


def _tell(queue_arn: str) -> None:
    for listener in on_send:
        try:
            listener(queue_arn)
        except Exception:
            log.exception("a listener of %s failed", queue_arn)
