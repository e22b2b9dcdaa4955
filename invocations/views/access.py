"""HTTP Basic with an access key: its id as the user, its secret as the password."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from invocations.flows.access_keys import Use, find_key, note_use
from invocations.values import Caller, Scope


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


def basic_key(request: HttpRequest, schemes: Container[str] = ("basic",)) -> Key | None:
    """Return the key that the request brings, None without an Authorization header. Raises WrongKey, AnotherSite.

    Programs that know no other scheme than bearer may send the same text with that (`schemes`, in lower case).
    """
    header = request.headers.get("Authorization")
    if header is None:
        return None
    if _from_another_site(request):
        raise AnotherSite
    scheme, _, value = header.partition(" ")
    if scheme.lower() not in schemes:
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
    known = find_key(key_id)
    right = hmac.compare_digest(secret.encode(), (known.secret if known else "no such key").encode())
    if known is None or not right:
        raise WrongKey
    note_use(key_id, Use("lambda", settings.LAMBDAPLAY_REGION))
    return Key(key_id, known.account)
