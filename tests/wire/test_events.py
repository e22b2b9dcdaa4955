"""EventBridge over the wire: boto3 against the endpoint of this process, through outbox and queues."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invocations.models import BusEvent
from tests.wire.boto import client

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNT = "000000000000"
BASE = f"arn:aws:events:us-east-1:{ACCOUNT}"
PATTERN = json.dumps({"source": ["shop"]})


@pytest.fixture
def events() -> Any:
    return client("events")


@pytest.fixture
def sqs() -> Any:
    return client("sqs")


def queue(sqs: Any, name: str) -> tuple[str, str]:
    """URL and ARN of a queue that lets EventBridge in."""
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    if name.endswith(".fifo"):
        attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, arn


def messages(sqs: Any, url: str) -> list[Any]:
    found = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )
    return list(found.get("Messages", []))


def refused(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return f"{error['Code']}: {error['Message']}"


def entry(**more: Any) -> dict[str, Any]:
    return {"Source": "shop", "DetailType": "order", "Detail": "{}", **more}


def test_an_event_reaches_queues_and_another_bus_and_dead_letters(events: Any, sqs: Any) -> None:
    url, arn = queue(sqs, "orders")
    fifo_url, fifo = queue(sqs, "orders.fifo")
    dead_url, dead = queue(sqs, "dead")
    events.create_event_bus(Name="shop")
    events.put_rule(Name="all", EventBusName="shop", EventPattern=PATTERN)
    rule_arn = events.put_rule(Name="all", EventPattern=PATTERN)["RuleArn"]
    targets = [
        {"Id": "bus", "Arn": f"{BASE}:event-bus/shop"},
        {"Id": "fifo", "Arn": fifo, "SqsParameters": {"MessageGroupId": "g"}, "InputPath": "$.detail"},
        {"Id": "gone", "Arn": f"{arn}-gone", "DeadLetterConfig": {"Arn": dead}},
    ]
    assert events.put_targets(Rule="all", Targets=targets)["FailedEntryCount"] == 0
    events.put_targets(Rule="all", EventBusName="shop", Targets=[{"Id": "q", "Arn": arn}])
    trace = "1-5759e988-bd862e3fe1be46a994272793"
    when = datetime(2026, 1, 31, 12, 34, 56, tzinfo=UTC)
    answer = events.put_events(Entries=[entry(Detail='{"n": 1}', Time=when, TraceHeader=f"Root={trace};Sampled=1")])

    assert answer["FailedEntryCount"] == 0
    drain()
    (message,) = messages(sqs, url)
    event = json.loads(message["Body"])
    assert (event["id"], event["time"]) == (answer["Entries"][0]["EventId"], "2026-01-31T12:34:56Z")
    assert message["Attributes"]["AWSTraceHeader"].startswith(f"Root={trace}")
    (grouped,) = messages(sqs, fifo_url)
    assert (grouped["Body"], grouped["Attributes"]["MessageGroupId"]) == ('{"n":1}', "g")
    (letter,) = messages(sqs, dead_url)
    assert json.loads(letter["Body"]) == event
    assert {name: one["StringValue"] for name, one in letter["MessageAttributes"].items()} == {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": f"{arn}-gone",
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": "The specified queue does not exist.",
        "RETRY_ATTEMPTS": "0",
    }
    assert {row.via for row in BusEvent.objects.all()} == {"", f"{BASE}:event-bus/default"}


def drain() -> None:
    """Send what was left to workers: what a target causes in its turn."""
    from invocations.flows import deliver

    while due := deliver.due(10):
        for pk in due:
            deliver.run(pk, "test")


def test_a_loop_of_buses_ends_in_the_dead_letter_queue(events: Any, sqs: Any) -> None:
    dead_url, dead = queue(sqs, "dead")
    for here, there in (("default", "shop"), ("shop", "default")):
        if here != "default":
            events.create_event_bus(Name=here)
        events.put_rule(Name="on", EventBusName=here, EventPattern=PATTERN)
        target = {"Id": "t", "Arn": f"{BASE}:event-bus/{there}", "DeadLetterConfig": {"Arn": dead}}
        events.put_targets(Rule="on", EventBusName=here, Targets=[target])
    events.put_events(Entries=[entry()])
    drain()
    (letter,) = messages(sqs, dead_url)
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "LOOP_DETECTED"
    assert BusEvent.objects.count() == 2


def test_a_queue_that_does_not_let_eventbridge_in_gets_nothing(events: Any, sqs: Any) -> None:
    url = sqs.create_queue(QueueName="closed")["QueueUrl"]
    dead_url, dead = queue(sqs, "dead")
    events.put_rule(Name="all", EventPattern=PATTERN)
    target = {"Id": "q", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:closed", "DeadLetterConfig": {"Arn": dead}}
    events.put_targets(Rule="all", Targets=[target])
    events.put_events(Entries=[entry()])
    drain()
    assert messages(sqs, url) == []
    assert messages(sqs, dead_url)[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_buses_are_described_listed_and_changed(events: Any) -> None:
    arn = events.create_event_bus(Name="shop", Description="d", Tags=[{"Key": "a", "Value": "1"}])["EventBusArn"]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert events.update_event_bus(Name="shop", Description="e")["Description"] == "e"
    described = events.describe_event_bus(Name=arn)
    assert (described["Name"], described["Arn"], described["Description"]) == ("shop", arn, "e")
    assert events.describe_event_bus()["Name"] == "default"
    page = events.list_event_buses(Limit=1)
    assert [bus["Name"] for bus in page["EventBuses"]] == ["default"]
    rest = events.list_event_buses(NextToken=page["NextToken"])
    assert [bus["Name"] for bus in rest["EventBuses"]] == ["shop"]
    assert "NextToken" not in rest
    events.put_permission(EventBusName="shop", Action="events:PutEvents", Principal="111122223333", StatementId="s")
    assert json.loads(events.describe_event_bus(Name="shop")["Policy"])["Statement"][0]["Sid"] == "s"
    events.remove_permission(EventBusName="shop", StatementId="s")
    events.put_permission(EventBusName="shop", Policy=json.dumps({"Statement": []}))
    events.remove_permission(EventBusName="shop", RemoveAllPermissions=True)
    assert "Policy" not in events.describe_event_bus(Name="shop")
    events.delete_event_bus(Name="shop")


def test_rules_and_targets_are_said_back_as_they_were_put(events: Any) -> None:
    arn = events.put_rule(Name="all", EventPattern=PATTERN, Description="d", RoleArn="arn:aws:iam::1:role/r")["RuleArn"]
    events.disable_rule(Name="all")
    rule = {
        "Name": "all",
        "Arn": arn,
        "EventPattern": PATTERN,
        "State": "DISABLED",
        "Description": "d",
        "RoleArn": "arn:aws:iam::1:role/r",
        "EventBusName": "default",
    }
    described = events.describe_rule(Name="all")
    assert {name: described[name] for name in rule} == rule
    assert (described["CreatedBy"], events.list_rules()["Rules"]) == (ACCOUNT, [rule])
    events.enable_rule(Name="all")
    target = {
        "Id": "t",
        "Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:fn",
        "RoleArn": "arn:aws:iam::1:role/r",
        "InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": "<n>"},
        "DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"},
        "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
    }
    events.put_targets(Rule="all", Targets=[target])
    assert events.list_targets_by_rule(Rule="all")["Targets"] == [target]
    assert events.list_rule_names_by_target(TargetArn=target["Arn"])["RuleNames"] == ["all"]
    failed = events.remove_targets(Rule="all", Ids=["t", "u"])
    assert (failed["FailedEntryCount"], failed["FailedEntries"][0]["TargetId"]) == (1, "u")
    events.delete_rule(Name="all")
    assert events.list_rules()["Rules"] == []


def test_a_pattern_is_tried_on_an_event(events: Any) -> None:
    whole: dict[str, Any] = dict.fromkeys(("id", "detail-type", "source", "account", "time", "region"), "x") | {
        "resources": [],
        "detail": {},
    }
    assert events.test_event_pattern(EventPattern='{"source": ["x"]}', Event=json.dumps(whole))["Result"] is True
    assert events.test_event_pattern(EventPattern='{"source": ["y"]}', Event=json.dumps(whole))["Result"] is False
    says = refused(events.test_event_pattern, EventPattern='{"source": ["x"]}', Event='{"source": "x"}')
    assert says == "ValidationException: Parameter Event is not valid."
    says = refused(events.test_event_pattern, EventPattern='{"source": "x"}', Event=json.dumps(whole))
    assert (
        says
        == 'InvalidEventPatternException: Event pattern is not valid. Reason: "source" must be an object or an array'
    )


def test_entries_fail_one_by_one(events: Any) -> None:
    answer = events.put_events(
        Entries=[entry(), entry(Detail="[]"), {"DetailType": "t", "Detail": "{}"}, entry(EventBusName="no")]
    )
    assert answer["FailedEntryCount"] == 2
    assert [one.get("ErrorCode") for one in answer["Entries"]] == [None, "MalformedDetail", "InvalidArgument", None]
    assert BusEvent.objects.filter(bus=None).count() == 1


@pytest.mark.parametrize(
    ("call", "members", "code", "says"),
    [
        (
            "create_event_bus",
            {"Name": "b", "KmsKeyIdentifier": "k"},
            "ValidationException",
            "lambdaplay does not offer KmsKeyIdentifier in CreateEventBus.",
        ),
        (
            "create_event_bus",
            {"Name": "default"},
            "ResourceAlreadyExistsException",
            "Event bus default already exists.",
        ),
        ("describe_event_bus", {"Name": "nope"}, "ResourceNotFoundException", "Event bus nope does not exist."),
        ("delete_event_bus", {"Name": "default"}, "ValidationException", "Cannot delete event bus default."),
        (
            "describe_rule",
            {"Name": "nope"},
            "ResourceNotFoundException",
            "Rule nope does not exist on EventBus default.",
        ),
        ("list_rules", {"EventBusName": "nope"}, "ResourceNotFoundException", "Event bus nope does not exist."),
        ("list_rules", {"NextToken": "?"}, "ValidationException", "Provided NextToken is not valid."),
        (
            "put_targets",
            {"Rule": "nope", "Targets": [{"Id": "t", "Arn": "a"}]},
            "ResourceNotFoundException",
            "Rule nope does not exist on EventBus default.",
        ),
        (
            "put_permission",
            {"Action": "events:PutEvents", "Principal": "*"},
            "ValidationException",
            "Parameter(s) StatementId must be specified.",
        ),
        ("remove_permission", {}, "ValidationException", "Parameter(s) StatementId must be specified."),
        (
            "put_events",
            {"Entries": []},
            "ValidationException",
            "1 validation error detected: Value '[]' at 'entries' ...",
        ),
        (
            "put_events",
            {"Entries": [entry(Detail=json.dumps({"a": "x" * 2**20}))]},
            "ValidationException",
            "Total size of the entries in the request is over the limit.",
        ),
        (
            "create_archive",
            {"ArchiveName": "a", "EventSourceArn": "b"},
            "InvalidParameterValueException",
            "lambdaplay does not offer the operation CreateArchive of events.",
        ),
        (
            "list_tags_for_resource",
            {"ResourceARN": f"{BASE}:rule/nope"},
            "ResourceNotFoundException",
            "Rule nope does not exist.",
        ),
    ],
)
def test_refusals_are_worded_as_aws_words_them(
    events: Any, call: str, members: dict[str, Any], code: str, says: str
) -> None:
    assert refused(getattr(events, call), **members).startswith(f"{code}: {says.removesuffix('...')}")


@pytest.mark.parametrize(
    "retry", [{"MaximumRetryAttempts": 186}, {"MaximumRetryAttempts": -1}, {"MaximumEventAgeInSeconds": 59}]
)
def test_a_retry_policy_has_its_bounds(events: Any, retry: dict[str, int]) -> None:
    events.put_rule(Name="all", EventPattern=PATTERN)
    target = {"Id": "t", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", "RetryPolicy": retry}
    assert "failed to satisfy constraint" in refused(events.put_targets, Rule="all", Targets=[target])
    assert events.list_targets_by_rule(Rule="all")["Targets"] == []


def test_another_account_is_kept_out_and_let_in_by_the_policy(events: Any) -> None:
    stranger, arn = client("events", key_id="111122223333"), events.describe_event_bus()["Arn"]
    answer = stranger.put_events(Entries=[entry(EventBusName=arn)])
    assert answer["Entries"][0]["ErrorCode"] == "AccessDeniedException"
    assert refused(stranger.list_rules, EventBusName=arn).startswith("AccessDeniedException: User: ")
    assert refused(stranger.tag_resource, ResourceARN=arn, Tags=[]).startswith("AccessDeniedException: User: ")
    events.put_permission(Action="events:PutEvents", Principal="111122223333", StatementId="s")
    assert stranger.put_events(Entries=[entry(EventBusName=arn)])["FailedEntryCount"] == 0
