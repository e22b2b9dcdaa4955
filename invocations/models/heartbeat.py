"""A sign of life of each part of the house, for `/healthz`."""

from __future__ import annotations

import platform
from datetime import datetime
from typing import ClassVar

from django.db import models


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def beat(self, part: str, at: datetime, detail: str = "") -> None:
        """Record that `part` of this machine was alive at `at` (real time). One statement, so twins cannot clash."""
        self.bulk_create(
            [Heartbeat(part=part, machine=platform.node(), seen_at=at, detail=detail)],
            update_conflicts=True,
            unique_fields=["part", "machine"],
            update_fields=["seen_at", "detail"],
        )

    def here(self) -> HeartbeatQuerySet:
        """Those of this machine."""
        return self.filter(machine=platform.node())

    def forget_this_machine(self) -> None:
        """A new start waits for new signs of life."""
        self.here().delete()


class Heartbeat(models.Model):
    """`part` on `machine` was alive at `seen_at` (real time)."""

    part = models.CharField(max_length=32)
    machine = models.CharField(max_length=128)
    seen_at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True, default="")

    objects: ClassVar[HeartbeatQuerySet] = HeartbeatQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "machine"], name="heartbeat_is_unique")]

    def __str__(self) -> str:
        return f"{self.part} on {self.machine}"
