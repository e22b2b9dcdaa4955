"""The outbox of everything that topics, rules, mappings and schedules send: a row for each parcel.

Rows are written with what caused them. After the commit this process sends what goes no further than our own database,
a few at most, and tells workers of the rest; nothing depends on either, because sweeps find what was not sent.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction

from invocations import clock, event_queue
from invocations.crashpoints import crashpoint
from invocations.flows import deliver, parcels
from invocations.models import delivery_states
from invocations.values import Parcel
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

IN_PLACE = 10  # of one post, sent by the process that posted them
TOLD = 100  # of one post, told to workers at once; sweeps tell of the others
_sending = threading.local()


def post(given: Iterable[Parcel]) -> None:
    """Write the parcels; to be called inside the transaction that commits what caused them (see `outlet`)."""
    written = parcels.write(given)
    if written:
        transaction.on_commit(lambda: _send_new(written))


def _send_new(written: dict[int, Parcel]) -> None:
    """Runs as an on-commit hook, which must not raise: what fails here is left to the sweeps."""
    crashpoint("parcel.posted")
    try:
        here = [pk for pk, parcel in written.items() if deliver.at_hand(parcel.target)]
        here = [] if getattr(_sending, "busy", False) else here[:IN_PLACE]
        chosen = set(here)
        _tell([pk for pk in written if pk not in chosen])
        with _busy():
            for pk in here:
                deliver.run(pk, "poster")
    except Exception:
        log.exception("parcels were posted; sweeps send them")


@contextmanager
def _busy() -> Iterator[None]:
    """What sending in place posts in turn is left to workers, so that no chain of topics and rules nests here."""
    before = getattr(_sending, "busy", False)
    _sending.busy = True
    try:
        yield
    finally:
        _sending.busy = before


def _tell(ids: Sequence[int]) -> None:
    told = ids[:TOLD]
    if not told or event_queue.broken():
        return
    with pooled():
        delivery_states.tell_new(told, clock.real())
    for pk in told:
        if not event_queue.send_delivery(pk):
            return
