"""application/vnd.amazon.eventstream: messages with headers and a payload, framed and checksummed.

Source of the layout: AWS's event stream encoding; the reference, invoke, section 9. botocore reads it and does not
write it; the tests read ours with botocore.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_STRING = 7
_FRAME_BYTES = 16  # total length, length of the headers, checksum of these two; at the end, checksum of it all


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message; all header values are strings."""
    return _framed(b"".join(_header(name, value) for name, value in headers.items()), payload)


def event(kind: str, content_type: str, payload: bytes) -> bytes:
    """One event of a modelled stream."""
    return _framed(_event_headers(kind, content_type), payload)


@lru_cache(64)
def _event_headers(kind: str, content_type: str) -> bytes:
    headers = {":event-type": kind, ":content-type": content_type, ":message-type": "event"}
    return b"".join(_header(name, value) for name, value in headers.items())


def _header(name: str, value: str) -> bytes:
    encoded, text = name.encode(), value.encode()
    return struct.pack("!B", len(encoded)) + encoded + struct.pack("!BH", _STRING, len(text)) + text


def _framed(headers: bytes, payload: bytes) -> bytes:
    lengths = struct.pack("!II", _FRAME_BYTES + len(headers) + len(payload), len(headers))
    head = lengths + struct.pack("!I", zlib.crc32(lengths)) + headers
    checksum = zlib.crc32(payload, zlib.crc32(head))
    return b"".join((head, payload, struct.pack("!I", checksum)))
