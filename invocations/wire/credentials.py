"""Whose key signed: a known access key, or an execution environment's session key."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.conf import settings

from invocations import session_keys
from invocations.errors import SignatureRefused
from invocations.flows.access_keys import Use, find_key, note_use
from invocations.flows.temporary_keys import find_temporary
from invocations.values import Caller, Scope


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
    made_by: str = ""  # the access key that this is, or comes from; none where a function's environment began it

    def caller(self, region: str) -> Caller:
        """The caller of a request signed with this key for that region."""
        return Caller(Scope(self.account, region), "api", self.key_id, self.arn, self.environment_id)

    def used(self, service: str, region: str) -> None:
        """A signature of this key for that service and region was verified."""
        if self.made_by:
            note_use(self.made_by, Use(service, region))


def identify(key_id: str, token: str | None) -> Identity:
    """Find the key. Raises UnknownKey or ExpiredToken. Needs no database connection of the caller's."""
    if token:
        return _session(key_id, token)
    key = find_key(key_id)
    if key is None:
        raise UnknownKey("The security token included in the request is invalid.")
    return Identity(key.key_id, key.secret, key.account, f"arn:aws:iam::{key.account}:root", made_by=key.key_id)


def _session(key_id: str, token: str) -> Identity:
    """Temporary credentials: rows that STS made, or the sealed ones of an environment and of this server itself."""
    row = None if "." in token else find_temporary(key_id, token)
    if row is not None:
        if row.expires_at.timestamp() <= time.time():
            raise ExpiredToken("The security token included in the request is expired")
        return Identity(key_id, row.secret, row.account, row.arn, row.environment_id or None, row.made_by)
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
    return Identity(key_id, key.secret, claims.account, arn, claims.environment_id or None)
