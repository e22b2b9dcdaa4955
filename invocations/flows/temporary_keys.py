"""Temporary credentials: made for an assumed role or as a session token, found again when they sign.

They end with their time, and with the access key they come from: who revokes a key wants nothing of it to go on. The
permissions of roles are not evaluated, so a role opens what its account's key opens, and only that account may take it.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections import OrderedDict
from datetime import timedelta

from invocations import clock
from invocations.errors import AccessDenied, ValidationException
from invocations.flows.access_keys import find_key
from invocations.models import TemporaryKey
from invocations.values import Caller
from lambdaplay.db.pool import pooled

ROLE_SECONDS = 3600
TOKEN_SECONDS = 43_200
CHAINED_SECONDS_MAX = 3600
_ROLE = re.compile(r"arn:aws[a-zA-Z-]*:iam::([0-9]{12}):role/(?:[\x21-\x7e]*/)?([A-Za-z0-9_+=,.@-]{1,64})")
_REMEMBERED = 1024
_found: OrderedDict[str, TemporaryKey] = OrderedDict()  # rows never change


@pooled()
def assume_role(caller: Caller, role_arn: str, session: str, seconds: int | None) -> TemporaryKey:
    """Make credentials of a role of the caller's account. Raises ValidationException, AccessDenied."""
    role = _ROLE.fullmatch(role_arn)
    if role is None:
        raise ValidationException(f"{role_arn} is invalid")
    if role[1] != caller.scope.account:
        raise AccessDenied(f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}")
    wanted = ROLE_SECONDS if seconds is None else seconds
    if _is_session(caller) and wanted > CHAINED_SECONDS_MAX:
        raise ValidationException(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    return _make(caller, f"arn:aws:sts::{role[1]}:assumed-role/{role[2]}/{session}", wanted)


@pooled()
def session_token(caller: Caller, seconds: int | None) -> TemporaryKey:
    """Make credentials of the caller's own. Raises AccessDenied for a caller who has temporary ones only."""
    if _is_session(caller):
        raise AccessDenied("Cannot call GetSessionToken with session credentials")
    return _make(caller, caller.arn, TOKEN_SECONDS if seconds is None else seconds)


def find_temporary(key_id: str, token: str) -> TemporaryKey | None:
    """Return the key with that token, expired or not, while its access key is good."""
    row = _found.get(key_id) or _read(key_id)
    if row is None or not secrets.compare_digest(row.token.encode(), token.encode()):
        return None
    return row if not row.made_by or find_key(row.made_by) is not None else None


def _read(key_id: str) -> TemporaryKey | None:
    with pooled():
        row = TemporaryKey.objects.filter(key_id=key_id).first()
    if row is not None:
        _found[key_id] = row
        while len(_found) > _REMEMBERED:
            _found.popitem(last=False)
    return row


def _is_session(caller: Caller) -> bool:
    return caller.name.startswith("ASIA")


def _make(caller: Caller, arn: str, seconds: int) -> TemporaryKey:
    now = clock.real()
    return TemporaryKey.objects.create(
        key_id="ASIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
        secret=secrets.token_urlsafe(30),
        token=base64.b64encode(secrets.token_bytes(96)).decode(),
        account=caller.scope.account,
        arn=arn,
        made_by=_origin(caller),
        environment_id=caller.environment_id or "",
        created_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )


def _origin(caller: Caller) -> str:
    """The access key at the beginning of a chain of roles; none where a function began it."""
    if not _is_session(caller):
        return caller.name
    row = _read(caller.name)
    return "" if row is None else row.made_by
