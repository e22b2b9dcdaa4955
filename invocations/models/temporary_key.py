"""Credentials that end by themselves: those of an assumed role, and session tokens."""

from __future__ import annotations

from django.db import models


class TemporaryKey(models.Model):
    """A key pair with a token, good until `expires_at` (real time). Never changed; deleted when long over."""

    key_id = models.CharField(max_length=32, unique=True)
    secret = models.CharField(max_length=64)
    token = models.CharField(max_length=256)
    account = models.CharField(max_length=12)
    arn = models.CharField(max_length=256)  # who signs with it
    made_by = models.CharField(max_length=128)  # the access key it comes from; with that one it ends. "": a function's
    environment_id = models.CharField(max_length=32, blank=True, default="")  # of the function that asked for it
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.key_id
