"""Access keys: which are known, whose they are; made for a user, put to rest, revoked.

A known key is remembered for at most a second in each process. A revocation is told to all processes of this machine
through a file that grows, so that there it counts from the next request on; other machines follow within that second.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from invocations import clock
from invocations.errors import LimitExceeded
from invocations.models import AccessKey
from lambdaplay.db.pool import pooled
from lambdaplay.home import Home

log = logging.getLogger(__name__)

CACHED_SECONDS = 1.0
CACHED_KEYS = 1024
USED_EVERY = timedelta(minutes=1)
CONVENTION_SECRET = "test"  # noqa: S105 - a public convention of local AWS tools, honoured on loopback only

_ACCOUNT = re.compile(r"[0-9]{12}")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True)
class KnownKey:
    """A key that is good now, and the account whose root it is."""

    key_id: str
    secret: str
    account: str


@dataclass(frozen=True)
class Use:
    """What a key was used for: the service's signing name, and the region of the signature."""

    service: str
    region: str


def find_key(key_id: str) -> KnownKey | None:
    """Return the key when requests signed with it are to be accepted. Needs no database connection of the caller's.

    The key pair of the settings is good until its row says otherwise. On loopback twelve digits name an account
    (secret `test`); that ends with the default key, because who revokes it wants no well-known secret to open anything.
    """
    if key_id == settings.LAMBDAPLAY_ACCESS_KEY_ID:
        return _default()
    if settings.LAMBDAPLAY_LOOPBACK and _ACCOUNT.fullmatch(key_id):
        return None if _default() is None else KnownKey(key_id, CONVENTION_SECRET, key_id)
    found = _rows.get(key_id) if _KEY_ID.fullmatch(key_id) else None
    return None if found is None or not found.good else found.key


def note_use(key_id: str, use: Use) -> None:
    """A request that this key has signed was verified: noted in the key's row, once a minute."""
    row = _rows.seen(key_id)
    if row is not None and row.good:
        _note_now_and_then(row, use)


def default_key_is_good() -> bool:
    """Whether the key pair of the settings opens anything: it may have been revoked."""
    return _default() is not None


def _default() -> KnownKey | None:
    found = _rows.get(settings.LAMBDAPLAY_ACCESS_KEY_ID)
    if found is not None and not found.good:
        return None
    return KnownKey(
        settings.LAMBDAPLAY_ACCESS_KEY_ID, settings.LAMBDAPLAY_SECRET_ACCESS_KEY, settings.LAMBDAPLAY_ACCOUNT
    )


@pooled()
def create_access_key(user: User, account: str, *, iam_user: str = "", quota: int | None = None) -> AccessKey:
    """Make a key pair that signs for an account. It looks like AWS's: AKIA and 16 characters, a secret of 40.

    `iam_user` is the IAM user it is for, when that is not `user`. Raises LimitExceeded when that user has `quota` keys.
    """
    with transaction.atomic():
        if quota is not None:
            # Whoever counts waits for whoever counted and has not committed yet.
            User.objects.select_for_update().order_by("pk").first()
            if keys_of(iam_user or user.get_username(), account).count() >= quota:
                raise LimitExceeded(f"Cannot exceed quota for AccessKeysPerUser: {quota}")
        return AccessKey.objects.create(
            key_id="AKIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
            secret=secrets.token_urlsafe(30),
            account=account,
            user=user,
            iam_user=iam_user,
            created_at=clock.real(),
        )


def keys_of(name: str, account: str) -> QuerySet[AccessKey]:
    """The keys of an IAM user in an account, revoked ones left out, in the order of their ids."""
    theirs = Q(iam_user=name) | Q(iam_user="", user__username=name)
    return AccessKey.objects.select_related("user").filter(theirs, account=account, revoked_at=None).order_by("key_id")


@pooled()
def set_active(key_id: str, active: bool) -> bool:
    """Let a key rest, or wake it. True when it is so now, False when there is no such key or it is revoked."""
    changed = AccessKey.objects.filter(key_id=key_id, revoked_at=None).exclude(active=active).update(active=active)
    if changed:
        _tell_all()
    return bool(changed) or AccessKey.objects.filter(key_id=key_id, revoked_at=None, active=active).exists()


@pooled()
def revoke_access_key(key_id: str) -> bool:
    """End a key for good: nothing signed with it is accepted from now on. True when this call did it."""
    revoked = bool(
        AccessKey.objects.filter(key_id=key_id, revoked_at=None).update(active=False, revoked_at=clock.real())
    )
    if revoked:
        _tell_all()
    return revoked


def forget() -> None:
    """Drop what this process remembers."""
    _rows.clear()


@dataclass
class _Row:
    key: KnownKey
    good: bool  # active, not revoked, and of a user who may log in
    row_id: int
    used_at: datetime | None


class _Rows:
    """The rows seen in the last second, absent ones included."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, int, _Row | None]] = {}

    def get(self, key_id: str) -> _Row | None:
        now, revocations = time.monotonic(), _revocations()
        seen = self._seen.get(key_id)
        if seen is not None and seen[0] > now and seen[1] == revocations:
            return seen[2]
        row = self._read(key_id)
        if len(self._seen) >= CACHED_KEYS:
            self._seen.clear()
        self._seen[key_id] = (now + CACHED_SECONDS, revocations, row)
        return row

    def seen(self, key_id: str) -> _Row | None:
        """As somebody found it a moment ago; None when nobody did."""
        found = self._seen.get(key_id)
        return None if found is None else found[2]

    def clear(self) -> None:
        self._seen.clear()

    def _read(self, key_id: str) -> _Row | None:
        with pooled():
            row = AccessKey.objects.select_related("user").filter(key_id=key_id).first()
        if row is None:
            return None
        return _Row(KnownKey(row.key_id, row.secret, row.account), row.good, row.pk, row.last_used_at)


_rows = _Rows()


def _note_now_and_then(row: _Row, use: Use) -> None:
    now = clock.real()
    if row.used_at is None or row.used_at < now - USED_EVERY:
        row.used_at = now
        threading.Thread(target=_note_use, args=(row.row_id, use), daemon=True).start()


def _note_use(row_id: int, use: Use) -> None:
    """Write down that the key was used, once a minute whoever else tries; off the request's path."""
    now = clock.real()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    noted = {"last_used_at": now, "last_used_service": use.service[:64], "last_used_region": use.region[:64]}
    try:
        with pooled():
            AccessKey.objects.filter(stale, pk=row_id, active=True).update(**noted)
    except Exception:
        log.warning("could not note the use of access key row %s", row_id, exc_info=True)


def _mark() -> str:
    return _mark_in(settings.LAMBDAPLAY_HOME)


@lru_cache(8)
def _mark_in(home: Home) -> str:
    return str(home.root / "revocations")


def _revocations() -> int:
    """How many there were here: the file's length, which no clock's coarseness can hide a change of."""
    try:
        return os.stat(_mark()).st_size
    except OSError:
        return 0


def _tell_all() -> None:
    try:
        with open(_mark(), "ab") as mark:
            mark.write(b".")
    except OSError:
        log.warning("could not tell other processes of a revocation: they see it within a second", exc_info=True)
