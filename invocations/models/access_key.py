"""Access keys: who may sign requests. Each belongs to a Django user."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AccessKey(models.Model):
    """A long-lived key pair of an account, made and revoked in the console or by IAM.

    Inactive keys can be made active again, revoked ones never. A revoked key's row stays: it says who had it, and keeps
    the pair of the settings from being made anew. A key whose user was deleted opens nothing.
    """

    key_id = models.CharField(max_length=128, unique=True)
    secret = models.CharField(max_length=128)
    account = models.CharField(max_length=12)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="access_keys")
    iam_user = models.CharField(max_length=128, blank=True, default="")  # an IAM user that no Django user is
    active = models.BooleanField(default=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_service = models.CharField(max_length=64, blank=True, default="")
    last_used_region = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["key_id"]

    def __str__(self) -> str:
        return self.key_id

    @property
    def user_name(self) -> str:
        """What IAM calls its user; empty when that user was deleted."""
        return self.iam_user or (self.user.get_username() if self.user is not None else "")

    @property
    def good(self) -> bool:
        """Whether requests signed with it are accepted."""
        return self.active and self.revoked_at is None and self.user is not None and self.user.is_active
