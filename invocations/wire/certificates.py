"""The certificate that topics' signatures are verified with, for everybody."""

from __future__ import annotations

from invocations.engines.sns import signing
from invocations.engines.sns.envelopes import CERTIFICATE_PATH
from invocations.wire.http import Request, Response


def answer(request: Request) -> Response | None:
    """Serve the certificate; None for other pages below `/_lambdaplay/`."""
    if not request.path.startswith(CERTIFICATE_PATH) or request.method not in ("GET", "HEAD"):
        return None
    if request.path != f"{CERTIFICATE_PATH}{signing.certificate_name()}":
        return _text(404, b"There is no such certificate.\n")
    return Response(
        200,
        [("Content-Type", "application/x-pem-file"), ("Content-Length", str(len(signing.certificate())))],
        b"" if request.method == "HEAD" else signing.certificate(),
    )


def _text(status: int, body: bytes) -> Response:
    return Response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))], body)
