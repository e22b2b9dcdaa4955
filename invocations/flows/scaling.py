"""How many pollers share a queue: more while all are busy and messages wait, fewer after throttles.

AWS has machines without end and adds pollers whatever functions do. Here more of them at work on busy processors only
make each other slower, so they are added for functions that take their time, while processors have some to spare.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import psutil

from invocations import clock, limits
from invocations.flows import hand_over, settle_mappings
from invocations.models import Mapping
from lambdaplay.db.pool import pooled

STEP_SECONDS = 1.0  # real time between two changes: AWS adds 300 concurrent invocations a minute, five a second
SHARE_SECONDS = 0.01
ALL_BUSY_SECONDS = 0.1  # nobody was free: the next look
FEW = 10  # pollers that an owner's MaximumConcurrency gets however busy processors are: slow functions mostly wait
LEAST = 2
QUICK_SECONDS = 0.05  # a function that answers sooner leaves nothing to wait for at the same time
OWN_SHARE = 0.6  # of one processor, that this process may use before more threads only wait for each other
BUSY_PERCENT = 85.0  # of all processors, since the last look

_shared: dict[int, float] = {}  # when each mapping's work was last offered to others
_measured = (0.0, 0.0, True)  # when (monotonic), this process's processor time then, what came of it


def share(mapping: Mapping, wake: Callable[[str], bool]) -> None:
    """A poller left work for others: wake one, and have more of them when all are busy."""
    if not mapping.is_queue or not _is_time(mapping.pk) or wake(mapping.source_arn):
        return
    _shared[mapping.pk] = time.monotonic() + ALL_BUSY_SECONDS - SHARE_SECONDS
    if not _may_change(mapping) or hand_over.lately(mapping) < QUICK_SECONDS:
        return
    most = settle_mappings.most_pollers(mapping)
    wanted = min(most, mapping.pollers_wanted + limits.QUEUE_POLLERS_FIRST)
    asked_for = bool(mapping.max_concurrency) and wanted <= FEW
    if wanted > mapping.pollers_wanted and (asked_for or not _busy()):
        with pooled():
            settle_mappings.scale(mapping, wanted)
        wake(mapping.source_arn)


def shrink(mapping: Mapping) -> None:
    """The function was throttled: half as many pollers; they grow again with the load."""
    if not mapping.is_queue or not _may_change(mapping):
        return
    wanted = max(min(LEAST, mapping.pollers_wanted), mapping.pollers_wanted // 2)
    if wanted < mapping.pollers_wanted:
        with pooled():
            Mapping.objects.filter(pk=mapping.pk).update(pollers_wanted=wanted, scaled_at=clock.real())


def _is_time(mapping: int) -> bool:
    """Several pollers of this process find more at once; one look now and then is enough."""
    now = time.monotonic()
    if now - _shared.get(mapping, 0.0) < SHARE_SECONDS:
        return False
    _shared[mapping] = now
    return True


def _busy() -> bool:
    """Whether there is no time to spare, of the processors or of this process, whose threads share one of them.

    Measured at most once a second, by the first who asks; the first time there is nothing to compare with.
    """
    global _measured
    now = time.monotonic()
    at, used, busy = _measured
    if now - at >= STEP_SECONDS:
        spent = time.process_time()
        percent = psutil.cpu_percent(None)
        busy = at == 0.0 or percent > BUSY_PERCENT or (spent - used) / (now - at) > OWN_SHARE
        _measured = (now, spent, busy)
    return busy


def _may_change(mapping: Mapping) -> bool:
    since = mapping.scaled_at
    return since is None or clock.real() - since >= timedelta(seconds=STEP_SECONDS)
