"""A request's body as it arrives, with the server's own ways to fail turned into a refusal."""

from __future__ import annotations

from typing import IO

from invocations.errors import Refusal


class MalformedRequest(Refusal):
    """The body cannot be read off the connection: broken chunks, or a sender that is gone."""

    code = "MalformedHttpRequestException"
    fault = ""


class Body:
    """What of a file the wire reads: `read` and `readline`."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def read(self, size: int) -> bytes:
        """Raises MalformedRequest."""
        try:
            return self._source.read(size)
        except Exception as error:  # each server has exceptions of its own
            raise MalformedRequest("The request's body could not be read.") from error

    def readline(self, size: int) -> bytes:
        """Raises MalformedRequest."""
        try:
            return self._source.readline(size)
        except Exception as error:  # each server has exceptions of its own
            raise MalformedRequest("The request's body could not be read.") from error
