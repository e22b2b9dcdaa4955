"""The product clock: one row that every process follows."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models

from invocations.decisions.product_time import FACTOR_DEFAULT, MODES, REAL, Steering, initial, steer, unsteered
from invocations.errors import ServiceUnavailable
from lambdaplay.db.pool import apart
from lambdaplay.db.prepared import Select

ONLY = 1  # the row's key
TRIES = 100  # each failed one means that somebody else's change came between

_FIELDS = ("mode", "factor", "anchor_real", "anchor_product", "advanced", "revision")


class ClockStateQuerySet(models.QuerySet["ClockState"]):
    def steering(self) -> Steering | None:
        """How product time runs; None while nobody has steered it."""
        found = _STEERING(pk=ONLY)
        return Steering(*found[0]) if found else None

    def steer(self, real: datetime, mode: str | None, factor: float | None, advance: float) -> Steering:
        """Change it; of concurrent changes each starts from the one before. Raises BadSteering."""
        for _ in range(TRIES):
            before = self.steering() or self._first(real)
            after = steer(before, real, mode, factor, advance)
            if self._replace(before, after):
                return after
        raise ServiceUnavailable("The clock is being changed by too many at once; try again.")

    def apply_setting(self, setting: str, real: datetime) -> Steering:
        """Follow LAMBDAPLAY_CLOCK where it is new or was changed; what was steered by hand since it was set stays."""
        row = self.filter(pk=ONLY).first()
        if row is None:
            wanted = initial(setting, real)
            self.bulk_create([_row(wanted, setting)], ignore_conflicts=True)
        elif row.setting != setting:
            wanted = initial(setting, real)
            self.steer(real, wanted.mode, wanted.factor, 0.0)
            self.filter(pk=ONLY).update(setting=setting)
        return self.steering() or unsteered(real)

    def _first(self, real: datetime) -> Steering:
        """Make the row, whoever else does."""
        self.bulk_create([_row(unsteered(real), "")], ignore_conflicts=True)
        return self.steering() or unsteered(real)

    def _replace(self, before: Steering, after: Steering) -> bool:
        values = {name: getattr(after, name) for name in _FIELDS}
        return bool(self.filter(pk=ONLY, revision=before.revision).update(**values))


class ClockState(models.Model):
    """How product time runs: the line through the two anchors, its slope by mode. See decisions/product_time.py."""

    mode = models.CharField(max_length=6, choices=[(mode, mode) for mode in MODES], default=REAL)
    factor = models.FloatField(default=FACTOR_DEFAULT)  # product seconds in a real second while scaled
    anchor_real = models.DateTimeField()
    anchor_product = models.DateTimeField()
    advanced = models.FloatField(default=0.0)  # seconds advanced by hand, all together
    revision = models.BigIntegerField(default=1)
    setting = models.CharField(max_length=32, blank=True, default="")  # LAMBDAPLAY_CLOCK as last applied

    objects: ClassVar[ClockStateQuerySet] = ClockStateQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "clock"
        verbose_name_plural = "clock"

    def __str__(self) -> str:
        return self.mode


# Every process asks this four times a second, also when it has nothing else to do.
_STEERING = Select(lambda pk: ClockState.objects.filter(pk=pk).values_list(*_FIELDS), pk=int)


def read_committed() -> Steering | None:
    """The steering as everybody sees it, also from inside a transaction."""
    with apart():
        return ClockState.objects.steering()


def _row(wanted: Steering, setting: str) -> ClockState:
    values = {name: getattr(wanted, name) for name in _FIELDS}
    return ClockState(pk=ONLY, **{**values, "revision": 1}, setting=setting)
