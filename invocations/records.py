"""What destinations and dead-letter queues are told about a finished asynchronous invocation.

Formats as recorded from AWS (reference: async, parts 4 and 5). The payloads travel as the bytes they were: they are
spliced into the record and never parsed and written again, so that numbers, key order and spacing stay as they came.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from invocations.decisions.payloads import json_error
from invocations.values import LATEST, Attributes, Condition

ERROR_MESSAGE_BYTES = 1024  # of a dead letter's ErrorMessage attribute

# Conditions that AWS does not know, by the one that it would tell.
_TOLD_AS = {Condition.RUNNER_LOST: Condition.RETRIES_EXHAUSTED}

# What JSON allows inside a string and queues refuse in a message: the two non-characters of the basic plane.
_REFUSED = {"\ufffe".encode(): b"\\ufffe", "\uffff".encode(): b"\\uffff"}
_NOT_IN_ATTRIBUTES = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Response:
    """What the function's last run gave: absent from a record when it never ran."""

    payload: bytes
    executed_version: str
    function_error: bool
    status_code: int = 200


@dataclass(frozen=True)
class Outcome:
    """One finished invocation. `function_arn` is unqualified; `invoke_count` are the attempts made."""

    request_id: str
    function_arn: str
    qualifier: str
    condition: Condition
    invoke_count: int
    request: bytes
    response: Response | None
    at: datetime


def invocation_record(outcome: Outcome) -> bytes:
    """Return the record that a destination gets: compact JSON with AWS's order of keys, UTF-8."""
    head = {
        "version": "1.0",
        "timestamp": timestamp(outcome.at),
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": qualified_arn(outcome.function_arn, outcome.qualifier),
            "condition": _TOLD_AS.get(outcome.condition, outcome.condition).value,
            "approximateInvokeCount": outcome.invoke_count,
        },
    }
    parts = [_compact(head)[:-1], b',"requestPayload":', _spliced(outcome.request)]
    if outcome.response is not None:
        parts += [b',"responseContext":', _compact(_response_context(outcome.response))]
        parts += [b',"responsePayload":', _spliced(outcome.response.payload)]
    return b"".join([*parts, b"}"])


def _response_context(response: Response) -> dict[str, object]:
    found: dict[str, object] = {"statusCode": response.status_code, "executedVersion": response.executed_version}
    return {**found, "functionError": "Unhandled"} if response.function_error else found


def dead_letter(request: bytes) -> bytes:
    """Return the body of a dead letter: the event and nothing else."""
    return _spliced(request)


def dead_letter_attributes(request_id: str, status_code: int, error_message: str) -> Attributes:
    """Return a dead letter's message attributes; a queue takes no empty value, so an empty message is left out."""
    message = cut_text(_NOT_IN_ATTRIBUTES.sub("\ufffd", error_message), ERROR_MESSAGE_BYTES)
    found = {
        "RequestID": {"type": "String", "value": request_id},
        "ErrorCode": {"type": "Number", "value": str(status_code)},
        "ErrorMessage": {"type": "String", "value": message},
    }
    return {name: attribute for name, attribute in found.items() if attribute["value"]}


def event_bridge_entry(record: bytes, bus_arn: str, function_arn: str, succeeded: bool) -> dict[str, object]:
    """Return the PutEvents entry for a record. `function_arn` is qualified. Members as AWS's API names them."""
    return {
        # Recorded as "lambda", though AWS's page says "aws.lambda".
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {'Success' if succeeded else 'Failure'}",
        "Resources": [bus_arn, function_arn],
        "Detail": record.decode(),
        "EventBusName": bus_arn,
    }


def s3_object_key(function: str, at: datetime, key: str) -> str:
    """Return where a record lies in a bucket. One `key` always gives one name, so that a repeat overwrites itself."""
    utc = at.astimezone(UTC)
    unique = uuid.uuid5(uuid.NAMESPACE_OID, key)
    return f"aws/lambda/async/{function}/{utc:%Y/%m/%d}/{utc:%Y-%m-%dT%H.%M.%S}-{unique}"


def qualified_arn(function_arn: str, qualifier: str) -> str:
    """Records always name the qualifier that was invoked, `$LATEST` too."""
    return f"{function_arn}:{qualifier or LATEST}"


def timestamp(moment: datetime) -> str:
    """UTC, milliseconds, Z."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def cut_text(text: str, size: int) -> str:
    """Return the longest beginning that takes at most `size` bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _spliced(payload: bytes) -> bytes:
    """Return the payload as a JSON value; what is none (a custom runtime answers anything) becomes a JSON string."""
    if json_error(payload) is not None:
        return json.dumps(payload.decode("utf-8", "replace")).encode()
    payload = payload.strip(b" \t\r\n")
    for raw, escaped in _REFUSED.items():
        payload = payload.replace(raw, escaped)
    return payload
