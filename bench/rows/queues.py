"""The embedded SQS as a boto3 consumer meets it, against moto's server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config

from bench.goals import Figure, Result
from bench.rounds import interleaved, medians, ratio
from bench.workshop import Workshop
from tests.house import free_port

CONSUMED = Figure("sqs", "SQS through boto3, receive 10 + delete batch: times faster than moto", "x", 5, 10, True)
FIGURES = [CONSUMED]

_BATCH = 10
_MESSAGES = 500
_BODY = "x" * 1000


def measure(shop: Workshop) -> Iterator[Result]:
    port = free_port()
    shop.spawn([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)])
    moto = f"http://127.0.0.1:{port}"
    shop.await_answer(f"{moto}/moto-api/data.json")
    ours, theirs = Queue(shop.house.url), Queue(moto)
    values = interleaved({"lambdaplay": ours.consumed, "moto": theirs.consumed}, shop.rounds)
    yield Result(CONSUMED, ratio(values, "lambdaplay", "moto"), shop.rounds, medians(values))


class Queue:
    """A standard queue behind a boto3 client of its own."""

    def __init__(self, url: str) -> None:
        self._client: Any = boto3.client(
            "sqs",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self._url = self._client.create_queue(QueueName="bench")["QueueUrl"]

    def consumed(self) -> float:
        """Fill the queue, then empty it batch by batch; return messages a second of the emptying."""
        for _ in range(_MESSAGES // _BATCH):
            entries = [{"Id": str(number), "MessageBody": _BODY} for number in range(_BATCH)]
            self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        left = _MESSAGES
        began = time.perf_counter()
        while left:
            messages = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=_BATCH)["Messages"]
            entries = [{"Id": one["MessageId"], "ReceiptHandle": one["ReceiptHandle"]} for one in messages]
            answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            left -= len(answer["Successful"])
        return _MESSAGES / (time.perf_counter() - began)
