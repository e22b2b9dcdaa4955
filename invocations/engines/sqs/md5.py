"""The checksums that SDKs compare with their own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

_STRING, _BINARY = b"\x01", b"\x02"

# A message attribute as AWS's JSON has it: DataType and StringValue, or BinaryValue in base64.
Attribute = Mapping[str, str]


def of_body(body: str) -> str:
    return _hex(body.encode())


def of_attributes(attributes: Mapping[str, Attribute]) -> str:
    """MD5 over name, type, kind and value of each attribute by name; lengths are four bytes, big end first."""
    parts = []
    for name in sorted(attributes):
        attribute = attributes[name]
        parts += [_sized(name.encode()), _sized(attribute["DataType"].encode())]
        if "BinaryValue" in attribute:
            parts += [_BINARY, _sized(base64.b64decode(attribute["BinaryValue"]))]
        else:
            parts += [_STRING, _sized(attribute["StringValue"].encode())]
    return _hex(b"".join(parts))


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _hex(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
