"""HTTP Basic with an access key: its id as the user, its secret as the password."""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from invocations.models import AccessKey
from invocations.values import Caller, Scope
from lambdaplay.db.pool import pooled

CONVENTION_SECRET = "test"  # noqa: S105 - a public convention of local AWS tools, honoured on loopback only
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ACCOUNT = re.compile(r"[0-9]{12}")


class WrongKey(Exception):
    """The Authorization header is there, and it opens nothing."""


class AnotherSite(Exception):
    """A browser sends a key that it remembers for a page of somebody else."""


@dataclass(frozen=True)
class Key:
    key_id: str
    account: str

    def caller(self, region: str) -> Caller:
        return Caller(Scope(self.account, region), "form", self.key_id, f"arn:aws:iam::{self.account}:root")


def basic_key(request: HttpRequest) -> Key | None:
    """Return the key that the request brings, None without an Authorization header. Raises WrongKey, AnotherSite."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    if _from_another_site(request):
        raise AnotherSite
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise WrongKey
    try:
        key_id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise WrongKey from None
    return _judged(key_id, secret)


def _from_another_site(request: HttpRequest) -> bool:
    """Browsers keep Basic credentials and add them to other sites' requests; programs send neither header."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("Host")


def _judged(key_id: str, secret: str) -> Key:
    """Compare in constant time; an unknown key costs a comparison too."""
    known = _known(key_id)
    right = hmac.compare_digest(secret.encode(), (known[0] if known else "no such key").encode())
    if known is None or not right:
        raise WrongKey
    return Key(key_id, known[1])


def _known(key_id: str) -> tuple[str, str] | None:
    """Return (secret, account) of an access key."""
    if key_id == settings.LAMBDAPLAY_ACCESS_KEY_ID:
        return settings.LAMBDAPLAY_SECRET_ACCESS_KEY, settings.LAMBDAPLAY_ACCOUNT
    if settings.LAMBDAPLAY_LOOPBACK and _ACCOUNT.fullmatch(key_id):
        return CONVENTION_SECRET, key_id
    if not _KEY_ID.fullmatch(key_id):
        return None
    # A loan, because this thread may wait for a function next, and no connection is held while it does.
    with pooled():
        row = AccessKey.objects.filter(key_id=key_id, active=True, user__is_active=True).first()
    return None if row is None else (row.secret, row.account)
