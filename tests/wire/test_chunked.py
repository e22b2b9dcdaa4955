"""aws-chunked bodies: frames come off, signatures of chunks and trailers are proven, checksums compared."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.errors import SignatureRefused
from invocations.wire import chunked
from invocations.wire.body import Body

KEY = b"signing key"
TIME, SCOPE, SEED = "20260131T120000Z", "20260131/us-east-1/s3/aws4_request", "a" * 64
EMPTY = hashlib.sha256(b"").hexdigest()


def seals() -> chunked.Seals:
    return chunked.Seals(KEY, TIME, SCOPE, SEED)


def frame(
    pieces: list[bytes],
    trailers: dict[str, str] | None = None,
    *,
    signed: bool = True,
    by: chunked.Seals | None = None,
) -> bytes:
    """What a client sends, written from S3's description."""
    by = by or seals()
    previous, out = by.previous, []
    for piece in [*pieces, b""]:
        digest = hashlib.sha256(piece).hexdigest()
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{by.timestamp}\n{by.scope}\n{previous}\n{EMPTY}\n{digest}"
        previous = hmac.new(by.key, text.encode(), "sha256").hexdigest()
        extension = f";chunk-signature={previous}" if signed else ""
        out.append(f"{len(piece):x}{extension}\r\n".encode() + piece + (b"\r\n" if piece else b""))
    lines = "".join(f"{name}:{value}\n" for name, value in (trailers or {}).items())
    out.append(lines.replace("\n", "\r\n").encode())
    if trailers and signed:
        digest = hashlib.sha256(lines.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256-TRAILER\n{by.timestamp}\n{by.scope}\n{previous}\n{digest}"
        out.append(f"x-amz-trailer-signature:{hmac.new(by.key, text.encode(), 'sha256').hexdigest()}\r\n".encode())
    return b"".join(out) + b"\r\n"


def crc(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def unframe(body: bytes, kind: str, length: int | None = None) -> tuple[bytes, dict[str, str]]:
    file = io.BytesIO()
    trailers = chunked.unframe(Body(io.BytesIO(body)), file, kind, seals(), length)
    return file.getvalue(), trailers


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=5))
def test_signed_chunks_become_the_payload_again(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert unframe(frame(pieces), chunked.SIGNED, len(data)) == (data, {})
    trailers = {"x-amz-checksum-crc32": crc(data)}
    assert unframe(frame(pieces, trailers), chunked.SIGNED_TRAILER, len(data)) == (data, trailers)
    assert unframe(frame(pieces, trailers, signed=False), chunked.UNSIGNED_TRAILER) == (data, trailers)


@pytest.mark.parametrize("place", range(4))
def test_a_changed_chunk_trailer_or_signature_is_refused(place: int) -> None:
    body = frame([b"hello", b"world"], {"x-amz-meta-odd": "1"})
    old, new = [(b"hello", b"hellx"), (b"world", b"worlx"), (b"odd:1", b"odd:2"), (b"trailer-signature:", b"x:")][place]
    with pytest.raises(SignatureRefused):
        unframe(body.replace(old, new), chunked.SIGNED_TRAILER)


def test_chunks_in_another_order_are_refused() -> None:
    with pytest.raises(SignatureRefused):
        unframe(frame([b"a", b"b"]).replace(b"\r\na\r\n", b"\r\nc\r\n"), chunked.SIGNED)


@pytest.mark.parametrize("name", ["crc32", "sha1", "sha256"])
def test_a_wrong_checksum_is_a_bad_digest(name: str) -> None:
    with pytest.raises(chunked.BadBody) as refused:
        unframe(frame([b"hi"], {f"x-amz-checksum-{name}": "AAAA"}, signed=False), chunked.UNSIGNED_TRAILER)
    assert refused.value.code == "BadDigest"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5\r\nhello",
        b"5\r\nhelloworld\r\n0\r\n\r\n",
        b"x\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5",
        b"f" * 13 + b"\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nx-amz-checksum-crc32: a\rb\r\n\r\n",
        b"0\r\nx_y: a\r\n\r\n",
        b"0\r\n" + b"a:b\r\n" * 40,
    ],
)
def test_broken_frames_are_refused(body: bytes) -> None:
    with pytest.raises(chunked.BadBody):
        unframe(body, chunked.UNSIGNED_TRAILER)


def test_another_length_than_stated_is_refused() -> None:
    with pytest.raises(chunked.BadBody):
        unframe(frame([b"hello"], signed=False), chunked.UNSIGNED_TRAILER, 6)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for kind in chunked.KINDS:
        try:
            unframe(body, kind)
        except (chunked.BadBody, SignatureRefused) as refused:
            assert refused.status < 500
