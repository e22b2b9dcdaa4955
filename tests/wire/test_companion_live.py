"""S3, DynamoDB and others through our endpoint: verified by us, answered by the companion."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import uuid
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError

from invocations.wire import chunked, sigv4
from tests.house import House
from tests.wire.asking import KEYS, signed
from tests.wire.functions import refused, zipped
from tests.wire.test_chunked import frame
from tests.wire.test_lambda_live import create as create_live

KEY = "a b/ü+c//../d.txt"


@pytest.fixture
def bucket(live: House) -> Iterator[str]:
    s3 = live.client("s3")
    name = f"wire-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    yield name
    for row in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=row["Key"])
    s3.delete_bucket(Bucket=name)


def test_an_object_goes_in_and_comes_out(live: House, bucket: str) -> None:
    s3 = live.client("s3")
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"hello", Metadata={"my_key": "v", "other-key": "w"})
    got = s3.get_object(Bucket=bucket, Key=KEY)
    assert got["Body"].read() == b"hello"
    assert got["Metadata"] == {"my_key": "v", "other-key": "w"}
    assert s3.head_object(Bucket=bucket, Key=KEY)["ContentLength"] == 5


def test_a_user_made_in_the_companion_gets_a_key_that_opens_the_house(live: House) -> None:
    iam, name = live.client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
    assert live.client("sts", **keys).get_caller_identity()["Account"] == "000000000000"
    with pytest.raises(ClientError, match="DeleteConflict"):
        iam.delete_user(UserName=name)
    iam.delete_access_key(UserName=name, AccessKeyId=made["AccessKeyId"])
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        live.client("sts", **keys).get_caller_identity()
    iam.delete_user(UserName=name)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.create_access_key(UserName=name)


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_streamed_body_with_a_checksum_trailer_is_unframed(live: House, bucket: str, algorithm: str) -> None:
    data = b"0123456789abcdef" * 65_536

    s3 = live.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=data, ChecksumAlgorithm=algorithm, ContentEncoding="gzip")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert hashlib.sha256(got["Body"].read()).digest() == hashlib.sha256(data).digest()
    assert got["ContentEncoding"] == "gzip"


class ChunkedAuth(S3SigV4Auth):  # type: ignore[misc]
    """botocore signs the frame here; the chunks are sealed by the test."""

    def payload(self, request: AWSRequest) -> str:
        return chunked.SIGNED_TRAILER


@pytest.mark.parametrize("known", [True, False])
def test_sealed_chunks_are_verified_and_unframed(live: House, bucket: str, known: bool) -> None:
    data = b"0123456789" * 20_000
    request = AWSRequest("PUT", f"{live.url}/{bucket}/sealed", headers={"X-Amz-Decoded-Content-Length": str(len(data))})
    ChunkedAuth(KEYS, "s3", "us-east-1").add_auth(request)
    claim = sigv4.read_header(request.headers["Authorization"], {"x-amz-date": request.headers["X-Amz-Date"]}.get)
    key = sigv4.signing_key("test" if known else "other", claim.date, "us-east-1", "s3")
    seals = chunked.Seals(key, claim.timestamp, claim.scope, claim.signature)
    crc = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    body = frame([data[:70_000], data[70_000:]], {"x-amz-checksum-crc32": crc}, by=seals)
    headers = {**dict(request.headers.items()), "Content-Type": "text/plain"}
    sent = Request(request.url, data=iter([body]), method="PUT", headers=headers)
    if known:
        with urlopen(sent) as answer:
            assert answer.status == 200
        assert live.client("s3").get_object(Bucket=bucket, Key="sealed")["Body"].read() == data
        return
    with pytest.raises(HTTPError) as refused:
        urlopen(sent)
    assert (refused.value.code, b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()) == (403, True)
    refused.value.close()


def test_a_multipart_upload_works(live: House, bucket: str) -> None:
    s3 = live.client("s3")
    s3.upload_fileobj(io.BytesIO(b"z" * 12_000_000), bucket, "big")
    assert s3.head_object(Bucket=bucket, Key="big")["ContentLength"] == 12_000_000


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_links_read_and_write_and_cannot_be_changed(live: House, bucket: str, version: str) -> None:
    s3 = live.client("s3", config=Config(signature_version=version))
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": KEY})
    with urlopen(Request(put, data=b"xyz", method="PUT", headers={"Content-Type": ""})) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": KEY})
    with urlopen(get) as answer:
        assert answer.read() == b"xyz"
    with pytest.raises(HTTPError) as refused:
        urlopen(get.replace("d.txt", "e.txt"))
    assert (refused.value.code, b"<Code>SignatureDoesNotMatch</Code>" in refused.value.read()) == (403, True)
    refused.value.close()


def test_a_bucket_can_stand_in_the_host_name(live: House, bucket: str) -> None:
    live.client("s3").put_object(Bucket=bucket, Key="k", Body=b"hello")
    asked = signed("GET", "/k", service="s3", headers={"Host": f"{bucket}.localhost:{live.port}"})
    with urlopen(Request(live.url + asked.target, headers=asked.headers)) as answer:
        assert answer.read() == b"hello"


def test_a_table_keeps_items(live: House) -> None:
    tables = live.client("dynamodb")
    name = f"wire-{uuid.uuid4().hex[:8]}"
    key = {"AttributeName": "k", "AttributeType": "S"}
    tables.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[key],
        BillingMode="PAY_PER_REQUEST",
    )
    tables.put_item(TableName=name, Item={"k": {"S": "1"}, "b": {"B": b"\0\xff"}})
    assert tables.get_item(TableName=name, Key={"k": {"S": "1"}})["Item"]["b"]["B"] == b"\0\xff"
    tables.delete_table(TableName=name)


def calls(live: House, **options: Any) -> list[Any]:
    return [
        live.client("dynamodb", **options).list_tables,
        live.client("s3", **options).list_buckets,
        live.client("iam", **options).list_users,
        live.client("ssm", **options).describe_parameters,
    ]


def test_a_wrong_secret_reaches_nobody(live: House) -> None:
    for call in calls(live, aws_secret_access_key="wrong"):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] in ("InvalidSignatureException", "SignatureDoesNotMatch")


def test_an_unknown_key_reaches_nobody(live: House) -> None:
    codes = []
    for call in calls(live, aws_access_key_id="AKIAUNKNOWN"):
        with pytest.raises(ClientError) as refused:
            call()
        codes.append(refused.value.response["Error"]["Code"])
    expected = ["UnrecognizedClientException", "InvalidAccessKeyId", "InvalidClientTokenId"]
    assert codes == [*expected, "UnrecognizedClientException"]


def test_accounts_and_regions_are_apart(live: House, bucket: str) -> None:
    other = live.client("s3", aws_access_key_id="111122223333")
    assert bucket not in [row["Name"] for row in other.list_buckets()["Buckets"]]
    here, there = live.client("ssm"), live.client("ssm", region_name="eu-west-1")
    here.put_parameter(Name="/wire/p", Value="v", Type="String")
    assert there.describe_parameters()["Parameters"] == []
    here.delete_parameter(Name="/wire/p")


def test_code_can_come_from_a_bucket(live: House, bucket: str) -> None:
    from tests.wire.test_lambda_live import ROLE, package, runtime

    live.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=package())
    api, name = live.client("lambda"), f"wire-{uuid.uuid4().hex[:8]}"
    made = api.create_function(
        FunctionName=name,
        Runtime=runtime(),
        Role=ROLE,
        Handler="app.handler",
        Code={"S3Bucket": bucket, "S3Key": "code.zip"},
    )
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(package()).digest()).decode()
    api.delete_function(FunctionName=name)


def test_a_layer_published_from_s3_is_seen_by_a_function(live: House, bucket: str) -> None:
    api, name = live.client("lambda"), f"layered-{uuid.uuid4().hex[:8]}"
    live.client("s3").put_object(Bucket=bucket, Key="layer.zip", Body=zipped({"python/tools.py": "NAME = 's3'\n"}))
    content = {"S3Bucket": bucket, "S3Key": "layer.zip"}
    layer = api.publish_layer_version(LayerName=name, Content=content)["LayerVersionArn"]
    source = "import tools\ndef handler(event, context): return [tools.NAME, tools.__file__]\n"
    create_live(api, name, Code={"ZipFile": zipped({"app.py": source})}, Layers=[layer])
    answer = api.invoke(FunctionName=name)
    assert json.load(answer["Payload"]) == ["s3", "/opt/python/tools.py"]
    newer = zipped({"python/tools.py": "NAME = 'newer'\n"})
    layer = api.publish_layer_version(LayerName=name, Content={"ZipFile": newer})["LayerVersionArn"]
    api.update_function_configuration(FunctionName=name, Layers=[layer])
    api.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert json.load(api.invoke(FunctionName=name)["Payload"])[0] == "newer"
    answer = refused(api.publish_layer_version, LayerName=name, Content={"S3Bucket": bucket, "S3Key": "none"})
    sentence = "S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
    assert answer == ("InvalidParameterValueException", 400, f"Error occurred while GetObject. {sentence}")
    api.delete_function(FunctionName=name)
