"""The examples do what their first lines say, in the running house."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations import models
from invocations.flows.examples import seed
from invocations.models import Function
from tests.house import House


def invoke(live: House, name: str, event: object) -> tuple[str | None, Any]:
    answer = live.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def test_hello_greets(live: House) -> None:
    assert invoke(live, "hello", {"name": "Ada"})[1]["greeting"] == "Hello, Ada!"


def test_adding_ten_twice_adds_twenty_and_setting_to_thirty_twice_gives_thirty(live: House) -> None:
    account = {"account": "idempotency"}
    assert [invoke(live, "add_ten", account)[1]["balance"] for _ in range(2)] == [10, 20]
    assert [invoke(live, "set_to_thirty", account)[1]["balance"] for _ in range(2)] == [30, 30]
    assert invoke(live, "add_ten", account)[1]["balance"] == 40
    stored = live.client("dynamodb").get_item(TableName="bank", Key={"account": {"S": "idempotency"}})
    assert stored["Item"]["balance"] == {"N": "40"}


def test_flaky_fails_as_often_as_told(live: House) -> None:
    assert invoke(live, "flaky", {"failures": 0}) == (None, {"lucky": True, "chance_of_failure": 0})
    error, body = invoke(live, "flaky", {"fail": True})
    assert (error, body["errorType"]) == ("Unhandled", "Unlucky")


def test_slow_sleeps_as_long_as_told(live: House) -> None:
    error, body = invoke(live, "slow", {"seconds": 0.2})
    assert error is None
    assert body["slept"] == 0.2
    assert body["left_ms"] <= 4800


def test_the_summer_reports_the_messages_that_are_no_numbers(live: House) -> None:
    bodies = ["1", "2.5", "twenty", "true"]
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
    assert invoke(live, "batch_summer", {"Records": records}) == (
        None,
        {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "3"}], "total": 3.5},
    )


@pytest.mark.django_db
def test_every_example_has_test_events_and_a_second_seeding_changes_nothing() -> None:
    assert {made for _, made in seed()} == {True}
    assert {made for _, made in seed()} == {False}
    names = {function.name for function in Function.objects.all()}
    assert names == {"add_ten", "batch_summer", "flaky", "hello", "set_to_thirty", "slow"}
    assert {event.function.name for event in models.TestEvent.objects.all()} == names
    for event in models.TestEvent.objects.all():
        json.loads(event.payload)
