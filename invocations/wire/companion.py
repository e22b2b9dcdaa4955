"""Services that are not our subject: after our own verification their requests go to the companion, unchanged.

The companion is moto behind a private socket, another emulator by URL, or nothing (LAMBDAPLAY_COMPANION).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from django.conf import settings

from invocations.errors import Refusal, RequestEntityTooLarge, SignatureRefused, UnsupportedOption
from invocations.limits import MIB
from invocations.values import Caller
from invocations.wire import chunked, proxy, sigv4
from invocations.wire.buckets import asked as operations
from invocations.wire.buckets import forms, neighbour, notification, tap
from invocations.wire.credentials import Identity
from invocations.wire.http import Request, Response
from invocations.wire.plan import Plan

# What the embedded companion answers well enough to be offered. (DynamoDB's streams are signed as `dynamodb`.)
EMBEDDED = frozenset(("s3", "dynamodb", "iam", "ssm", "secretsmanager", "kms"))
# Services that will be engines of our own: never the companion's, so that nobody builds on what will be replaced.
OWN_LATER = frozenset(("sqs", "sns", "events", "kinesis", "logs", "scheduler", "sts", "lambda"))
BODY_BYTES = 20 * MIB  # DynamoDB takes 16 MiB
OBJECT_BYTES = 5 * 1024 * MIB  # S3's limit for one PUT
_IN_MEMORY = MIB
_CHECKSUM = "x-amz-checksum-"


def plan(request: Request, service: str) -> Plan:
    """Forward a request that is not S3's. Unknown services are refused by name, once the signature is proven."""

    def run(caller: Caller, body: bytes, request_id: str) -> Response:
        return forward(request, service, caller, body)

    return Plan(BODY_BYTES, "requested", run)


def forward(request: Request, service: str, caller: Caller, body: bytes) -> Response:
    """The companion's answer to a verified request. Raises UnsupportedOption, UnusablePart."""
    _refuse_unoffered(service)
    return proxy.forward(request, proxy.headers(request, caller.scope.account), body, len(body))


def _refuse_unoffered(service: str) -> None:
    companion = settings.LAMBDAPLAY_COMPANION
    if service in OWN_LATER or (companion == "moto" and service not in EMBEDDED):
        raise UnsupportedOption(f"lambdaplay does not offer the service '{service[:64]}'.")
    if companion == "none":
        raise UnsupportedOption(f"The service '{service[:64]}' needs a companion, and LAMBDAPLAY_COMPANION is 'none'.")


def s3(request: Request, claim: sigv4.Signature, signed: sigv4.Signed, identity: Identity) -> Response:
    """Verify an S3 request signed with version 4, take the framing off its body and forward it."""
    stated = request.header("x-amz-content-sha256")
    if stated is None:
        if not claim.presigned:
            raise Refusal("Missing required header for this request: x-amz-content-sha256", code="InvalidRequest")
        stated = sigv4.UNSIGNED
    sigv4.verify(claim, signed, stated, identity.secret)
    identity.used(claim.service, claim.region)
    _refuse_unoffered("s3")
    if stated in chunked.KINDS:
        return _framed(request, claim, identity, stated)
    if stated.startswith("STREAMING-"):
        raise Refusal(f"lambdaplay does not offer the payload form {stated[:64]}.", code="NotImplemented")
    return _whole(request, identity, stated)


def s3_plain(request: Request, identity: Identity) -> Response:
    """Forward an S3 request whose (older) signature does not cover the body."""
    _refuse_unoffered("s3")
    return _whole(request, identity, sigv4.UNSIGNED)


def s3_form(request: Request) -> Response:
    """Store what a browser's form uploads. Its policy's signature is verified before the file is read."""
    _refuse_unoffered("s3")
    asked = operations.read(request)
    with _spool() as file:
        pieces = request.pieces()
        size = _take(pieces, file, 0, forms.HEAD_BYTES)
        file.seek(0)
        form = forms.read(file.read(forms.HEAD_BYTES), request.header("content-type") or "")
        identity = forms.verify(form)
        size = _take(pieces, file, size, OBJECT_BYTES)
        length = forms.size_of(form, file, size)
        forms.check(form, asked.bucket, length)
        file.seek(form.start)
        stored = neighbour.put(identity, asked.bucket, form.key, form.headers(), _read(file, length), length)
        if stored.status >= 300:
            return stored
        answer = forms.answer(form, asked.bucket, stored, settings.LAMBDAPLAY_URL)
        carried = tap.Carried(replace(asked, key=form.key), identity, file, length)
        return tap.listen(request, carried, answer)


def _take(pieces: Iterator[bytes], file: IO[bytes], size: int, enough: int) -> int:
    """Write pieces to the end of the file until it is that large; return how large it is."""
    file.seek(size)
    for piece in pieces:
        size += len(piece)
        _refuse_oversize(size)
        file.write(piece)
        if size >= enough:
            break
    return size


def _whole(request: Request, identity: Identity, stated: str) -> Response:
    with _spool() as file:
        digest = hashlib.sha256()
        size = 0
        for piece in request.pieces():
            size += len(piece)
            _refuse_oversize(size)
            digest.update(piece)
            file.write(piece)
        if stated not in (sigv4.UNSIGNED, digest.hexdigest()):
            raise Refusal(
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                code="XAmzContentSHA256Mismatch",
            )
        return _send(request, identity, file, size, {})


def _framed(request: Request, claim: sigv4.Signature, identity: Identity, kind: str) -> Response:
    length = request.header("x-amz-decoded-content-length")
    if length is not None and not (length.isascii() and length.isdigit() and len(length) <= 16):
        raise SignatureRefused(sigv4.MISMATCH)
    _refuse_oversize(int(length or 0))
    key = sigv4.signing_key(identity.secret, claim.date, claim.region, claim.service)
    seals = chunked.Seals(key, claim.timestamp, claim.scope, claim.signature)
    with _spool() as file:
        trailers = chunked.unframe(request.stream, file, kind, seals, None if length is None else int(length))
        return _send(request, identity, file, file.tell(), trailers)


def _send(request: Request, identity: Identity, file: IO[bytes], size: int, trailers: dict[str, str]) -> Response:
    file.seek(0)
    asked = operations.read(request)
    if asked.operation in operations.NOTIFICATIONS:
        if size > MIB:
            raise RequestEntityTooLarge("Your request was too big.")
        return notification.answer(request, asked, identity, file.read())
    headers = proxy.headers(request, identity.account)
    if request.header("x-amz-content-sha256") in chunked.KINDS:
        _unframed(headers)
    # Only what trailers are for: nothing that a client appends may say for which account or host this is.
    headers.update({name: value for name, value in trailers.items() if name.startswith(_CHECKSUM)})
    answer = proxy.forward(request, headers, _read(file), size)
    return tap.listen(request, tap.Carried(asked, identity, file, size), answer)


def _read(file: IO[bytes], length: int = OBJECT_BYTES) -> Iterator[bytes]:
    """The file's next `length` bytes."""
    while length > 0 and (piece := file.read(min(_IN_MEMORY, length))):
        length -= len(piece)
        yield piece


def _unframed(headers: dict[str, str]) -> None:
    """What spoke of the frames must not reach the companion."""
    for name in ("x-amz-decoded-content-length", "x-amz-trailer"):
        headers.pop(name, None)
    headers["x-amz-content-sha256"] = sigv4.UNSIGNED
    encodings = [e.strip() for e in headers.pop("content-encoding", "").split(",")]
    kept = [e for e in encodings if e and e != "aws-chunked"]
    if kept:
        headers["content-encoding"] = ",".join(kept)


def _refuse_oversize(size: int) -> None:
    if size > OBJECT_BYTES:
        raise RequestEntityTooLarge("Your proposed upload exceeds the maximum allowed size")


def _spool() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(settings.LAMBDAPLAY_HOME.run))
