"""CloudWatch Logs over what functions printed: boto3, and the AWS CLI's `logs tail`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.house import SOON, House
from tests.runtime.hosts import until
from tests.wire.test_lambda_live import ROLE, package, runtime

PRINTS = "def handler(event, context):\n    for line in event:\n        print(line)\n"
Say = Callable[..., None]


@pytest.fixture
def logs(live: House) -> Any:
    return live.client("logs")


@pytest.fixture
def name(live: House) -> Iterator[str]:
    """A function that prints its event, line by line."""
    client, name = live.client("lambda"), f"logs-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name, Runtime=runtime(), Role=ROLE, Handler="app.handler", Code={"ZipFile": package(PRINTS)}
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    yield name
    client.delete_function(FunctionName=name)


@pytest.fixture
def say(live: House, name: str) -> Say:
    client = live.client("lambda")
    return lambda *lines: client.invoke(FunctionName=name, Payload=json.dumps(lines)) and None


def messages(answer: Any) -> list[str]:
    return [event["message"].rstrip() for event in answer["events"]]


def printed(answer: Any) -> list[str]:
    platform = ("INIT_START", "START ", "END ", "REPORT ")
    return [message for message in messages(answer) if not message.startswith(platform)]


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_function_s_group_holds_what_it_printed(logs: Any, name: str, say: Say) -> None:
    group = f"/aws/lambda/{name}"
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    say("one", "two")
    say("three")
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["arn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
    (stream,) = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime")["logStreams"]
    assert "/[$LATEST]" in stream["logStreamName"]
    answer = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])
    assert printed(answer) == ["one", "two", "three"]
    said = [message.split()[0] for message in messages(answer)]
    assert said == ["INIT_START", "START", "one", "two", "END", "REPORT", "START", "three", "END", "REPORT"]


def test_a_stream_is_read_in_pages_both_ways(logs: Any, name: str, say: Say) -> None:
    say(*map(str, range(7)))
    group = f"/aws/lambda/{name}"
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    where = {"logGroupName": group, "logStreamName": stream}
    whole = messages(logs.get_log_events(**where))
    page = logs.get_log_events(**where, limit=4, startFromHead=True)
    seen = messages(page)
    while len(seen) < len(whole):
        page = logs.get_log_events(**where, limit=4, nextToken=page["nextForwardToken"])
        seen += messages(page)
    assert seen == whole
    end = logs.get_log_events(**where, nextToken=page["nextForwardToken"])
    assert (end["events"], end["nextForwardToken"]) == ([], page["nextForwardToken"])
    last = logs.get_log_events(**where, limit=4)
    assert messages(last) == whole[-4:]
    before = logs.get_log_events(**where, limit=4, nextToken=last["nextBackwardToken"])
    assert messages(before) == whole[-8:-4]
    say("later")
    assert printed(logs.get_log_events(**where, nextToken=page["nextForwardToken"])) == ["later"]


def test_a_group_is_searched(logs: Any, name: str, say: Say) -> None:
    group = f"/aws/lambda/{name}"
    say("an ERROR here", "fine", '{"level": "ERROR", "n": 3}')
    say("ERROR again")
    assert printed(logs.filter_log_events(logGroupName=group, filterPattern="ERROR -again")) == [
        "an ERROR here",
        '{"level": "ERROR", "n": 3}',
    ]
    assert printed(logs.filter_log_events(logGroupName=group, filterPattern="{ $.n > 2 }")) == [
        '{"level": "ERROR", "n": 3}'
    ]
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupIdentifier=f"arn:aws:logs:us-east-1:000000000000:log-group:{group}", PaginationConfig={"PageSize": 2}
    )
    events = [event for page in pages for event in page["events"]]
    whole = logs.filter_log_events(logGroupName=group)["events"]
    assert [event["eventId"] for event in events] == [event["eventId"] for event in whole]
    assert len({event["eventId"] for event in whole}) == len(whole)
    later = logs.filter_log_events(logGroupName=group, startTime=whole[-1]["timestamp"] + 1)
    assert later["events"] == []
    assert "nextToken" not in later


def test_events_of_asynchronous_attempts_are_there_too(live: House, logs: Any, name: str) -> None:
    live.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'["from an event"]')
    group = f"/aws/lambda/{name}"
    assert until(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"], 60)
    assert printed(logs.filter_log_events(logGroupName=group)) == ["from an event"]


def test_what_aws_logs_tail_asks(live: House, logs: Any, name: str, say: Say) -> None:
    """Version 2 of the CLI is in no package index; its `logs tail --follow` asks like this, again and again."""
    group, since = f"/aws/lambda/{name}", int((time.time() - 600) * 1000)
    say("first")
    asked = {"logGroupName": group, "interleaved": True}
    seen = logs.filter_log_events(**asked, startTime=since)["events"]
    assert printed({"events": seen}) == ["first"]
    say("second")
    later = logs.filter_log_events(**asked, startTime=seen[-1]["timestamp"])["events"]
    fresh = [event for event in later if event["eventId"] not in {event["eventId"] for event in seen}]
    assert printed({"events": fresh}) == ["second"]


def test_the_aws_cli_searches_a_group(live: House, name: str, say: Say) -> None:
    say("to be found")
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_PAGER": ""}
    aws = Path(sys.executable).with_name("aws")
    where = ["--endpoint-url", live.url, "--region", "us-east-1", "--log-group-name", f"/aws/lambda/{name}"]
    done = subprocess.run(
        [aws, "logs", "filter-log-events", *where, "--filter-pattern", "found"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert printed(json.loads(done.stdout)) == ["to be found"]


def test_groups_are_made_changed_and_deleted(logs: Any) -> None:
    group = f"own/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group, tags={"a": "1"})
    assert refusal(logs.create_log_group, logGroupName=group) == (
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    )
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    (found,) = logs.describe_log_groups(logGroupNamePattern=group)["logGroups"]
    assert found["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePattern=group)["logGroups"][0]
    arn = found["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    logs.delete_log_group(logGroupName=group)
    assert refusal(logs.delete_log_group, logGroupName=group)[0] == "ResourceNotFoundException"
    assert logs.describe_log_groups(logGroupNamePattern=group)["logGroups"] == []


def test_a_deleted_group_begins_anew(logs: Any, name: str, say: Say) -> None:
    group = f"/aws/lambda/{name}"
    say("old")
    logs.delete_log_group(logGroupName=group)
    assert refusal(logs.filter_log_events, logGroupName=group)[0] == "ResourceNotFoundException"
    say("new")
    assert printed(logs.filter_log_events(logGroupName=group)) == ["new"]


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "text"),
    [
        ("filter_log_events", {"logGroupName": "no/such"}, "ResourceNotFoundException", "The specified log group"),
        ("filter_log_events", {}, "InvalidParameterException", "Exactly one of logGroupName"),
        ("describe_log_streams", {"logGroupName": "no/such"}, "ResourceNotFoundException", "does not exist"),
        ("create_log_group", {"logGroupName": "a b"}, "InvalidParameterException", "logGroupName"),
        ("create_log_group", {"logGroupName": "a", "kmsKeyId": "k"}, "InvalidParameterException", "kmsKeyId"),
        ("put_retention_policy", {"logGroupName": "a", "retentionInDays": 2}, "InvalidParameterException", "[1, 3, 5"),
        ("describe_log_groups", {"nextToken": "x"}, "InvalidParameterException", "nextToken is invalid"),
        ("put_log_events", {"logGroupName": "a", "logStreamName": "b", "logEvents": []}, "", "PutLogEvents"),
    ],
)
def test_what_cannot_be_done_is_refused(
    live: House, operation: str, arguments: dict[str, Any], code: str, text: str
) -> None:
    client = live.client("logs", config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
    found, message = refusal(getattr(client, operation), **arguments)
    assert code in found
    assert text in message
