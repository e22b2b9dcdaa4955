"""EventBridge Scheduler through boto3: made, read, changed, listed, deleted, and what is refused in AWS's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invocations import clock
from invocations.models import Schedule, SchedulerRequest
from tests.wire.boto import client

pytestmark = pytest.mark.django_db

BASE = "us-east-1:000000000000"
QUEUE = f"arn:aws:sqs:{BASE}:orders"
FUNCTION = f"arn:aws:lambda:{BASE}:function:ship"
BUS = f"arn:aws:events:{BASE}:event-bus/default"
ROLE = "arn:aws:iam::000000000000:role/any"
OFF = {"Mode": "OFF"}


@pytest.fixture
def scheduler() -> Any:
    return client("scheduler")


def wanted(name: str = "tick", *, target: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "ScheduleExpression": "rate(5 minutes)",
        "FlexibleTimeWindow": OFF,
        "Target": {"Arn": QUEUE, "RoleArn": ROLE, **(target or {})},
        **more,
    }


def refused(call: Any, **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_a_schedule_s_life(scheduler: Any) -> None:
    arn = scheduler.create_schedule(**wanted())["ScheduleArn"]
    assert arn == f"arn:aws:scheduler:{BASE}:schedule/default/tick"
    found = scheduler.get_schedule(Name="tick")
    del found["ResponseMetadata"]
    assert isinstance(found.pop("CreationDate"), datetime) and isinstance(found.pop("LastModificationDate"), datetime)
    assert found == {
        "Arn": arn,
        "Name": "tick",
        "GroupName": "default",
        "State": "ENABLED",
        "ScheduleExpression": "rate(5 minutes)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": OFF,
        "ActionAfterCompletion": "NONE",
        "Target": {
            "Arn": QUEUE,
            "RoleArn": ROLE,
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        },
    }
    start = (clock.now() + timedelta(days=1)).replace(microsecond=0)
    everything = {
        "ScheduleExpression": "cron(0 8 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Vienna",
        "StartDate": start,
        "EndDate": start + timedelta(days=1),
        "Description": "breakfast",
        "State": "DISABLED",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": f"{QUEUE}.fifo",
            "RoleArn": ROLE,
            "Input": "wake up",
            "SqsParameters": {"MessageGroupId": "g"},
            "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0},
            "DeadLetterConfig": {"Arn": QUEUE},
        },
    }
    assert scheduler.update_schedule(Name="tick", **everything)["ScheduleArn"] == arn
    changed = scheduler.get_schedule(Name="tick")
    assert {name: changed[name] for name in everything} == everything
    scheduler.update_schedule(**wanted())
    again = scheduler.get_schedule(Name="tick")
    assert (again["State"], again["ScheduleExpressionTimezone"]) == ("ENABLED", "UTC")
    assert not {"Description", "StartDate", "EndDate"} & set(again)
    scheduler.delete_schedule(Name="tick")
    missing = (404, "ResourceNotFoundException", "Schedule tick does not exist.")
    assert refused(scheduler.get_schedule, Name="tick") == missing
    assert refused(scheduler.delete_schedule, Name="tick") == missing
    assert refused(scheduler.update_schedule, **wanted()) == missing


def test_groups_and_their_tags(scheduler: Any) -> None:
    arn = scheduler.create_schedule_group(Name="night", Tags=[{"Key": "a", "Value": "b"}])["ScheduleGroupArn"]
    assert arn == f"arn:aws:scheduler:{BASE}:schedule-group/night"
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    found = scheduler.get_schedule_group(Name="night")
    assert (found["Arn"], found["State"]) == (arn, "ACTIVE")
    scheduler.create_schedule(**wanted(GroupName="night"))
    scheduler.create_schedule(**wanted())  # names are unique in their group
    assert [one["Name"] for one in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default", "night"]
    assert [one["Name"] for one in scheduler.list_schedule_groups(NamePrefix="n")["ScheduleGroups"]] == ["night"]
    taken = (409, "ConflictException", "Schedule group night already exists.")
    assert refused(scheduler.create_schedule_group, Name="night") == taken
    scheduler.delete_schedule_group(Name="night")
    missing = (404, "ResourceNotFoundException", "Schedule group night does not exist.")
    assert refused(scheduler.get_schedule_group, Name="night") == missing
    assert refused(scheduler.list_schedules, GroupName="night") == missing
    assert refused(scheduler.create_schedule, **wanted(GroupName="night")) == missing
    assert refused(scheduler.list_tags_for_resource, ResourceArn=arn) == missing
    assert Schedule.objects.count() == 1
    assert refused(scheduler.delete_schedule_group, Name="default")[1] == "ValidationException"
    assert client("scheduler", "eu-west-1").list_schedules()["Schedules"] == []


def test_lists_have_filters_and_pages(scheduler: Any) -> None:
    scheduler.create_schedule_group(Name="night")
    for name in ("a1", "a2", "a3", "b1"):
        scheduler.create_schedule(**wanted(name, State="DISABLED" if name == "a2" else "ENABLED"))
    scheduler.create_schedule(**wanted("a4", GroupName="night"))

    def names(**filters: Any) -> list[str]:
        pages = scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 2}, **filters)
        return [one["Name"] for page in pages for one in page["Schedules"]]

    assert names() == ["a4", "b1", "a3", "a2", "a1"]
    assert names(NamePrefix="a") == ["a4", "a3", "a2", "a1"]
    assert names(NamePrefix="a", GroupName="default", State="ENABLED") == ["a3", "a1"]
    assert scheduler.list_schedules(MaxResults=1)["Schedules"][0]["Target"] == {"Arn": QUEUE}
    pages = scheduler.get_paginator("list_schedule_groups").paginate(PaginationConfig={"PageSize": 1})
    assert [one["Name"] for page in pages for one in page["ScheduleGroups"]] == ["default", "night"]
    for token in ("%%%", "bm8="):
        assert refused(scheduler.list_schedules, NextToken=token)[:2] == (400, "ValidationException")


def test_a_request_that_is_repeated_with_its_token_is_carried_out_once(scheduler: Any) -> None:
    first = scheduler.create_schedule(**wanted(ClientToken="t1"))
    assert scheduler.create_schedule(**wanted(ClientToken="t1"))["ScheduleArn"] == first["ScheduleArn"]
    assert Schedule.objects.get().revision == 1
    another = refused(scheduler.create_schedule, **wanted(ClientToken="t1", Description="d"))
    assert another == (409, "ConflictException", "The client token t1 was used for another request.")
    taken = (409, "ConflictException", "Schedule tick already exists.")
    assert refused(scheduler.create_schedule, **wanted(ClientToken="t2")) == taken
    scheduler.update_schedule(**wanted(ClientToken="t1"))  # each operation has tokens of its own
    scheduler.update_schedule(**wanted(ClientToken="t1"))
    assert Schedule.objects.get().revision == 2
    for _ in range(2):
        scheduler.delete_schedule(Name="tick", ClientToken="t3")
        scheduler.create_schedule_group(Name="night", ClientToken="t4")
    assert not SchedulerRequest.objects.filter(token="t2").exists()


def test_tokens_are_forgotten_after_a_day(scheduler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler.create_schedule(**wanted(ClientToken="t1"))
    SchedulerRequest.objects.update(asked_at=clock.real() - timedelta(days=1, seconds=1))
    assert refused(scheduler.create_schedule, **wanted(ClientToken="t1"))[2] == "Schedule tick already exists."


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"ScheduleExpression": "every day"}, "Invalid Schedule Expression every day."),
        ({"ScheduleExpression": "rate(30 seconds)"}, "Invalid Schedule Expression rate(30 seconds)."),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Invalid Schedule Expression Timezone Mars/Olympus."),
        ({"StartDate": datetime(2020, 1, 1, tzinfo=UTC)},
         "The StartDate you specify cannot be earlier than 5 minutes ago."),
        ({"EndDate": datetime(2020, 1, 1, tzinfo=UTC)}, "The EndDate you specify cannot be in the past."),
        ({"StartDate": datetime(2098, 1, 2, tzinfo=UTC), "EndDate": datetime(2098, 1, 1, tzinfo=UTC)},
         "The EndDate you specify must come after the StartDate."),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}},
         "MaximumWindowInMinutes must be specified when the mode is FLEXIBLE."),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}},
         "MaximumWindowInMinutes must not be specified when the mode is OFF."),
        ({"target": {"Arn": "orders"}}, "Provided Arn orders is not in correct format."),
        ({"target": {"Arn": f"{QUEUE}.fifo"}},
         f"SqsParameters.MessageGroupId must be specified for target {QUEUE}.fifo."),
        ({"target": {"Arn": FUNCTION, "SqsParameters": {"MessageGroupId": "g"}}},
         f"SqsParameters is not supported for target {FUNCTION}."),
        ({"target": {"Arn": BUS}}, f"EventBridgeParameters must be specified for target {BUS}."),
        ({"target": {"DeadLetterConfig": {"Arn": QUEUE.replace("us-east-1", "eu-west-1")}}},
         "The dead letter queue arn:aws:sqs:eu-west-1:000000000000:orders must be in the region us-east-1."),
        ({"ActionAfterCompletion": "ARCHIVE", "FlexibleTimeWindow": {"Mode": "SOON"}},
         "2 validation errors detected: Value 'SOON' at 'flexibleTimeWindow.mode' failed to satisfy constraint: "
         "Member must satisfy enum value set: [OFF, FLEXIBLE]; Value 'ARCHIVE' at 'actionAfterCompletion' failed to "
         "satisfy constraint: Member must satisfy enum value set: [NONE, DELETE]"),
        ({"target": {"RetryPolicy": {"MaximumRetryAttempts": 186}}},
         "1 validation error detected: Value '186' at 'target.retryPolicy.maximumRetryAttempts' failed to satisfy "
         "constraint: Member must have value less than or equal to 185"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_made(scheduler: Any, more: dict[str, Any], message: str) -> None:
    status, code, said = refused(scheduler.create_schedule, **wanted(**more))
    assert (status, code) == (400, "ValidationException")
    assert said == message
    assert not Schedule.objects.exists()
    assert not SchedulerRequest.objects.exists()


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/a"}, "KmsKeyArn"),
        ({"target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"}}, "universal targets"),
        ({"target": {"Arn": f"arn:aws:states:{BASE}:stateMachine:m"}}, "states"),
        ({"target": {"Arn": f"arn:aws:kinesis:{BASE}:stream/s", "KinesisParameters": {"PartitionKey": "p"}}},
         "kinesis"),
        ({"target": {"EcsParameters": {"TaskDefinitionArn": "t"}}}, "EcsParameters"),
        ({"target": {"EventBridgePutEventsV2Parameters": {"DetailType": "d", "Source": "s"}}},
         "EventBridgePutEventsV2Parameters"),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_refused_by_name(scheduler: Any, more: dict[str, Any], named: str) -> None:
    status, code, said = refused(scheduler.create_schedule, **wanted(**more))
    assert (status, code) == (400, "ValidationException")
    assert said.startswith("lambdaplay does not offer ") and named in said
    assert not Schedule.objects.exists()


def test_a_function_s_and_a_bus_s_input_is_json(scheduler: Any) -> None:
    events = {"EventBridgeParameters": {"DetailType": "tick", "Source": "clock"}}
    for name, arn, more in (("function", FUNCTION, {}), ("bus", BUS, events)):
        target = {"Arn": arn, **more}
        status, _, said = refused(scheduler.create_schedule, **wanted(name, target={**target, "Input": "{no"}))
        assert status == 400
        assert said.startswith(f"Input for target {arn} must be well-formed JSON: ")
        scheduler.create_schedule(**wanted(name, target={**target, "Input": "{}"}))


def test_tags_of_what_is_no_group_of_the_caller_s(scheduler: Any) -> None:
    other = "arn:aws:scheduler:us-east-1:111122223333:schedule-group/default"
    assert refused(scheduler.list_tags_for_resource, ResourceArn=other)[:2] == (404, "ResourceNotFoundException")
    own = f"arn:aws:scheduler:{BASE}:schedule-group/default"
    tags = [{"Key": "aws:a", "Value": "b"}]
    assert refused(scheduler.tag_resource, ResourceArn=own, Tags=tags)[:2] == (400, "ValidationException")
    assert scheduler.list_tags_for_resource(ResourceArn=own)["Tags"] == []
