"""SQS: queues of our own engine, and queues at other endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from invocations import elsewhere
from invocations.sources.base import QueueSource
from invocations.sources.sqs import embedded
from invocations.sources.sqs.attributes import view_of
from invocations.sources.sqs.foreign import Foreign


class Sqs(QueueSource):
    def at(self, arn: str) -> QueueSource:
        return self if elsewhere.endpoint(arn) is None else _FOREIGN

    def open(self, arn: str) -> embedded.Open:
        return embedded.find(arn)

    def view(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        return view_of(record)

    def ready(self, arns: Iterable[str]) -> set[str]:
        return embedded.ready(arns)


_FOREIGN = Foreign("sqs")
SOURCE = Sqs("sqs")
