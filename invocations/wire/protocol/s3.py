"""How S3 words our refusals."""

from __future__ import annotations

from invocations.errors import Refusal
from invocations.wire.http import Response
from invocations.wire.protocol.xml import escape
from invocations.wire.sigv4 import LinkExpired, NotCovered, OutOfTime

NAME = "s3"

_NAMES = {
    "UnrecognizedClientException": ("InvalidAccessKeyId", 403),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "MissingAuthenticationTokenException": ("AccessDenied", 403),
    "IncompleteSignatureException": ("AuthorizationHeaderMalformed", 400),
    "ExpiredTokenException": ("ExpiredToken", 400),
    "AccessDeniedException": ("AccessDenied", 403),
    "InvalidParameterValueException": ("NotImplemented", 501),
    "RequestEntityTooLargeException": ("EntityTooLarge", 400),
    "ServiceException": ("InternalError", 500),
    "ServiceUnavailableException": ("ServiceUnavailable", 503),
}
_TEXTS = {
    "InvalidAccessKeyId": "The AWS Access Key Id you provided does not exist in our records.",
    "SignatureDoesNotMatch": (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    ),
}


def error(refusal: Refusal, request_id: str) -> Response:
    code, status = _NAMES.get(refusal.code, (refusal.code, refusal.status))
    message = _TEXTS.get(code, refusal.message)
    if isinstance(refusal, OutOfTime):
        code = "RequestTimeTooSkewed"
        message = "The difference between the request time and the current time is too large."
    elif isinstance(refusal, LinkExpired):
        code, message = "AccessDenied", "Request has expired"
    elif isinstance(refusal, NotCovered):
        code, message = "AccessDenied", refusal.message
    extra = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in refusal.extra.items())
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>{extra}"
        f"<RequestId>{request_id}</RequestId></Error>"
    )
    body = text.encode("utf-8", "replace")
    headers = [("x-amz-request-id", request_id), ("Content-Type", "application/xml")]
    return Response(status, [*headers, ("Content-Length", str(len(body)))], body)
