"""Slots on the product clock, for rules and schedules: each fires once, in order, with its own time.

Whoever sweeps calls `fire_due`; two at once are harmless, because one at a time has the lease and a slot is taken by a
guarded update. Slots that passed while nobody swept (the server was down, the machine asleep) are listed and not fired:
an advance of the clock passes slots too, but then somebody is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now

from invocations import clock
from invocations.models import ScheduleWatch
from lambdaplay.db.pool import pooled

GAP = timedelta(seconds=30)  # real time without anybody looking that counts as nobody being there
NOTED = timedelta(seconds=5)  # how exactly the last look is known; each note is a write
LEASE = timedelta(seconds=10)  # renewed with every slot
AT_ONCE = 200  # slots of one round; the next goes on
MISSED_COUNTED = 100_000

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Timetable(Generic[Row]):
    """What fires at slots. The rows have `next_at`: the moment, in product time, at which the next slot fires."""

    watch: int  # its row of ScheduleWatch
    waiting: Callable[[], QuerySet[Row, Any]]  # rows with a next slot
    fire: Callable[[Row], bool]  # take the row's slot and send it, as one; False when somebody else did, or changed it
    miss: Callable[[Row, datetime], None]  # list the row's slots up to a moment and pass them by

    def note(self, real: datetime) -> None:
        """Somebody is there: slots are missed from now on only."""
        ScheduleWatch.objects.bulk_create(
            [ScheduleWatch(pk=self.watch, looked_at=real)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["looked_at"],
        )

    def next_due(self) -> datetime | None:
        """When the next slot of all is; None when there is none."""
        with pooled():
            found: datetime | None = self.waiting().order_by("next_at").values_list("next_at", flat=True).first()
        return found

    def fire_due(self, most: int = AT_ONCE) -> int:
        """Fire what is due, the earliest slot first; return how many were fired.

        One sweeper at a time does, so that what is sent leaves in the order of the slots; if it dies, its lease ends
        soon.
        """
        if not self.waiting().exists() or not self._was_there(clock.real()):
            return 0
        if not self._due().exists() or not self.lease():
            return 0
        fired = 0
        try:
            while fired < most:
                row = self._due().order_by("next_at", "pk").first()
                if row is None or not self.fire(row):
                    break  # nothing left, or the row was changed in the same moment
                fired += 1
        finally:
            ScheduleWatch.objects.filter(pk=self.watch).update(lease_until=None)
        return fired

    def lease(self) -> bool:
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        return bool(ScheduleWatch.objects.filter(free, pk=self.watch).update(lease_until=Now() + LEASE))

    def renew(self) -> None:
        """Keep the lease; to be called in the transaction that takes a slot."""
        ScheduleWatch.objects.filter(pk=self.watch).update(lease_until=Now() + LEASE)

    def _due(self) -> QuerySet[Row, Any]:
        return self.waiting().filter(next_at__lte=clock.now())

    def _was_there(self, real: datetime) -> bool:
        """Whether somebody looked a moment ago; else what was missed is listed, and this round fires nothing."""
        known = ScheduleWatch.objects.filter(pk=self.watch).values_list("looked_at", flat=True).first()
        if known is None:
            self.note(real)
            return True
        if real - known < GAP:
            if real - known >= NOTED:
                ScheduleWatch.objects.filter(pk=self.watch, looked_at=known).update(looked_at=real)
            return True
        with transaction.atomic():
            if ScheduleWatch.objects.filter(pk=self.watch, looked_at=known).update(looked_at=real):
                now = clock.now()
                for row in self.waiting().filter(next_at__lte=now).order_by("next_at", "pk"):
                    self.miss(row, now)
        return False
