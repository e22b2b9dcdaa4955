"""CBOR (RFC 8949): the part of it that AWS's SDKs send and read. Pure code.

A moment is tag 1 around whole milliseconds: AWS's JSON services in CBOR count in milliseconds, where the RFC has
seconds. Items of unknown length are read (Jackson writes every map and list so) and never written.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

_DEPTH = 100  # of nested items; deeper ones are refused
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(8)
_UNKNOWN_LENGTH = 31
_BREAK = object()
_SIMPLES: dict[int, Any] = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: struct.Struct(">e"), 26: struct.Struct(">f"), 27: struct.Struct(">d")}
_MOMENT, _POSITIVE_BIG, _NEGATIVE_BIG = 1, 2, 3


class Malformed(ValueError):
    """Not CBOR, or none that a request may hold."""


def encode(value: Any) -> bytes:
    """Write None, booleans, numbers, text, bytes, datetimes, lists and mappings with text keys. Raises TypeError."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _write(out: bytearray, value: Any) -> None:
    if value is None or isinstance(value, bool):
        out.append(_SIMPLE << 5 | {False: 20, True: 21, None: 22}[value])
    elif isinstance(value, int):
        _write_whole(out, value)
    elif isinstance(value, float):
        out += b"\xfb" + _FLOATS[27].pack(value)
    elif isinstance(value, str):
        text = value.encode()
        _head(out, _TEXT, len(text))
        out += text
    elif isinstance(value, bytes):
        _head(out, _BYTES, len(value))
        out += value
    elif isinstance(value, datetime):
        _head(out, _TAG, _MOMENT)
        _write_whole(out, (value - _EPOCH) // _MILLISECOND)
    elif isinstance(value, (list, tuple)):
        _head(out, _LIST, len(value))
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        _head(out, _MAP, len(value))
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        raise TypeError(f"{type(value).__name__} has no place in CBOR")


def _write_whole(out: bytearray, number: int) -> None:
    kind, size = (_UNSIGNED, number) if number >= 0 else (_NEGATIVE, -1 - number)
    if size < 2**64:
        _head(out, kind, size)
        return
    _head(out, _TAG, _POSITIVE_BIG if kind == _UNSIGNED else _NEGATIVE_BIG)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    _head(out, _BYTES, len(digits))
    out += digits


def _head(out: bytearray, kind: int, number: int) -> None:
    if number < 24:
        out.append(kind << 5 | number)
        return
    for more, (bound, width) in enumerate(((2**8, 1), (2**16, 2), (2**32, 4), (2**64, 8))):
        if number < bound:
            out.append(kind << 5 | 24 + more)
            out += number.to_bytes(width, "big")
            return


def decode(body: bytes) -> Any:
    """Read one item that fills the whole body. Raises Malformed."""
    reader = _Reader(body)
    value = reader.item(0)
    if value is _BREAK or reader.place != len(body):
        raise Malformed("one item was expected, and nothing behind it")
    return value


class _Reader:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.place = 0
        self.kinds: dict[int, Callable[[int, int], Any]] = {
            _UNSIGNED: lambda more, depth: self._number(more),
            _NEGATIVE: lambda more, depth: -1 - self._number(more),
            _BYTES: lambda more, depth: self._pieces(_BYTES, more),
            _TEXT: lambda more, depth: self._text(more),
            _LIST: self._list,
            _MAP: self._map,
            _TAG: self._tagged,
            _SIMPLE: lambda more, depth: self._simple(more),
        }

    def item(self, depth: int) -> Any:
        if depth > _DEPTH:
            raise Malformed("nested too deeply")
        head = self._take(1)[0]
        return self.kinds[head >> 5](head & 31, depth + 1)

    def _take(self, count: int) -> bytes:
        piece = self.body[self.place : self.place + count]
        if len(piece) < count:
            raise Malformed("it ends in the middle of an item")
        self.place += count
        return piece

    def _number(self, more: int) -> int:
        if more < 24:
            return more
        if more > 27:
            raise Malformed(f"{more} is no length")
        return int.from_bytes(self._take(1 << (more - 24)), "big")

    def _pieces(self, kind: int, more: int) -> bytes:
        """A string whole, or in pieces until a break."""
        if more != _UNKNOWN_LENGTH:
            return self._take(self._number(more))
        found = bytearray()
        while (head := self._take(1)[0]) != 0xFF:
            if head >> 5 != kind or head & 31 == _UNKNOWN_LENGTH:
                raise Malformed("a string in pieces holds something else")
            found += self._take(self._number(head & 31))
        return bytes(found)

    def _text(self, more: int) -> str:
        try:
            return self._pieces(_TEXT, more).decode()
        except UnicodeDecodeError:
            raise Malformed("text that is not UTF-8") from None

    def _list(self, more: int, depth: int) -> list[Any]:
        found: list[Any] = []
        left = math.inf if more == _UNKNOWN_LENGTH else self._number(more)
        while len(found) < left:
            value = self.item(depth)
            if value is _BREAK:
                if left != math.inf:
                    raise Malformed("a break where none belongs")
                break
            found.append(value)
        return found

    def _map(self, more: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        left = math.inf if more == _UNKNOWN_LENGTH else self._number(more)
        while left > 0:
            key = self.item(depth)
            if key is _BREAK and left == math.inf:
                break
            if not isinstance(key, str):
                raise Malformed("a key that is not text")
            found[key] = self._inner(depth)
            left -= 1
        return found

    def _inner(self, depth: int) -> Any:
        value = self.item(depth)
        if value is _BREAK:
            raise Malformed("a break where none belongs")
        return value

    def _tagged(self, more: int, depth: int) -> Any:
        tag, value = self._number(more), self._inner(depth)
        if tag == _MOMENT:
            return _moment(value)
        if tag in (_POSITIVE_BIG, _NEGATIVE_BIG) and isinstance(value, bytes) and len(value) <= 64:
            number = int.from_bytes(value, "big")
            return number if tag == _POSITIVE_BIG else -1 - number
        return value  # what other tags add to a value, no shape of AWS's asks for

    def _simple(self, more: int) -> Any:
        if more == _UNKNOWN_LENGTH:
            return _BREAK
        if more in _FLOATS:
            (number,) = _FLOATS[more].unpack(self._take(_FLOATS[more].size))
            return number
        if more not in _SIMPLES:
            raise Malformed(f"{more} is no simple value")
        return _SIMPLES[more]


def _moment(value: Any) -> datetime:
    """Milliseconds since 1970 as a moment."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Malformed("a moment that is not a number")
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except (OverflowError, ValueError):
        raise Malformed("a moment out of range") from None
