"""Rules in the running house: an event runs a function, whose outcome is an event again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.house import SOON, House
from tests.wire.test_lambda_live import ROLE, package, runtime

BASE = "us-east-1:000000000000"
SOURCE = "def handler(event, context):\n    return {'saw': event['id'], 'trace': context.aws_request_id}\n"
PATTERN = json.dumps({"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}})


@pytest.fixture
def name() -> str:
    return f"bus-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def function(live: House, name: str) -> str:
    """ARN of an active function."""
    api = live.client("lambda")
    code = {"ZipFile": package(SOURCE)}
    api.create_function(FunctionName=name, Runtime=runtime(), Handler="app.handler", Role=ROLE, Code=code)
    api.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    return f"arn:aws:lambda:{BASE}:function:{name}"


@pytest.fixture
def queue(live: House, name: str) -> Callable[[str], tuple[str, str]]:
    """Make a queue that EventBridge may send to; return URL and ARN."""
    sqs = live.client("sqs")

    def make(kind: str) -> tuple[str, str]:
        arn = f"arn:aws:sqs:{BASE}:{name}-{kind}"
        principal = {"Service": "events.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return sqs.create_queue(QueueName=f"{name}-{kind}", Attributes={"Policy": policy})["QueueUrl"], arn

    return make


def message(live: House, url: str) -> Any:
    got = live.client("sqs").receive_message(
        QueueUrl=url, WaitTimeSeconds=20, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )
    return got["Messages"][0]


def test_an_event_runs_a_function_and_its_outcome_is_an_event(
    live: House, name: str, function: str, queue: Callable[[str], tuple[str, str]]
) -> None:
    events, api = live.client("events"), live.client("lambda")
    url, queue_arn = queue("outcomes")
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    outcomes = events.create_event_bus(Name=f"{name}-outcomes")["EventBusArn"]
    rule = events.put_rule(Name="big", EventBusName=name, EventPattern=PATTERN)["RuleArn"]
    events.put_targets(Rule="big", EventBusName=name, Targets=[{"Id": "fn", "Arn": function}])
    api.add_permission(
        FunctionName=name,
        StatementId="eb",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    api.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": outcomes}, "OnFailure": {}}
    )
    done = json.dumps({"source": ["lambda"], "detail-type": ["Lambda Function Invocation Result - Success"]})
    events.put_rule(Name="done", EventBusName=outcomes, EventPattern=done)
    events.put_targets(Rule="done", EventBusName=outcomes, Targets=[{"Id": "q", "Arn": queue_arn}])
    trace = f"1-5759e988-{uuid.uuid4().hex[:24]}"

    entry = {"Source": "shop", "DetailType": "order", "EventBusName": bus, "TraceHeader": f"Root={trace}"}
    details = [{"Detail": json.dumps({"total": total})} for total in (99, 101)]
    put = events.put_events(Entries=[{**entry, **detail} for detail in details])

    found = message(live, url)
    event = json.loads(found["Body"])
    assert event["resources"] == [outcomes, f"{function}:$LATEST"]
    assert event["detail"]["requestPayload"] == {
        "version": "0",
        "id": put["Entries"][1]["EventId"],
        "detail-type": "order",
        "source": "shop",
        "account": "000000000000",
        "time": event["detail"]["requestPayload"]["time"],
        "region": "us-east-1",
        "resources": [],
        "detail": {"total": 101},
    }
    assert event["detail"]["responsePayload"]["saw"] == put["Entries"][1]["EventId"]
    assert found["Attributes"]["AWSTraceHeader"].startswith(f"Root={trace}")


def test_a_function_that_does_not_let_the_rule_in_is_not_run(
    live: House, name: str, function: str, queue: Callable[[str], tuple[str, str]]
) -> None:
    events = live.client("events")
    url, dead = queue("dead")
    events.create_event_bus(Name=name)
    rule = events.put_rule(Name="big", EventBusName=name, EventPattern=PATTERN)["RuleArn"]
    target = {"Id": "fn", "Arn": function, "DeadLetterConfig": {"Arn": dead}}
    events.put_targets(Rule="big", EventBusName=name, Targets=[target])
    events.put_events(
        Entries=[{"Source": "shop", "DetailType": "order", "EventBusName": name, "Detail": '{"total": 101}'}]
    )
    letter = message(live, url)
    values = {key: one["StringValue"] for key, one in letter["MessageAttributes"].items()}
    assert (values["ERROR_CODE"], values["RULE_ARN"], values["TARGET_ARN"]) == ("NO_PERMISSIONS", rule, function)
    assert json.loads(letter["Body"])["detail"] == {"total": 101}


def test_an_advance_of_an_hour_fires_a_cron_of_five_minutes_twelve_times(
    live: House, name: str, queue: Callable[[str], tuple[str, str]]
) -> None:
    events, sqs = live.client("events"), live.client("sqs")
    url, arn = queue("slots")
    rule = events.put_rule(Name=name, ScheduleExpression="cron(0/5 * * * ? *)")["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    live.manage("clock", "advance", "3600")
    slots: set[str] = set()
    found = []
    while len(slots) < 12:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        found += [json.loads(one["Body"]) for one in got["Messages"]]
        slots = {event["time"] for event in found}
    events.disable_rule(Name=name)
    assert len(found) == len(slots)  # once each
    minutes = [datetime.fromisoformat(slot) for slot in sorted(slots)]
    assert {later - earlier for earlier, later in pairwise(minutes)} == {timedelta(minutes=5)}
    assert [event["resources"] for event in found] == [[rule]] * len(found)
