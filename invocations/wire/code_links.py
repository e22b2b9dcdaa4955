"""Links to a function's code package, good for ten minutes, as GetFunction gives them out.

They are presigned in AWS's own form with a key that only this server knows. The host in the link is the one that the
asker used, so that a link works where it was asked for, inside functions too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
import uuid
from functools import cache
from pathlib import Path
from urllib.parse import quote

from django.conf import settings

from invocations.errors import AccessDenied, ResourceNotFound, SignatureRefused
from invocations.runtime import code
from invocations.values import Scope
from invocations.wire import sigv4
from invocations.wire.canonical import canonical_request
from invocations.wire.http import Request, Response
from invocations.wire.protocol import s3 as s3_protocol
from invocations.wire.protocol import wording

SECONDS = 600
_KEY_ID = "lambdaplay-code"
_SERVICE = "s3"
_PREFIX = "/_lambdaplay/code/"
_PATH = re.compile(re.escape(_PREFIX) + r"([0-9a-f]{64})")


@cache
def _secret() -> str:
    seed: str = settings.LAMBDAPLAY_SECRETS.session_key_seed
    return hmac.new(seed.encode(), b"code links", hashlib.sha256).hexdigest()


def link(scope: Scope, host: str, sha256: str) -> str:
    """Make the link to the package with that SHA-256 (hex)."""
    path = _PREFIX + sha256
    timestamp = sigv4.basic(time.time())
    claim = sigv4.Signature(_KEY_ID, timestamp[:8], scope.region, _SERVICE, ("host",), "", timestamp, None, SECONDS)
    query = "&".join(
        (
            f"X-Amz-Algorithm={sigv4.ALGORITHM}",
            f"X-Amz-Credential={quote(f'{_KEY_ID}/{claim.scope}', safe='')}",
            f"X-Amz-Date={timestamp}",
            f"X-Amz-Expires={SECONDS}",
            "X-Amz-SignedHeaders=host",
        )
    )
    canonical = canonical_request(
        "GET", path, query, {"host": host}.get, claim.signed_headers, sigv4.UNSIGNED, once=True
    )
    scheme = settings.LAMBDAPLAY_URL.partition(":")[0]
    return f"{scheme}://{host}{path}?{query}&X-Amz-Signature={sigv4.sign(claim, canonical, _secret())}"


def answer(request: Request) -> Response | None:
    """Serve a link's package; None for other pages below `/_lambdaplay/`."""
    found = _PATH.fullmatch(request.path)
    if found is None or request.method not in ("GET", "HEAD"):
        return None
    request_id = str(uuid.uuid4())
    try:
        return _serve(request, found[1])
    except Exception as problem:  # worded as S3 would: it is S3's link on AWS
        return wording.error(problem, s3_protocol, request_id)


def _serve(request: Request, sha256: str) -> Response:
    if not sigv4.is_presigned(request.query):
        raise AccessDenied("Access Denied")
    claim = sigv4.read_query(request.query)
    if claim.key_id != _KEY_ID or claim.service != _SERVICE:
        raise SignatureRefused(sigv4.MISMATCH)
    sigv4.check_scope(claim, time.time())
    signed = sigv4.Signed("GET", request.path, request.query, request.header)
    sigv4.verify(claim, signed, sigv4.UNSIGNED, _secret())
    package = _package(sha256)
    headers = [
        ("Content-Type", "application/zip"),
        ("Content-Length", str(package.stat().st_size)),
        ("Content-Disposition", f'attachment; filename="{sha256[:12]}.zip"'),
    ]
    return Response(200, headers, b"" if request.method == "HEAD" else package.read_bytes())


def _package(sha256: str) -> Path:
    path = code.package_path(sha256)
    if not path.is_file():
        raise ResourceNotFound("The specified key does not exist.", code="NoSuchKey")
    return path
