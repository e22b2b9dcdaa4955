"""A chunked HTTP body taken apart while it arrives, its trailers included. Pure: bytes in, bytes out.

Source of the framing: RFC 9112, section 7.1.
"""

from __future__ import annotations

from collections.abc import Mapping

_LINE_MAX = 1024 * 1024 + 64 * 1024  # a trailer carries an error object in base64, with its stack


class BrokenChunks(Exception):
    """The framing is not what the standard says."""


class Chunks:
    """Feed what was received, take what it carries. `trailers` have lower-case names and are complete when `ended`."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._left = 0  # of the chunk under way, its closing line end included
        self._last = False  # the chunk of size zero was seen: only trailers follow
        self._trailers: dict[bytes, bytes] = {}
        self.ended = False

    @property
    def trailers(self) -> Mapping[bytes, bytes]:
        return self._trailers

    def feed(self, data: bytes) -> bytes:
        """Return the part of the body that is complete now, perhaps none. Raises BrokenChunks."""
        self._data += data
        found = bytearray()
        while not self.ended and self._step(found):
            pass
        return bytes(found)

    def _step(self, found: bytearray) -> bool:
        """Take one thing from what is there; False when more must come first."""
        if self._left > 2:
            return self._take_payload(found)
        if self._left:
            return self._take_chunk_end()
        line = self._take_line()
        if line is None:
            return False
        if self._last:
            self._take_trailer(line)
        else:
            self._begin_chunk(line)
        return True

    def _take_payload(self, found: bytearray) -> bool:
        part = self._data[: self._left - 2]
        del self._data[: len(part)]
        found += part
        self._left -= len(part)
        return bool(part)

    def _take_chunk_end(self) -> bool:
        if len(self._data) < 2:
            return False
        if self._data[:2] != b"\r\n":
            raise BrokenChunks("A chunk does not end where its size says.")
        del self._data[:2]
        self._left = 0
        return True

    def _take_line(self) -> bytes | None:
        end = self._data.find(b"\r\n")
        if end < 0:
            if len(self._data) > _LINE_MAX:
                raise BrokenChunks("A line has no end.")
            return None
        line = bytes(self._data[:end])
        del self._data[: end + 2]
        return line

    def _begin_chunk(self, line: bytes) -> None:
        text = line.partition(b";")[0].strip()
        if not text or len(text) > 15 or not all(character in b"0123456789abcdefABCDEF" for character in text):
            raise BrokenChunks("A chunk has no size.")
        size = int(text, 16)
        self._last = size == 0
        self._left = size + 2 if size else 0

    def _take_trailer(self, line: bytes) -> None:
        if not line:
            self.ended = True
            return
        name, colon, value = line.partition(b":")
        if not colon:
            raise BrokenChunks("A trailer has no name.")
        self._trailers[name.strip().lower()] = value.strip()
