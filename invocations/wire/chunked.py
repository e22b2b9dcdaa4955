"""S3's aws-chunked bodies: signatures of chunks and trailers are verified, the framing is taken off.

Source: Amazon S3, "Signature calculations for the authorization header: transferring a payload in multiple chunks",
and the page on trailing headers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from invocations.errors import Refusal, SignatureRefused
from invocations.wire.body import Body
from invocations.wire.sigv4 import MISMATCH, seal

UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
KINDS = (UNSIGNED_TRAILER, SIGNED, SIGNED_TRAILER)

_PIECE = 64 * 1024
_LINE = 8 * 1024
_TRAILERS = 16
_EMPTY = hashlib.sha256(b"").hexdigest()
_TRAILER = re.compile(r"[A-Za-z0-9-]{1,128}")
_SEAL_NAME = "x-amz-trailer-signature"


class BadBody(Refusal):
    """The framing is broken or a checksum differs; `code` is S3's."""

    code = "IncompleteBody"


@dataclass
class Seals:
    """The chain of signatures: each covers the one before."""

    key: bytes
    timestamp: str
    scope: str
    previous: str

    def check(self, kind: str, middle: str, digest: str, claimed: str) -> None:
        head = f"AWS4-HMAC-SHA256-{kind}\n{self.timestamp}\n{self.scope}\n{self.previous}\n"
        ours = seal(self.key, f"{head}{middle}{digest}")
        if not hmac.compare_digest(ours.encode(), claimed.encode("latin-1", "replace")):
            raise SignatureRefused(MISMATCH)
        self.previous = ours


def unframe(stream: Body, into: IO[bytes], kind: str, seals: Seals, length: int | None) -> dict[str, str]:
    """Copy the payload without its frames and return the trailers.

    Raises SignatureRefused for a wrong chunk or trailer signature, BadBody for broken framing, a length that is not
    `length` (the stated decoded one) and a checksum trailer that differs.
    """
    sums = _Sums()
    total = 0
    while True:
        size, claimed = _frame_head(stream)
        digest = hashlib.sha256()
        for piece in _exactly(stream, size):
            digest.update(piece)
            sums.update(piece)
            into.write(piece)
        total += size
        if kind != UNSIGNED_TRAILER:
            seals.check("PAYLOAD", f"{_EMPTY}\n", digest.hexdigest(), claimed)
        if size == 0:
            break
        if stream.read(2) != b"\r\n":
            raise BadBody("A chunk does not end where its size says.")
    if length is not None and total != length:
        raise BadBody("The request body terminated unexpectedly")
    trailers = _trailers(stream)
    if kind == SIGNED_TRAILER:
        claimed = trailers.pop(_SEAL_NAME, "")
        text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
        seals.check("TRAILER", "", hashlib.sha256(text.encode("latin-1")).hexdigest(), claimed)
    sums.check(trailers)
    return trailers


def _frame_head(stream: Body) -> tuple[int, str]:
    line = stream.readline(_LINE)
    size, _, extension = line.rstrip(b"\r\n").partition(b";")
    if not line.endswith(b"\r\n") or not 1 <= len(size) <= 12 or not all(c in b"0123456789abcdefABCDEF" for c in size):
        raise BadBody("The request body terminated unexpectedly")
    return int(size, 16), extension.partition(b"chunk-signature=")[2].decode("latin-1").strip()


def _exactly(stream: Body, size: int) -> Iterator[bytes]:
    while size:
        piece = stream.read(min(size, _PIECE))
        if not piece:
            raise BadBody("The request body terminated unexpectedly")
        size -= len(piece)
        yield piece


def _trailers(stream: Body) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(_TRAILERS):
        line = stream.readline(_LINE).strip()
        if not line:
            return found
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not _TRAILER.fullmatch(name.strip()) or not value.strip().isprintable():
            raise BadBody("The request contained trailing data that was not well-formed.", code="MalformedTrailerError")
        found[name.strip().lower()] = value.strip()
    raise BadBody("The request contained too many trailing headers.", code="MalformedTrailerError")


class _Sums:
    """The checksums that Python's own library computes fast; CRC32C and CRC64NVME are the companion's to judge."""

    def __init__(self) -> None:
        self._crc = 0
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def update(self, piece: bytes) -> None:
        self._crc = zlib.crc32(piece, self._crc)
        self._sha1.update(piece)
        self._sha256.update(piece)

    def check(self, trailers: dict[str, str]) -> None:
        ours = {
            "crc32": self._crc.to_bytes(4, "big"),
            "sha1": self._sha1.digest(),
            "sha256": self._sha256.digest(),
        }
        for name, digest in ours.items():
            stated = trailers.get(f"x-amz-checksum-{name}")
            if stated is not None and stated != base64.b64encode(digest).decode():
                text = f"The {name.upper()} you specified did not match the calculated checksum."
                raise BadBody(text, code="BadDigest")
