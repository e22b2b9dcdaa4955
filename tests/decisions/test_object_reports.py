"""What other object stores post, read into changes."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.decisions import object_reports
from invocations.decisions.object_records import Change
from invocations.decisions.object_reports import BadReport


def record(name: str = "s3:ObjectCreated:Put", **more: Any) -> dict[str, Any]:
    thing = {"key": "in%2Fa+b%C3%BC.txt", "size": 5, "eTag": "e", "versionId": "v", "sequencer": "17F0", **more}
    return {
        "eventName": name,
        "userIdentity": {"principalId": "minioadmin"},
        "requestParameters": {"principalId": "minioadmin", "region": "", "sourceIPAddress": "10.0.0.9"},
        "responseElements": {"x-amz-request-id": "17F0A"},
        "s3": {"bucket": {"name": "photos"}, "object": thing},
    }


def test_a_report_of_minio_is_read() -> None:
    (found,) = object_reports.read({"EventName": "s3:ObjectCreated:Put", "Key": "photos/in", "Records": [record()]})
    assert found.change == Change("ObjectCreated:Put", "in/a bü.txt", 5, "e", "v", "17F0")
    assert (found.bucket, found.principal, found.address, found.request_id) == (
        "photos", "minioadmin", "10.0.0.9", "17F0A",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ObjectCreated:Copy", "ObjectCreated:Copy"),
        ("s3:ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:DeleteMarkerCreated"),
        ("s3:ObjectCreated:PutTagging", "ObjectTagging:Put"),
        ("s3:ObjectCreated:DeleteTagging", "ObjectTagging:Delete"),
        ("s3:ObjectAccessed:Get", None),
        ("s3:Replication:*", None),
        ("", None),
    ],
)
def test_each_event_has_s3_s_name_or_is_left_out(name: str, expected: str | None) -> None:
    found = [one.change.name for one in object_reports.read({"Records": [record(name)]})]
    assert found == ([] if expected is None else [expected])


def test_only_what_is_made_has_a_size() -> None:
    (found,) = object_reports.read({"Records": [record("s3:ObjectRemoved:Delete")]})
    assert found.change.size is None


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "a JSON object with Records"),
        ({}, "a JSON object with Records"),
        ({"Records": {}}, "a JSON object with Records"),
        ({"Records": [1]}, "a JSON object with Records"),
        ({"Records": [{"eventName": "s3:ObjectCreated:Put"}]}, "lacks s3.bucket.name or s3.object.key"),
        ({"Records": [record(key="")]}, "lacks s3.bucket.name or s3.object.key"),
        ({"Records": [record(key=3)]}, "lacks s3.bucket.name or s3.object.key"),
        ({"Records": [record()] * 1001}, "at most 1000 records; this one has 1001"),
    ],
)
def test_what_is_no_report_is_refused(document: Any, text: str) -> None:
    with pytest.raises(BadReport, match=text):
        object_reports.read(document)


def test_odd_members_are_bounded() -> None:
    (found,) = object_reports.read({"Records": [record(eTag=None, versionId="v" * 999, sequencer="\0" * 9, size="5")]})
    assert found.change == Change("ObjectCreated:Put", "in/a bü.txt", None, "", "v" * 256, "")
