"""S3's older signatures: version 2 in the query string (boto3's default for presigned S3 links) is verified.

Version 2 in a header is refused by name; browser uploads are `buckets/forms.py`'s. Source: Amazon S3, "Signing and
authenticating REST requests (signature version 2)".
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qsl

from invocations.errors import Refusal, SignatureRefused
from invocations.wire.buckets.asked import bucket_in_host
from invocations.wire.http import Request
from invocations.wire.sigv4 import MISMATCH, LinkExpired

# Query parts that belong to the resource. Source: the same page, "CanonicalizedResource".
_SUBRESOURCES = frozenset(
    (
        "accelerate",
        "acl",
        "cors",
        "defaultObjectAcl",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "partNumber",
        "policy",
        "requestPayment",
        "restore",
        "select",
        "select-type",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
        "object-lock",
        "retention",
        "legal-hold",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
    )
)
_PARTS = ("AWSAccessKeyId", "Expires", "Signature")


class NotOffered(Refusal):
    """A way of signing that S3 itself no longer wants, or that nobody verifies here."""

    code = "InvalidRequest"


@dataclass(frozen=True)
class Claim:
    key_id: str
    expires: str
    signature: str
    token: str | None


def is_signed(request: Request) -> bool:
    """Whether the request is signed in one of S3's older forms, verified here or not."""
    query = request.query
    if "AWSAccessKeyId=" in query and "Signature=" in query:
        return True
    return (request.header("authorization") or "").startswith("AWS ")


def read(request: Request) -> Claim:
    """Read the query form. Raises NotOffered for a signature in a header."""
    fields = dict(parse_qsl(request.query, keep_blank_values=True))
    if any(name not in fields for name in _PARTS):
        raise NotOffered("The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
    return Claim(fields["AWSAccessKeyId"], fields["Expires"], fields["Signature"], fields.get("x-amz-security-token"))


def verify(claim: Claim, request: Request, secret: str, now: float) -> None:
    """Raise SignatureRefused unless the signature is right and not expired; `now` is real time, epoch seconds."""
    ours = base64.b64encode(hmac.digest(secret.encode(), string_to_sign(claim, request).encode(), "sha1"))
    if not hmac.compare_digest(ours, claim.signature.encode("latin-1", "replace")):
        raise SignatureRefused(MISMATCH)
    if not (claim.expires.isascii() and claim.expires.isdigit()) or now > int(claim.expires[:12]):
        raise LinkExpired("Request has expired")


def string_to_sign(claim: Claim, request: Request) -> str:
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-amz-")}
    headers.update((n, v) for n, v in parse_qsl(request.query) if n.lower().startswith("x-amz-"))
    lines = [
        request.method,
        request.header("content-md5") or "",
        request.header("content-type") or "",
        claim.expires,
        *(f"{name}:{headers[name].strip()}" for name in sorted(headers)),
    ]
    return "\n".join(lines) + "\n" + _resource(request)


def _resource(request: Request) -> str:
    pairs = [(n, v) for n, v in parse_qsl(request.query, keep_blank_values=True) if n in _SUBRESOURCES]
    parts = [f"{name}={value}" if value else name for name, value in sorted(pairs)]
    bucket = bucket_in_host(request.header("host") or "")
    path = f"/{bucket}{request.path}" if bucket else request.path
    return f"{path}?{'&'.join(parts)}" if parts else path
