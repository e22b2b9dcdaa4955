"""The temporary credentials of an execution environment, and those that the server calls itself with.

Nothing is stored: the token carries its claims and a seal made with the server's seed, and the secret key is derived
from the token. So an environment's key is known to every process of this server and to no other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Claims:
    """Whose key it is. `expires` is real time, epoch seconds. `environment_id` is "" for the server's own."""

    environment_id: str
    account: str
    region: str
    function: str
    version: str
    expires: int


@dataclass(frozen=True)
class SessionKey:
    key_id: str
    secret: str
    token: str


def mint(seed: str, claims: Claims) -> SessionKey:
    """Make the key for these claims; the same claims always give the same key."""
    body = base64.urlsafe_b64encode(json.dumps(asdict(claims), sort_keys=True).encode())
    token = f"{body.decode()}.{_seal(seed, 'token', body)}"
    return SessionKey(_key_id(seed, body), _secret(seed, body), token)


def own(seed: str, account: str, region: str, expires: int) -> SessionKey:
    """Make the key of the server's own requests to its endpoint: no access key has to stay good for them."""
    return mint(seed, Claims("", account, region, "lambdaplay", "", expires))


def verify(seed: str, key_id: str, token: str) -> tuple[SessionKey, Claims] | None:
    """Return key and claims when this server made the token for that key id, else None. Expiry is for the caller."""
    body_text, _, seal = token.partition(".")
    body = body_text.encode()
    if not hmac.compare_digest(seal, _seal(seed, "token", body)):
        return None
    if not hmac.compare_digest(key_id, _key_id(seed, body)):
        return None
    claims = Claims(**json.loads(base64.urlsafe_b64decode(body)))
    return SessionKey(key_id, _secret(seed, body), token), claims


def _seal(seed: str, purpose: str, body: bytes) -> str:
    return hmac.new(seed.encode(), purpose.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def _key_id(seed: str, body: bytes) -> str:
    digest = hmac.new(seed.encode(), b"id\n" + body, hashlib.sha256).digest()
    return "ASIA" + base64.b32encode(digest).decode()[:16]


def _secret(seed: str, body: bytes) -> str:
    digest = hmac.new(seed.encode(), b"secret\n" + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()[:40]
