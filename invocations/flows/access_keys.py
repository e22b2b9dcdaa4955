"""Access keys: made for a user, revoked."""

from __future__ import annotations

import base64
import secrets

from django.contrib.auth.models import User

from invocations import clock
from invocations.models import AccessKey
from lambdaplay.db.pool import pooled


@pooled()
def create_access_key(user: User, account: str) -> AccessKey:
    """Make a key pair that signs for an account. It looks like AWS's: AKIA and 16 characters, a secret of 40."""
    return AccessKey.objects.create(
        key_id="AKIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
        secret=secrets.token_urlsafe(30),
        account=account,
        user=user,
        created_at=clock.real(),
    )


@pooled()
def revoke_access_key(key_id: str) -> bool:
    """End a key for good: nothing signed with it is accepted from now on. True when this call did it."""
    return bool(AccessKey.objects.filter(key_id=key_id, active=True).update(active=False))
