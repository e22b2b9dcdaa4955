"""Whose key signed: access key rows, the account-number convention, the default key, environments' session keys.

Looked-up rows are kept for at most a second in each process, so that a revoked key stops working within one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from invocations import clock, session_keys
from invocations.errors import SignatureRefused
from invocations.models import AccessKey
from invocations.values import Caller, Scope
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

CACHED_SECONDS = 1.0
CACHED_KEYS = 1024
USED_EVERY = timedelta(minutes=1)
CONVENTION_SECRET = "test"  # noqa: S105 - a public convention of local AWS tools, honoured on loopback only

_ACCOUNT = re.compile(r"[0-9]{12}")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class UnknownKey(SignatureRefused):
    """No such key, a revoked one, or a session token that is not that key's."""

    code = "UnrecognizedClientException"


class ExpiredToken(SignatureRefused):
    code = "ExpiredTokenException"


@dataclass(frozen=True)
class Identity:
    """A key and what it stands for."""

    key_id: str
    secret: str
    account: str
    arn: str
    environment_id: str | None = None

    def caller(self, region: str) -> Caller:
        """The caller of a request signed with this key for that region."""
        return Caller(Scope(self.account, region), "api", self.key_id, self.arn, self.environment_id)


def identify(key_id: str, token: str | None) -> Identity:
    """Find the key. Raises UnknownKey or ExpiredToken. Needs no database connection of the caller's."""
    if token:
        return _session(key_id, token)
    if key_id == settings.LAMBDAPLAY_ACCESS_KEY_ID:
        return _root(key_id, settings.LAMBDAPLAY_SECRET_ACCESS_KEY, settings.LAMBDAPLAY_ACCOUNT)
    if settings.LAMBDAPLAY_LOOPBACK and _ACCOUNT.fullmatch(key_id):
        return _root(key_id, CONVENTION_SECRET, key_id)
    identity = _rows.get(key_id) if _KEY_ID.fullmatch(key_id) else None
    if identity is None:
        raise UnknownKey("The security token included in the request is invalid.")
    return identity


def _root(key_id: str, secret: str, account: str) -> Identity:
    return Identity(key_id, secret, account, f"arn:aws:iam::{account}:root")


def _session(key_id: str, token: str) -> Identity:
    """The key of an execution environment; other temporary credentials do not exist here yet."""
    try:
        found = session_keys.verify(settings.LAMBDAPLAY_SECRETS.session_key_seed, key_id, token)
    except (ValueError, TypeError):  # not ASCII, not base64, not our claims
        found = None
    if found is None:
        raise UnknownKey("The security token included in the request is invalid.")
    key, claims = found
    if claims.expires <= time.time():  # real time: a key's life does not follow the product clock
        raise ExpiredToken("The security token included in the request is expired")
    arn = f"arn:aws:sts::{claims.account}:assumed-role/{claims.function}/{claims.function}"
    return Identity(key_id, key.secret, claims.account, arn, claims.environment_id)


class _Rows:
    """The rows seen in the last second, absent ones included."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, Identity | None]] = {}

    def get(self, key_id: str) -> Identity | None:
        now = time.monotonic()
        seen = self._seen.get(key_id)
        if seen is not None and seen[0] > now:
            return seen[1]
        identity = self._read(key_id)
        if len(self._seen) >= CACHED_KEYS:
            self._seen.clear()
        self._seen[key_id] = (now + CACHED_SECONDS, identity)
        return identity

    def clear(self) -> None:
        self._seen.clear()

    def _read(self, key_id: str) -> Identity | None:
        with pooled():
            row = AccessKey.objects.filter(key_id=key_id, active=True, user__is_active=True).first()
        if row is None:
            return None
        if row.last_used_at is None or row.last_used_at < clock.real() - USED_EVERY:
            threading.Thread(target=_note_use, args=(row.pk,), daemon=True).start()
        return _root(row.key_id, row.secret, row.account)


def _note_use(row_id: int) -> None:
    """Write down that the key was used, once a minute whoever else tries; off the request's path."""
    now = clock.real()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    try:
        with pooled():
            AccessKey.objects.filter(stale, pk=row_id).update(last_used_at=now)
    except Exception:
        log.warning("could not note the use of access key row %s", row_id, exc_info=True)


_rows = _Rows()


def forget() -> None:
    """Drop what is cached in this process (tests, and the process that just revoked a key)."""
    _rows.clear()
