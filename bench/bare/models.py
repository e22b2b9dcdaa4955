"""One row, about as wide as the three that lambdaplay writes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

SELECTED = "00000000-0000-4000-8000-000000000000"  # the row that is read again and again


class Call(models.Model):
    request_id = models.CharField(max_length=36, unique=True)
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32)
    function = models.CharField(max_length=64)
    state = models.CharField(max_length=10)
    accepted_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField()
    duration_us = models.IntegerField()
    request = models.BinaryField()
    response = models.BinaryField()

    objects: ClassVar[models.Manager[Call]] = models.Manager()

    class Meta:
        app_label = "bare"

    def __str__(self) -> str:
        return self.request_id
