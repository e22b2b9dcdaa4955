"""The documents that S3 makes of a change, member by member."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from invocations.decisions import object_records
from invocations.decisions.object_records import ACL, DELETED, MARKED, TAGGED, UNTAGGED, About, Change

ABOUT = About(
    bucket="b",
    account="111122223333",
    region="eu-west-1",
    principal="AWS:111122223333",
    address="127.0.0.1",
    request_id="4442587FB7D0A2F9",
    host_id="vlR7Pn",
    at=datetime(2026, 1, 31, 12, 34, 56, 789_999, tzinfo=UTC),
    sequencer="0018EAB70D9AE2AE77",
)
WHOLE = Change("ObjectCreated:Put", "a b/ü+c.txt", 11, "e9fb", "v1")


def test_a_record_is_exactly_aws_s() -> None:
    assert json.loads(object_records.record(WHOLE, ABOUT, "rule")) == {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-west-1",
                "eventTime": "2026-01-31T12:34:56.789Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:111122223333"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": "4442587FB7D0A2F9", "x-amz-id-2": "vlR7Pn"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "rule",
                    "bucket": {
                        "name": "b",
                        "ownerIdentity": {"principalId": object_records.owner_id("111122223333")},
                        "arn": "arn:aws:s3:::b",
                    },
                    "object": {
                        "key": "a+b/%C3%BC%2Bc.txt",
                        "size": 11,
                        "eTag": "e9fb",
                        "versionId": "v1",
                        "sequencer": "0018EAB70D9AE2AE77",
                    },
                },
            }
        ]
    }


@pytest.mark.parametrize(
    ("change", "version", "members"),
    [
        (Change("ObjectCreated:Put", "k", 0, "e"), "2.1", {"key", "size", "eTag", "sequencer"}),
        (Change("ObjectCreated:Copy", "k", 1, "e", "v"), "2.1", {"key", "size", "eTag", "versionId", "sequencer"}),
        (Change(DELETED, "k"), "2.1", {"key", "sequencer"}),
        (Change(DELETED, "k", version_id="v"), "2.1", {"key", "versionId", "sequencer"}),
        (Change(MARKED, "k", version_id="v"), "2.1", {"key", "versionId", "sequencer"}),
        (Change(TAGGED, "k", None, "e"), "2.3", {"key", "eTag"}),
        (Change(UNTAGGED, "k", None, "e", "v"), "2.3", {"key", "eTag", "versionId"}),
        (Change(ACL, "k", None, "e"), "2.3", {"key", "eTag"}),
    ],
)
def test_each_kind_tells_what_it_knows(change: Change, version: str, members: set[str]) -> None:
    told = json.loads(object_records.record(change, ABOUT, "rule"))["Records"][0]
    assert (told["eventVersion"], set(told["s3"]["object"])) == (version, members)


CREATED = {"key": "a b/ü+c.txt", "size": 11, "etag": "e9fb", "version-id": "v1", "sequencer": "0018EAB70D9AE2AE77"}


@pytest.mark.parametrize(
    ("change", "detail_type", "more"),
    [
        (WHOLE, "Object Created", {"object": CREATED, "reason": "PutObject"}),
        (
            Change("ObjectCreated:Post", "k", 0, "e"),
            "Object Created",
            {
                "object": {"key": "k", "size": 0, "etag": "e", "sequencer": "0018EAB70D9AE2AE77"},
                "reason": "POST Object",
            },
        ),
        (
            Change(DELETED, "k"),
            "Object Deleted",
            {
                "object": {"key": "k", "sequencer": "0018EAB70D9AE2AE77"},
                "reason": "DeleteObject",
                "deletion-type": "Permanently Deleted",
            },
        ),
        (
            Change(MARKED, "k", version_id="v"),
            "Object Deleted",
            {
                "object": {
                    "key": "k",
                    "etag": "d41d8cd98f00b204e9800998ecf8427e",
                    "version-id": "v",
                    "sequencer": "0018EAB70D9AE2AE77",
                },
                "reason": "DeleteObject",
                "deletion-type": "Delete Marker Created",
            },
        ),
        (Change(TAGGED, "k", None, "e"), "Object Tags Added", {"object": {"key": "k", "etag": "e"}}),
        (Change(UNTAGGED, "k", None, "e"), "Object Tags Deleted", {"object": {"key": "k", "etag": "e"}}),
        (Change(ACL, "k", None, "e"), "Object ACL Updated", {"object": {"key": "k", "etag": "e"}}),
    ],
)
def test_a_bus_gets_its_own_form(change: Change, detail_type: str, more: dict[str, Any]) -> None:
    event_id = "6a7e8feb-b491-4cf7-a9f1-bf3703467718"
    assert json.loads(object_records.envelope(change, ABOUT, event_id).text) == {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-01-31T12:34:56Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:s3:::b"],
        "detail": {
            "version": "0",
            "bucket": {"name": "b"},
            "request-id": "4442587FB7D0A2F9",
            "requester": "111122223333",
            "source-ip-address": "127.0.0.1",
            **more,
        },
    }


def test_a_trial_message_names_the_bucket() -> None:
    assert json.loads(object_records.trial_message("b", ABOUT.at, "R", "H")) == {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-01-31T12:34:56.789Z",
        "Bucket": "b",
        "RequestId": "R",
        "HostId": "H",
    }


def test_a_later_sequencer_is_greater_as_text_too() -> None:
    one, other = object_records.sequencer_text(255), object_records.sequencer_text(2**62)
    assert len(one) == len(other)
    assert one < other
