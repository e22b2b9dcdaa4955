"""Access keys: who may sign requests. Each belongs to a Django user."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AccessKey(models.Model):
    """A long-lived key pair of an account, made and revoked in the console."""

    key_id = models.CharField(max_length=128, unique=True)
    secret = models.CharField(max_length=128)
    account = models.CharField(max_length=12)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_keys")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["key_id"]

    def __str__(self) -> str:
        return self.key_id
