"""Kinesis: streams of our own engine, and streams at other endpoints."""

from __future__ import annotations

from invocations import elsewhere
from invocations.sources.base import StreamSource
from invocations.sources.kinesis.embedded import Embedded
from invocations.sources.kinesis.foreign import Foreign


class Kinesis(Embedded):
    def at(self, arn: str) -> StreamSource:
        return self if elsewhere.endpoint(arn) is None else _FOREIGN


_FOREIGN = Foreign("kinesis")
SOURCE = Kinesis("kinesis")
