"""A sign of life of each part of the house, for `/healthz`."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """`part` on `machine` was alive at `seen_at` (real time)."""

    part = models.CharField(max_length=32)
    machine = models.CharField(max_length=128)
    seen_at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "machine"], name="heartbeat_is_unique")]

    def __str__(self) -> str:
        return f"{self.part} on {self.machine}"
