"""What an on-failure destination is told of records that were given up. Pure; the form was recorded from AWS.

Queues and topics get where the records lie, not the records: who wants them reads them from the stream while it still
has them. A bucket gets the records too, and a topic each record by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Called:
    """How the last call ended; `function_error` None when only the answer said that records failed."""

    executed_version: str
    function_error: str | None
    status_code: int = 200


@dataclass(frozen=True)
class GivenUp:
    """Records that a mapping gave up. `info`: the key and the document that name them (see sources/base.py)."""

    request_id: str
    function_arn: str  # as the mapping has it
    condition: str
    calls: int
    called: Called | None  # None: their age ended them, not a call
    info: tuple[str, Mapping[str, Any]]
    at: datetime


def record(given_up: GivenUp, payload: bytes | None = None) -> bytes:
    """The document as JSON; `payload` is the event's text, for a bucket or a topic."""
    key, info = given_up.info
    found: dict[str, Any] = {
        "requestContext": {
            "requestId": given_up.request_id,
            "functionArn": given_up.function_arn,
            "condition": given_up.condition,
            "approximateInvokeCount": given_up.calls,
        }
    }
    if given_up.called is not None:
        found["responseContext"] = {
            "statusCode": given_up.called.status_code,
            "executedVersion": given_up.called.executed_version,
            "functionError": given_up.called.function_error,
        }
    found |= {"version": "1.0", "timestamp": moment_text(given_up.at), key: dict(info)}
    text = json.dumps(found, separators=(",", ":")).encode()
    if payload is None:
        return text
    return text[:-1] + b',"payload":' + payload + b"}"


def object_key(uuid: str, shard: str, at: datetime, unique: str) -> str:
    """Where a bucket keeps the document."""
    moment = at.astimezone(UTC)
    return f"aws/lambda/{uuid}/{shard}/{moment:%Y/%m/%d}/{moment:%Y-%m-%dT%H.%M.%S}-{unique}"


def moment_text(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"
