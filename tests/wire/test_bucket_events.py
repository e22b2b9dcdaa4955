"""What changes of objects tell, over the wire: which event, of what, to whom."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.db import DatabaseError

from invocations.flows import object_events
from invocations.models import Bucket, Delivery, ObjectEvent
from tests.wire.asking import ask, signed
from tests.wire.boto import client
from tests.wire.storing import ACCOUNT, bucket, emulator, heard, open_queue, queue_rule, refused, s3

__all__ = ["bucket", "emulator", "heard", "s3"]

pytestmark = pytest.mark.django_db

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def test_a_written_object_is_told(s3: Any, bucket: str, heard: Any) -> None:
    done = s3.put_object(Bucket=bucket, Key="a b/ü+c.txt", Body=b"hello world")
    (record,) = heard()
    answered = done["ResponseMetadata"]["HTTPHeaders"]
    assert record["responseElements"] == {
        "x-amz-request-id": answered["x-amz-request-id"],
        "x-amz-id-2": answered["x-amz-id-2"],
    }
    assert (record["eventName"], record["awsRegion"]) == ("ObjectCreated:Put", "us-east-1")
    assert record["s3"]["configurationId"] == "all"
    told = record["s3"]["object"]
    assert (told["key"], told["size"], told["eTag"]) == ("a+b/%C3%BC%2Bc.txt", 11, done["ETag"].strip('"'))


def test_every_way_of_writing_has_its_name(s3: Any, bucket: str, heard: Any) -> None:
    s3.put_object(Bucket=bucket, Key="one", Body=b"12345")
    s3.copy_object(Bucket=bucket, Key="two", CopySource=f"{bucket}/one")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="three")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="three", UploadId=upload, PartNumber=1, Body=b"x" * 7)["ETag"]
    s3.complete_multipart_upload(
        Bucket=bucket, Key="three", UploadId=upload, MultipartUpload={"Parts": [{"ETag": part, "PartNumber": 1}]}
    )
    s3.put_object_tagging(Bucket=bucket, Key="one", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="one")
    s3.put_object_acl(Bucket=bucket, Key="one", ACL="private")
    s3.delete_object(Bucket=bucket, Key="one")
    told = [(one["eventName"], one["s3"]["object"]["key"], one["s3"]["object"].get("size")) for one in heard()]
    assert told == [
        ("ObjectCreated:Put", "one", 5),
        ("ObjectCreated:Copy", "two", 5),
        ("ObjectCreated:CompleteMultipartUpload", "three", 7),
        ("ObjectTagging:Put", "one", None),
        ("ObjectTagging:Delete", "one", None),
        ("ObjectAcl:Put", "one", None),
        ("ObjectRemoved:Delete", "one", None),
    ]
    made = s3.head_object(Bucket=bucket, Key="three")["ETag"].strip('"')
    assert heard()[2]["s3"]["object"]["eTag"] == made


def test_what_changes_nothing_tells_nothing(s3: Any, bucket: str, heard: Any) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    ObjectEvent.objects.all().delete()
    Delivery.objects.all().delete()
    s3.get_object(Bucket=bucket, Key="k")
    s3.list_objects_v2(Bucket=bucket)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="m", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="m", UploadId=upload)
    refused(s3.copy_object, Bucket=bucket, Key="l", CopySource=f"{bucket}/missing")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert (heard(), ObjectEvent.objects.count()) == ([], 0)


@pytest.mark.parametrize("quiet", [False, True])
def test_each_deleted_key_is_told(s3: Any, bucket: str, heard: Any, quiet: bool) -> None:
    for key in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=key)
    Delivery.objects.all().delete()
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}], "Quiet": quiet})
    told = sorted((one["eventName"], one["s3"]["object"]["key"]) for one in heard())
    assert told == [("ObjectRemoved:Delete", "a"), ("ObjectRemoved:Delete", "b")]


@pytest.mark.parametrize("quiet", [False, True])
def test_where_versions_are_kept_markers_are_told(s3: Any, bucket: str, heard: Any, quiet: bool) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "k"}, {"Key": "k", "VersionId": first}], "Quiet": quiet}
    )
    told = [(one["eventName"], one["s3"]["object"].get("versionId")) for one in heard()]
    assert told[:3] == [
        ("ObjectCreated:Put", first),
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", marker),
    ]
    assert [told[3][0], told[4]] == ["ObjectRemoved:DeleteMarkerCreated", ("ObjectRemoved:Delete", first)]
    assert all("eTag" not in one["s3"]["object"] for one in heard()[1:])


def test_a_key_may_hold_what_databases_refuse(bucket: str, heard: Any) -> None:
    for method in ("PUT", "DELETE"):
        assert ask(signed(method, f"/{bucket}/a%00b", b"x", service="s3")).status in (200, 204)
    assert [one["s3"]["object"]["key"] for one in heard()] == ["a%00b"] * 2


def test_the_version_of_times_without_versions_has_no_name(s3: Any, bucket: str, heard: Any) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert [one["s3"]["object"].get("versionId") for one in heard()] == [None, None]


def test_sequencers_of_a_key_grow(s3: Any, bucket: str, heard: Any) -> None:
    for _ in range(3):
        s3.put_object(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="k")
    found = [one["s3"]["object"]["sequencer"] for one in heard()]
    assert (found, len(set(found))) == (sorted(found), 4)


def test_filters_and_events_decide(s3: Any, bucket: str) -> None:
    rules = [{"Name": "prefix", "Value": "in/ü "}, {"Name": "suffix", "Value": ".txt"}]
    more = {"Id": "few", "Filter": {"Key": {"FilterRules": rules}}}
    wanted = queue_rule(open_queue("q"), ["s3:ObjectCreated:Put"], **more)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    Delivery.objects.all().delete()
    for key in ("in/ü a.txt", "in/ü a.png", "out/ü a.txt"):
        s3.put_object(Bucket=bucket, Key=key)
    s3.delete_object(Bucket=bucket, Key="in/ü a.txt")
    assert Delivery.objects.count() == 1
    sent = [[one["rule"] for one in row.sent] for row in ObjectEvent.objects.order_by("pk")]
    assert sent == [["few"], [], [], []]


def test_a_bus_gets_everything_once_it_is_enabled(s3: Any, bucket: str) -> None:
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket=bucket, Key="a b", Body=b"xy")
    row = Delivery.objects.get()
    told = json.loads(bytes(row.content.body))
    assert row.destination == f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    assert (told["detail-type"], told["source"]) == ("Object Created", "aws.s3")
    assert (told["detail"]["object"]["key"], told["detail"]["object"]["size"]) == ("a b", 2)


def test_the_sender_s_trace_goes_on(bucket: str, heard: Any) -> None:
    asked = signed("PUT", f"/{bucket}/k", b"x", {"X-Amzn-Trace-Id": f"Root={TRACE};Sampled=1"}, service="s3")
    assert ask(asked).status == 200
    assert (Delivery.objects.get().trace_id, ObjectEvent.objects.get().trace_id) == (TRACE, TRACE)


def test_others_begin_a_trace(s3: Any, bucket: str, heard: Any) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    row = Delivery.objects.get()
    assert (row.trace_id[:2], row.hops, row.caused_by) == ("1-", 0, "")


def test_accounts_are_apart(s3: Any, bucket: str, heard: Any) -> None:
    client("s3", key_id="111122223333").put_object(Bucket=bucket, Key="k")
    assert heard() == []


def test_a_streamed_body_counts_its_own_bytes(s3: Any, bucket: str, heard: Any) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(b"z" * 1000), ChecksumAlgorithm="SHA256")
    assert heard()[0]["s3"]["object"]["size"] == 1000


def test_an_event_that_cannot_be_stored_is_no_success(
    s3: Any, bucket: str, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr("invocations.flows.object_events._tell", fail)
    told = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x")
    assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == ("InternalError", 500)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_old_events_are_forgotten(s3: Any, bucket: str, heard: Any) -> None:
    for key in "abc":
        s3.put_object(Bucket=bucket, Key=key)
    assert object_events.forget(Bucket.objects.get(), kept=2) == 1
    assert sorted(ObjectEvent.objects.values_list("key", flat=True)) == ["b", "c"]
