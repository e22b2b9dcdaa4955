"""Browser uploads: boto3's presigned posts, sent as a form, against a real S3 emulator."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.wire.asking import BASE, Asked, Heard, ask
from tests.wire.storing import bucket, emulator, heard, s3

__all__ = ["bucket", "emulator", "heard", "s3"]

pytestmark = pytest.mark.django_db

BOUNDARY = "----WebKitFormBoundary7MA4"
DATA = b"\r\n--no end\0" * 40_000


def presigned(bucket: str, key: str, version: str = "s3v4", **more: Any) -> dict[str, str]:
    signer = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=BASE, aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(signature_version=version),
    )  # fmt: skip
    found: dict[str, str] = signer.generate_presigned_post(bucket, key, **more)["fields"]
    return found


def post(target: str, fields: dict[str, str], data: bytes = b"hello", **more: Any) -> Heard:
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="C:\\\\my\\\\cat.png"\r\n'
    body = (
        head.encode() + file.encode() + b"Content-Type: image/png\r\n\r\n" + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    )
    return ask(Asked("POST", target, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **more}, body))


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_form_is_stored_and_told(s3: Any, bucket: str, heard: Any, version: str) -> None:
    fields = presigned(bucket, "in/${filename}", version, Fields={"Content-Type": "image/png", "x-amz-meta-a": "1"},
                       Conditions=[{"Content-Type": "image/png"}, {"x-amz-meta-a": "1"}])  # fmt: skip
    answer = post(f"/{bucket}", fields, DATA)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["location"] == f"{BASE}/{bucket}/in/cat.png"
    got = s3.get_object(Bucket=bucket, Key="in/cat.png")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (DATA, "image/png", {"a": "1"})
    (record,) = heard()
    told = record["s3"]["object"]
    assert (record["eventName"], told["key"], told["size"]) == ("ObjectCreated:Post", "in/cat.png", len(DATA))
    assert told["eTag"] == got["ETag"].strip('"')


def test_the_bucket_may_stand_in_the_host(s3: Any, bucket: str) -> None:
    assert post("/", presigned(bucket, "k"), Host=f"{bucket}.localhost:8000").status == 204
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == 5


@pytest.mark.parametrize(
    ("field", "value", "status", "found"),
    [
        ("success_action_status", "200", 200, ""),
        ("success_action_status", "201", 201, "<PostResponse><Location>"),
        ("success_action_status", "418", 204, ""),
        ("success_action_redirect", "http://example.com/done?a=b", 303, ""),
        ("success_action_redirect", "javascript:alert(1)", 204, ""),
    ],
)
def test_the_form_chooses_its_answer(s3: Any, bucket: str, field: str, value: str, status: int, found: str) -> None:
    fields = presigned(bucket, "k", Fields={field: value}, Conditions=[{field: value}])
    answer = post(f"/{bucket}", fields)
    assert (answer.status, found in answer.text) == (status, True)
    if status == 303:
        assert answer.headers["location"].startswith(f"http://example.com/done?a=b&bucket={bucket}&key=k&etag=%22")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("name", ["policy", "signature"])
def test_a_changed_form_is_refused(s3: Any, bucket: str, version: str, name: str, heard: Any) -> None:
    fields = presigned(bucket, "k", version)
    field = "x-amz-signature" if name == "signature" and version == "s3v4" else name
    fields[field] = "A" + fields[field][1:] if fields[field][0] != "A" else "B" + fields[field][1:]
    answer = post(f"/{bucket}", fields)
    assert (answer.status, "<Code>SignatureDoesNotMatch</Code>" in answer.text, heard()) == (403, True, [])


def test_what_the_policy_does_not_allow_is_refused(s3: Any, bucket: str, heard: Any) -> None:
    fields = presigned(bucket, "k", Conditions=[["content-length-range", 0, 4]])
    for answer, code in (
        (post(f"/{bucket}", fields), "EntityTooLarge"),
        (post(f"/{bucket}", {**fields, "key": "other"}, b"x"), "AccessDenied"),
        (post(f"/{bucket}x", fields, b"x"), "AccessDenied"),
        (post(f"/{bucket}", presigned(bucket, "k", ExpiresIn=-1)), "AccessDenied"),
    ):
        assert f"<Code>{code}</Code>" in answer.text
    assert heard() == []


def test_fields_that_would_do_something_else_are_refused(s3: Any, bucket: str, heard: Any) -> None:
    for name, value in (("x-amz-copy-source", "b/k"), ("tagging", "<Tagging/>"), ("x-amz-meta-a", "1\r\nx-amz-acl: y")):
        conditions = [["starts-with", f"${name}", ""]]
        answer = post(f"/{bucket}", presigned(bucket, "k", Conditions=conditions) | {name: value})
        assert answer.status in (400, 501), name
    assert heard() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda body: body.replace(b'name="key"', b'name="kez"'), "InvalidArgument"),
        (lambda body: body.replace(b'name="file"', b'name="fine"'), "IncorrectNumberOfFilesInPostRequest"),
        (lambda body: body[:-10], "MalformedPOSTRequest"),
        (lambda body: b"", "IncorrectNumberOfFilesInPostRequest"),
        (lambda body: body.replace(b'name="policy"', b'name="polity"'), "AccessDenied"),
    ],
)
def test_what_is_no_form_is_refused(s3: Any, bucket: str, change: Any, code: str) -> None:
    fields = presigned(bucket, "k")
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()
    )
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nxyz\r\n--{BOUNDARY}--\r\n'
    body = change((head + file).encode())
    asked = Asked("POST", f"/{bucket}", {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}, body)
    assert f"<Code>{code}</Code>" in ask(asked).text


def test_a_form_without_a_boundary_is_refused(s3: Any, bucket: str) -> None:
    answer = ask(Asked("POST", f"/{bucket}", {"Content-Type": "multipart/form-data"}, b"x"))
    assert "<Code>MalformedPOSTRequest</Code>" in answer.text


def test_another_page_s_form_is_refused(s3: Any, bucket: str, heard: Any) -> None:
    answer = post(f"/{bucket}", presigned(bucket, "k"), Origin="http://evil.example")
    assert (answer.status, heard()) == (403, [])
