"""From a message of Kafka to AWS's record."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any, cast

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, Message

from invocations import clock
from invocations.sources.base import Read, json_text
from invocations.sources.kafka import plain

_TYPES = {TIMESTAMP_CREATE_TIME: "CREATE_TIME", TIMESTAMP_LOG_APPEND_TIME: "LOG_APPEND_TIME"}


def read_of(topic: str, message: Message) -> Read:
    """Key and value in base64, left out where there is none; header values as Java's bytes, which have a sign."""
    kind, milliseconds = message.timestamp()
    record: dict[str, Any] = {
        "topic": topic,
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": milliseconds,
        "timestampType": _TYPES.get(kind, "NO_TIMESTAMP_TYPE"),
    }
    key, value = message.key(), message.value()
    for name, data in (("key", key), ("value", value)):
        if data is not None:
            record[name] = base64.b64encode(_bytes(data)).decode()
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    record["headers"] = [{name: _signed(data)} for name, data in headers]
    arrived = datetime.fromtimestamp(milliseconds / 1000, UTC) if kind in _TYPES else clock.real()
    return Read(
        id=str(message.offset()),
        text=json_text(record),
        view=lambda: record if value is None else {**record, "value": plain(_bytes(value))},
        key="" if key is None else record["key"],
        arrived=arrived,
    )


def _bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _signed(data: str | bytes | None) -> list[int]:
    return [byte - 256 if byte > 127 else byte for byte in _bytes(data or b"")]
