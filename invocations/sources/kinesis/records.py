"""A stream's records as events and on-failure records have them."""

from __future__ import annotations

import base64
import json
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from json.encoder import encode_basestring
from typing import Any

from invocations.decisions.on_failure import moment_text
from invocations.decisions.record_filters import data_of
from invocations.sources.base import Read
from invocations.values import Place


def read_of(arn: str, shard: str, sequence: str, key: str, data: bytes, arrived: datetime, identity: str) -> Read:
    """`identity` is the ARN of the role that reads."""
    # Put together by hand: a batch has up to ten thousand of them.
    text = (
        f'{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":{encode_basestring(key)},'
        f'"sequenceNumber":"{sequence}","data":"{b2a_base64(data, newline=False).decode()}",'
        f'"approximateArrivalTimestamp":{round(arrived.timestamp(), 3)}}},"eventSource":"aws:kinesis",'
        f'"eventVersion":"1.0","eventID":"{shard}:{sequence}","eventName":"aws:kinesis:record",'
        f'"invokeIdentityArn":{encode_basestring(identity)},"awsRegion":"{arn.split(":")[3]}",'
        f'"eventSourceARN":"{arn}"}}'
    )
    return Read(sequence, text.encode(), lambda: _view(text, data), key, arrived)


def view_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What filters see of a record as a function gets it. Raises ValueError when its data cannot be read."""
    inner = record.get("kinesis")
    if not isinstance(inner, Mapping):
        raise ValueError("it has no kinesis")
    data = base64.b64decode(str(inner.get("data", "")), validate=True)
    return {**record, **inner, "data": _data(data)}


def batch_info(place: Place, shard: str, records: Sequence[Read]) -> tuple[str, dict[str, Any]]:
    return "KinesisBatchInfo", {
        "shardId": shard,
        "startSequenceNumber": records[0].id,
        "endSequenceNumber": records[-1].id,
        "approximateArrivalOfFirstRecord": moment_text(records[0].arrived),
        "approximateArrivalOfLastRecord": moment_text(records[-1].arrived),
        "batchSize": len(records),
        "streamArn": place.arn,
    }


def _view(text: str, data: bytes) -> Mapping[str, Any]:
    record = json.loads(text)
    return {**record, **record["kinesis"], "data": _data(data)}


def _data(data: bytes) -> Any:
    """What filters see of the data: JSON, or nothing that a pattern could fit."""
    try:
        return data_of(data.decode())
    except UnicodeDecodeError:
        return ""
