"""What destinations and dead-letter queues are told, byte by byte as AWS was recorded to say it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from invocations.records import (
    Outcome,
    Response,
    cut_text,
    dead_letter,
    dead_letter_attributes,
    event_bridge_entry,
    invocation_record,
    s3_object_key,
)
from invocations.values import Condition

ARN = "arn:aws:lambda:us-east-1:111122223333:function:my-fn"
BUS = "arn:aws:events:us-east-1:111122223333:event-bus/bus"
AT = datetime(2026, 1, 31, 12, 34, 56, 789_999, tzinfo=UTC)
REQUEST_ID = "5c8f6a3e-5d0a-4a39-8f2a-0d5b1d1c7a11"
ERROR = b'{"errorMessage":"boom","errorType":"Exception","requestId":"r","stackTrace":["x"]}'

EXHAUSTED = Outcome(
    request_id=REQUEST_ID,
    function_arn=ARN,
    qualifier="",
    condition=Condition.RETRIES_EXHAUSTED,
    invoke_count=3,
    request=b'{"a":1}',
    response=Response(ERROR, "$LATEST", function_error=True),
    at=AT,
)


def record(outcome: Outcome) -> str:
    return invocation_record(outcome).decode()


def test_a_failure_reads_as_recorded() -> None:
    assert record(EXHAUSTED) == (
        '{"version":"1.0","timestamp":"2026-01-31T12:34:56.789Z",'
        f'"requestContext":{{"requestId":"{REQUEST_ID}",'
        '"functionArn":"arn:aws:lambda:us-east-1:111122223333:function:my-fn:$LATEST",'
        '"condition":"RetriesExhausted","approximateInvokeCount":3},'
        '"requestPayload":{"a":1},'
        '"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},'
        '"responsePayload":{"errorMessage":"boom","errorType":"Exception","requestId":"r","stackTrace":["x"]}}'
    )


def test_a_success_has_no_function_error_and_a_null_result_is_null() -> None:
    success = replace(
        EXHAUSTED,
        condition=Condition.SUCCESS,
        invoke_count=1,
        qualifier="live",
        response=Response(b"null", "7", function_error=False),
    )
    assert record(success).endswith(
        '"condition":"Success","approximateInvokeCount":1},"requestPayload":{"a":1},'
        '"responseContext":{"statusCode":200,"executedVersion":"7"},"responsePayload":null}'
    )
    assert '"functionArn":"arn:aws:lambda:us-east-1:111122223333:function:my-fn:live"' in record(success)


def test_a_function_that_never_ran_has_no_response() -> None:
    never = replace(EXHAUSTED, condition=Condition.ZERO_RESERVED_CONCURRENCY, invoke_count=0, response=None)
    assert record(never).endswith(
        '"condition":"ZeroReservedConcurrency","approximateInvokeCount":0},"requestPayload":{"a":1}}'
    )


@pytest.mark.parametrize(
    ("condition", "told"),
    [(one, one.value) for one in Condition if one not in (Condition.RUNNER_LOST, Condition.CANCELLED)]
    + [(Condition.RUNNER_LOST, "RetriesExhausted")],
)
def test_conditions_are_told_in_awss_words(condition: Condition, told: str) -> None:
    found = json.loads(invocation_record(replace(EXHAUSTED, condition=condition)))
    assert found["requestContext"]["condition"] == told


@pytest.mark.parametrize(
    "payload",
    [
        b'{"big":12345678901234567890123456789.0010, "b" : [1,  2],"a":1,"a":2}',
        '"größe \U0001f600 \\u0000"'.encode(),
        b"0",
        b"1e999",
        b"[]",
    ],
)
def test_payloads_travel_as_they_came(payload: bytes) -> None:
    outcome = replace(EXHAUSTED, request=payload, response=Response(payload, "1", function_error=False))
    found = invocation_record(outcome)
    assert b'"requestPayload":' + payload + b',"responseContext"' in found
    assert found.endswith(b'"responsePayload":' + payload + b"}")
    assert dead_letter(payload) == payload


def test_what_is_not_json_becomes_a_string() -> None:
    outcome = replace(EXHAUSTED, response=Response(b"plain \xff NaN", "1", function_error=False))
    assert json.loads(invocation_record(outcome))["responsePayload"] == "plain \ufffd NaN"


def test_characters_that_queues_refuse_are_escaped_and_mean_the_same() -> None:
    body = dead_letter('"a\ufffe\uffffb"'.encode())
    assert body == b'"a\\ufffe\\uffffb"'
    assert json.loads(body) == "a\ufffe\uffffb"


def test_a_dead_letter_has_three_attributes_and_the_code_is_a_number() -> None:
    assert dead_letter_attributes(REQUEST_ID, 200, "boom") == {
        "RequestID": {"type": "String", "value": REQUEST_ID},
        "ErrorCode": {"type": "Number", "value": "200"},
        "ErrorMessage": {"type": "String", "value": "boom"},
    }
    assert dead_letter_attributes(REQUEST_ID, 429, "Rate Exceeded.")["ErrorCode"]["value"] == "429"


def test_an_error_message_is_cut_at_a_kilobyte_between_characters() -> None:
    message = dead_letter_attributes("r", 200, "x" * 1023 + "é" + "y" * 10)["ErrorMessage"]["value"]
    assert message == "x" * 1023
    assert cut_text("é" * 3, 5) == "éé"


def test_an_error_message_holds_only_what_an_attribute_may_hold() -> None:
    assert dead_letter_attributes("r", 200, "a\x00b\x1b[0m\ud800\n")["ErrorMessage"]["value"] == (
        "a\ufffdb\ufffd[0m\ufffd\n"
    )
    assert "ErrorMessage" not in dead_letter_attributes("r", 200, "")


@pytest.mark.parametrize(("succeeded", "word"), [(True, "Success"), (False, "Failure")])
def test_an_event_bus_gets_an_entry_as_recorded(succeeded: bool, word: str) -> None:
    entry = event_bridge_entry(b'{"version":"1.0"}', BUS, f"{ARN}:$LATEST", succeeded)
    assert entry == {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {word}",
        "Resources": [BUS, f"{ARN}:$LATEST"],
        "Detail": '{"version":"1.0"}',
        "EventBusName": BUS,
    }


def test_an_object_lies_under_function_and_day_and_a_repeat_has_the_same_name() -> None:
    local = AT.astimezone(timezone(timedelta(hours=13)))
    key = s3_object_key("my-fn", local, "1")
    assert key.startswith("aws/lambda/async/my-fn/2026/01/31/2026-01-31T12.34.56-")
    assert len(key.rsplit("-", 5)[-1]) == 12
    assert s3_object_key("my-fn", AT, "1") == key != s3_object_key("my-fn", AT, "2")
