"""Who wants to know that a shard has something new (see apps.py)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from django.db import transaction

log = logging.getLogger(__name__)

# Called with the stream's ARN and the shard's id, after the commit, in the putter's thread: quick and never raising is
# the listener's duty. A reshard tells of the shards it closed, whose readers may now go on to the children.
on_put: list[Callable[[str, str], None]] = []


def announce(stream_arn: str, shard_ids: Iterable[str]) -> None:
    """Tell everybody, once what was written is committed."""
    told = tuple(shard_ids)
    transaction.on_commit(lambda: _tell(stream_arn, told))


def _tell(stream_arn: str, shard_ids: tuple[str, ...]) -> None:
    for listener in on_put:
        for shard_id in shard_ids:
            try:
                listener(stream_arn, shard_id)
            except Exception:
                log.exception("a listener of %s failed", stream_arn)
