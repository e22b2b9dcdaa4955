"""Whom a UserName of IAM means: a Django user of that name, or a user that CreateUser made in the companion.

A key always belongs to a Django user, who answers for it. For a user of the companion that is whoever asked for it; the
name is kept beside it. So CreateUser makes nobody who could log in, and a companion that forgot its users leaves
keys that still work, are listed and can be deleted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.conf import settings
from django.contrib.auth.models import User

from invocations.errors import AccessDenied, NoSuchEntity, UnusablePart, ValidationException
from invocations.flows.access_keys import CONVENTION_SECRET, keys_of
from invocations.models import AccessKey
from invocations.values import Caller
from invocations.wire import proxy
from invocations.wire.protocol.wording import FORM
from lambdaplay.db.pool import pooled

_REGION = "us-east-1"  # IAM has no regions; its signatures name this one


@dataclass(frozen=True)
class Holder:
    """Who gets a key: a Django user, and the IAM user it is for when that is somebody else ("" when not)."""

    user: User
    iam_user: str = ""


def named(caller: Caller, name: str | None) -> str:
    """The user's name, the caller's own when none is given. Raises NoSuchEntity, ValidationException."""
    if name is None:
        return _own(caller).user_name
    with pooled():
        known = _django_user(name) is not None or with_keys(name, caller.scope.account)
    if not known and not _is_companions(name, caller.scope.account):
        raise _unknown(name)
    return name


def holder(caller: Caller, name: str | None) -> Holder:
    """Who is to get a key. Raises NoSuchEntity, ValidationException, AccessDenied."""
    if name is None:
        row = _own(caller)
        assert row.user is not None
        return Holder(row.user, row.iam_user)
    with pooled():
        user = _django_user(name)
    if user is not None:
        if not user.is_active:
            raise AccessDenied(f"The user {name} is not active in lambdaplay's console: a key would open nothing.")
        return Holder(user)
    if not _is_companions(name, caller.scope.account):
        raise _unknown(name)
    return Holder(_answerable(caller), name)


def with_keys(name: str, account: str) -> bool:
    """Whether an IAM user of that name has access keys in the account."""
    with pooled():
        return "\0" not in name and keys_of(name, account).exists()


def _unknown(name: str) -> NoSuchEntity:
    return NoSuchEntity(f"The user with name {name} cannot be found.")


def _django_user(name: str) -> User | None:
    return User.objects.filter(username=name).first()


def _own(caller: Caller) -> AccessKey:
    """The row whose user the caller is. Temporary credentials are nobody's. Raises ValidationException."""
    row = _row(caller.name) or _convention(caller)
    if row is None:
        raise ValidationException("Must specify userName when calling with non-User credentials")
    return row


def _answerable(caller: Caller) -> User:
    """Who answers for a key that this caller asks for: functions and roles ask in the name of the house's own key."""
    row = _row(caller.name) or _row(settings.LAMBDAPLAY_ACCESS_KEY_ID)
    if row is None or row.user is None:
        raise AccessDenied("No user of lambdaplay would answer for this key: ask with an access key of the console.")
    return row.user


def _convention(caller: Caller) -> AccessKey | None:
    """Twelve digits that name an account are as good as the settings' key, and its user's."""
    return _row(settings.LAMBDAPLAY_ACCESS_KEY_ID) if caller.name == caller.scope.account else None


def _row(key_id: str) -> AccessKey | None:
    with pooled():
        return AccessKey.objects.select_related("user").exclude(user=None).filter(key_id=key_id).first()


def _is_companions(name: str, account: str) -> bool:
    """Ask the companion, with a request of our own. Raises UnusablePart when it does not answer."""
    if settings.LAMBDAPLAY_COMPANION == "none":
        return False
    body = urlencode({"Action": "GetUser", "Version": "2010-05-08", "UserName": name}).encode()
    answer = proxy.send("POST", "/", _signed(body, account), body, len(body))
    text = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
    if answer.status == 200:
        return True
    if b"NoSuchEntity" not in text:
        raise UnusablePart(f"The companion answered {answer.status} when it was asked for the user.")
    return False


def _signed(body: bytes, account: str) -> dict[str, str]:
    host = f"{settings.LAMBDAPLAY_HOST}:{settings.LAMBDAPLAY_PORT}"
    headers = {"Host": host, "Content-Type": FORM, "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}
    asked = AWSRequest("POST", f"http://{host}/", data=body, headers=headers)
    SigV4Auth(Credentials(account, CONVENTION_SECRET), "iam", _REGION).add_auth(asked)
    kept = {name.lower(): value for name, value in asked.headers.items()}
    if settings.LAMBDAPLAY_COMPANION == "moto":
        kept["x-moto-account-id"] = account
    return kept
