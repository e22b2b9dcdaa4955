"""Signature version 4, the server's side: read what a request claims, then prove it.

Pure functions. Sources: AWS Signature Version 4 pages; texts as AWS answers them (reference: auth tables).
Reading comes first (`read_header`, `read_query`), so that the caller can find the secret by the claimed key id.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import unquote_plus

from invocations.errors import SignatureRefused
from invocations.wire.canonical import canonical_request

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
UNSIGNED = "UNSIGNED-PAYLOAD"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
WINDOW_MINUTES = {"s3": 15}
WINDOW_MINUTES_DEFAULT = 5
EXPIRES_MAX = 604_800  # seconds: seven days

_DATE = re.compile(r"\d{8}T\d{6}Z")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}|aws-global")
_HEX = re.compile(r"[0-9a-f]{64}")


class Incomplete(SignatureRefused):
    """Something that a signature needs is missing or cannot be read."""

    code = "IncompleteSignatureException"


class OutOfTime(SignatureRefused):
    """The signature's time is too far from ours."""


class LinkExpired(SignatureRefused):
    """A presigned request past its X-Amz-Expires."""


class NotCovered(SignatureRefused):
    """A header that changes what is asked for is not signed."""


@dataclass(frozen=True)
class Signature:
    """What the request claims about itself. `expires` is set for presigned requests, seconds."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    token: str | None
    expires: int | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"

    @property
    def presigned(self) -> bool:
        return self.expires is not None


@dataclass(frozen=True)
class Signed:
    """The parts of a request that a signature covers. `header` finds a raw value by lower-case name."""

    method: str
    path: str
    query: str
    header: Callable[[str], str | None]


def read_header(authorization: str, header: Callable[[str], str | None]) -> Signature:
    """Read the Authorization header form. Raises Incomplete naming every missing part."""
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise Incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parts = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        parts[name] = value
    date = header("x-amz-date") or _basic_date(header("date"))
    missing = [f"Authorization header requires '{n}' parameter." for n in _HEADER_PARTS if not parts.get(n)]
    if not date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing or date is None:
        digest = base64.b64encode(hashlib.sha256(authorization.encode("latin-1", "replace")).digest()).decode()
        raise Incomplete(f"{' '.join(missing)} (Hashed with SHA-256 and encoded with Base64) Authorization={digest}")
    return _signature(
        parts["Credential"], parts["SignedHeaders"], parts["Signature"], date, header("x-amz-security-token"), None
    )


_HEADER_PARTS = ("Credential", "Signature", "SignedHeaders")
_QUERY_PARTS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
    "X-Amz-Expires",
)


def read_query(query: str) -> Signature:
    """Read the presigned form. Raises Incomplete naming every missing part."""
    values: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        values.setdefault(unquote_plus(name), unquote_plus(value))
    missing = [f"AWS query-string parameters must include '{name}'." for name in _QUERY_PARTS if not values.get(name)]
    if missing:
        raise Incomplete(" ".join([*missing, "Re-examine the query-string parameters."]))
    if values["X-Amz-Algorithm"] != ALGORITHM:
        raise Incomplete(f"Unsupported AWS 'algorithm': '{values['X-Amz-Algorithm']}'.")
    expires = values["X-Amz-Expires"]
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 9 and 1 <= int(expires) <= EXPIRES_MAX):
        raise Incomplete(f"X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_MAX}, got '{expires[:32]}'.")
    return _signature(
        values["X-Amz-Credential"],
        values["X-Amz-SignedHeaders"],
        values["X-Amz-Signature"],
        values["X-Amz-Date"],
        values.get("X-Amz-Security-Token"),
        int(expires),
    )


def is_presigned(query: str) -> bool:
    return "X-Amz-Signature=" in query or "X-Amz-Credential=" in query or "X-Amz-Algorithm=" in query


def _signature(
    credential: str, signed_headers: str, signature: str, timestamp: str, token: str | None, expires: int | None
) -> Signature:
    elements = credential.rsplit("/", 4)
    if len(elements) != 5 or not elements[0]:
        raise Incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential[:256]}'"
        )
    key_id, date, region, service, terminator = elements
    if terminator != TERMINATOR:
        raise SignatureRefused(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator[:64]}'."
        )
    names = tuple(signed_headers.lower().split(";"))
    if "host" not in names:
        raise SignatureRefused("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    return Signature(key_id, date, region, service, tuple(sorted(names)), signature, timestamp, token, expires)


def _basic_date(date: str | None) -> str | None:
    """Turn a Date header into the basic ISO form; what is no HTTP date stays as it is and is refused later."""
    if not date or _DATE.fullmatch(date):
        return date
    try:
        parsed = parsedate_to_datetime(date)
        return basic(calendar.timegm(parsed.utctimetuple()))
    except (ValueError, TypeError, OverflowError):
        return date


def basic(seconds: float) -> str:
    """Epoch seconds in signature form, e.g. 20260131T120000Z."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


@lru_cache(256)
def _epoch(timestamp: str) -> int:
    try:
        if not _DATE.fullmatch(timestamp):
            raise ValueError(timestamp)
        return calendar.timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{timestamp[:64]}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None


def check_scope(claim: Signature, now: float) -> None:
    """Judge date, window, expiry and region of the claim; `now` is real time, epoch seconds."""
    signed_at = _epoch(claim.timestamp)
    if claim.date != claim.timestamp[:8]:
        raise SignatureRefused(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.date[:16]}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'."
        )
    if not _REGION.fullmatch(claim.region):
        raise SignatureRefused("Credential should be scoped to a valid region. ")
    minutes = WINDOW_MINUTES.get(claim.service, WINDOW_MINUTES_DEFAULT)
    window = minutes * 60
    allowed = claim.expires if claim.expires is not None else window
    if now - signed_at > allowed:
        at, limit, clock = claim.timestamp, basic(now - allowed), basic(now)
        if claim.expires is not None:
            raise LinkExpired(f"Signature expired: {at} is now earlier than {limit} ({clock} - {claim.expires} sec.)")
        raise OutOfTime(f"Signature expired: {at} is now earlier than {limit} ({clock} - {minutes} min.)")
    if signed_at - now > window:
        raise OutOfTime(
            f"Signature not yet current: {claim.timestamp} is still later than {basic(now + window)} "
            f"({basic(now)} + {minutes} min.)"
        )


# What the signature covers in another way: time and token are checked on their own, the hash with the body.
_COVERED = frozenset(("x-amz-date", "x-amz-security-token", "x-amz-content-sha256"))


def check_covered(claim: Signature, present: Iterable[str]) -> None:
    """Refuse x-amz- headers (`present`, lower-case) that the signature leaves out: anybody could have added them."""
    for name in present:
        if name not in claim.signed_headers and name not in _COVERED:
            raise NotCovered("There were headers present in the request which were not signed")


def payload_hash(stated: str | None, body: bytes) -> str:
    """Return the body's hash; a stated x-amz-content-sha256 must equal it. For every service but S3."""
    actual = hashlib.sha256(body).hexdigest()
    if stated is not None and stated != actual:
        raise SignatureRefused(MISMATCH)
    return actual


@lru_cache(1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key derived for one day, region and service."""
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def seal(key: bytes, text: str | bytes) -> str:
    return hmac.digest(key, text.encode() if isinstance(text, str) else text, "sha256").hex()


def verify(claim: Signature, signed: Signed, hashed_payload: str, secret: str) -> None:
    """Compare the claimed signature with our own, in constant time. Raises SignatureRefused on any difference."""
    canonical = canonical_request(
        signed.method,
        signed.path,
        signed.query,
        signed.header,
        claim.signed_headers,
        hashed_payload,
        once=claim.service == "s3",
        without="X-Amz-Signature" if claim.presigned else None,
    )
    ours = sign(claim, canonical, secret)
    if not hmac.compare_digest(ours.encode(), claim.signature.encode("latin-1", "replace")):
        raise SignatureRefused(MISMATCH)


def sign(claim: Signature, canonical: bytes, secret: str) -> str:
    """The signature, hex, of a canonical request under the claim's time and scope."""
    digest = hashlib.sha256(canonical).hexdigest()
    key = signing_key(secret, claim.date, claim.region, claim.service)
    return seal(key, f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{digest}")
