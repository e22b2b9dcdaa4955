"""Telemetry at a steady rate, for demonstrations: a producer like anybody's, through boto3 and the endpoint."""

from __future__ import annotations

import json
import math
import random
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.management.base import CommandParser

from invocations import clock
from invocations.arns import Arn, parse_arn
from invocations.management.refusing import HelpfulCommand, Refused

Reading = dict[str, Any]
Send = Callable[[list[Reading]], int]  # how many were refused

_TICK = 0.1  # seconds between two batches at low rates
_BATCHES = {"sqs": 10, "kinesis": 500, "sns": 10, "events": 10}


class Command(HelpfulCommand):
    help = "Send sensor readings at a steady rate to a queue, stream, topic or bus, until they are COUNT or Ctrl-C."
    examples = (
        "produce --to arn:aws:kinesis:us-east-1:000000000000:stream/rides --rate 50",
        "produce --to arn:aws:sqs:us-east-1:000000000000:orders --rate 5 --count 100",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, help="ARN of a queue, stream, topic or event bus")
        parser.add_argument("--rate", type=float, default=10.0, help="readings a second (default: %(default)g)")
        parser.add_argument("--count", type=int, help="stop after so many (default: go on until Ctrl-C)")
        parser.add_argument("--devices", type=int, default=8, help="partition keys or groups (default: %(default)s)")
        parser.add_argument("--seed", type=int, help="for the same readings every time")
        parser.add_argument("--endpoint", help="default: this server's")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        arn = parse_arn(options["to"])
        if arn is None or arn.service not in _BATCHES:
            raise Refused("--to must be the ARN of an SQS queue, a Kinesis stream, an SNS topic or an event bus.")
        readings = _readings(options["devices"], random.Random(options["seed"]))  # noqa: S311 - telemetry, no secret
        try:
            send = _SENDERS[arn.service](_client(arn, options["endpoint"]), arn)
            sent, refused = self._go(send, readings, options["rate"], options["count"], _BATCHES[arn.service])
        except (ClientError, BotoCoreError) as error:
            raise Refused(f"{arn.text} did not take it: {error}") from None
        self.stdout.write(f"{sent} sent{f', {refused} refused' if refused else ''}.")

    def _go(
        self, send: Send, readings: Iterator[Reading], rate: float, count: int | None, at_once: int
    ) -> tuple[int, int]:
        """Send what is due, wait, again. What a slow receiver held up is caught up with."""
        sent = refused = 0
        start = time.monotonic()
        try:
            while count is None or sent < count:
                due = math.floor((time.monotonic() - start) * rate) + 1 - sent
                wanted = min(due, at_once, math.inf if count is None else count - sent)
                if wanted < 1:
                    time.sleep(min(_TICK, 1 / rate))
                    continue
                refused += send([next(readings) for _ in range(int(wanted))])
                sent += int(wanted)
        except KeyboardInterrupt:
            self.stdout.write("")
        return sent, refused


def _check(options: dict[str, Any]) -> None:
    if not 0 < options["rate"] <= 100_000:
        raise Refused("--rate must be more than 0 and at most 100000.")
    if options["count"] is not None and options["count"] < 1:
        raise Refused("--count must be 1 or more.")
    if options["devices"] < 1:
        raise Refused("--devices must be 1 or more.")


def _readings(devices: int, dice: random.Random) -> Iterator[Reading]:
    """Each device's temperature wanders; now and then one is far too hot, for filters and rules to find."""
    heat = {f"device-{number}": 20.0 for number in range(devices)}
    number = 0
    while True:
        number += 1
        device = f"device-{dice.randrange(devices)}"
        heat[device] += dice.uniform(-0.5, 0.5)
        temperature = heat[device] + (60 if dice.random() < 0.01 else 0)
        yield {
            "device": device,
            "number": number,
            "temperature": round(temperature, 2),
            "battery": round(dice.uniform(3.0, 4.2), 2),
            "at": clock.now().isoformat(timespec="milliseconds"),
        }


def _client(arn: Arn, endpoint: str | None) -> Any:
    host = "127.0.0.1" if settings.LAMBDAPLAY_HOST in ("0.0.0.0", "::") else settings.LAMBDAPLAY_HOST  # noqa: S104
    at_home = arn.account == settings.LAMBDAPLAY_ACCOUNT
    return boto3.client(
        arn.service,
        region_name=arn.region,
        endpoint_url=endpoint or f"http://{host}:{settings.LAMBDAPLAY_PORT}",
        # On loopback any account is reached by its number with the secret everybody knows.
        aws_access_key_id=settings.LAMBDAPLAY_ACCESS_KEY_ID if at_home else arn.account,
        aws_secret_access_key=settings.LAMBDAPLAY_SECRET_ACCESS_KEY if at_home else "test",
        config=Config(retries={"total_max_attempts": 3}),
    )


def _to_queue(client: Any, arn: Arn) -> Send:
    url = client.get_queue_url(QueueName=arn.resource, QueueOwnerAWSAccountId=arn.account)["QueueUrl"]
    fifo = arn.resource.endswith(".fifo")

    def send(readings: list[Reading]) -> int:
        entries = [
            {"Id": str(place), "MessageBody": json.dumps(reading), **(_group(reading) if fifo else {})}
            for place, reading in enumerate(readings)
        ]
        return len(client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", []))

    return send


def _to_stream(client: Any, arn: Arn) -> Send:
    def send(readings: list[Reading]) -> int:
        records = [{"Data": json.dumps(reading).encode(), "PartitionKey": reading["device"]} for reading in readings]
        refused: int = client.put_records(StreamARN=arn.text, Records=records)["FailedRecordCount"]
        return refused

    return send


def _to_topic(client: Any, arn: Arn) -> Send:
    fifo = arn.resource.endswith(".fifo")

    def send(readings: list[Reading]) -> int:
        entries = [
            {"Id": str(place), "Message": json.dumps(reading), **(_group(reading) if fifo else {})}
            for place, reading in enumerate(readings)
        ]
        return len(client.publish_batch(TopicArn=arn.text, PublishBatchRequestEntries=entries).get("Failed", []))

    return send


def _to_bus(client: Any, arn: Arn) -> Send:
    bus = arn.resource.removeprefix("event-bus/")

    def send(readings: list[Reading]) -> int:
        entries = [
            {
                "Source": "lambdaplay.produce",
                "DetailType": "reading",
                "Detail": json.dumps(reading),
                "EventBusName": bus,
            }
            for reading in readings
        ]
        refused: int = client.put_events(Entries=entries)["FailedEntryCount"]
        return refused

    return send


def _group(reading: Reading) -> dict[str, str]:
    return {"MessageGroupId": reading["device"], "MessageDeduplicationId": str(uuid.uuid4())}


_SENDERS: dict[str, Callable[[Any, Arn], Send]] = {
    "sqs": _to_queue,
    "kinesis": _to_stream,
    "sns": _to_topic,
    "events": _to_bus,
}
