"""Resource policies of functions through boto3, as another account and a queue's neighbours see them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.house import SOON, House
from tests.wire.test_lambda_live import ROLE, package, runtime

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
OTHER = "111122223333"


@pytest.fixture
def function(live: House) -> str:
    api = live.client("lambda")
    name = f"policy-{uuid.uuid4().hex[:8]}"
    code = {"ZipFile": package("def handler(event, context): return event\n")}
    api.create_function(FunctionName=name, Runtime=runtime(), Handler="app.handler", Role=ROLE, Code=code)
    api.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    return name


def refusal(action: Any, **params: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        action(**params)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def test_a_policy_lives_as_on_aws(live: House, function: str) -> None:
    api = live.client("lambda")
    before = api.get_function_configuration(FunctionName=function)["RevisionId"]
    added = api.add_permission(
        FunctionName=function,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket",
        SourceAccount="000000000000",
        RevisionId=before,
    )
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert added["Statement"] == (
        '{"Sid":"s3","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",'
        f'"Resource":"{ARN}{function}","Condition":{{"StringEquals":{{"AWS:SourceAccount":"000000000000"}},'
        '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}'
    )
    policy = api.get_policy(FunctionName=function)
    assert json.loads(policy["Policy"]) == {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [json.loads(added["Statement"])],
    }
    assert api.get_function_configuration(FunctionName=function)["RevisionId"] != before
    removed = api.remove_permission(FunctionName=function, StatementId="s3", RevisionId=policy["RevisionId"])
    assert removed["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(api.get_policy, FunctionName=function) == (
        "ResourceNotFoundException",
        404,
        "The resource you requested does not exist.",
    )


def test_refusals_are_awss(live: House, function: str) -> None:
    api = live.client("lambda")
    given = {"FunctionName": function, "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}
    api.add_permission(StatementId="s", **given)
    assert refusal(api.add_permission, StatementId="s", **given)[:2] == ("ResourceConflictException", 409)
    code, status, text = refusal(api.add_permission, StatementId="t", **given, RevisionId="old")
    assert (code, status) == ("PreconditionFailedException", 412)
    assert text.endswith("Call the GetPolicy API to retrieve the latest Revision Id")
    assert refusal(api.add_permission, StatementId="t", **{**given, "Principal": "ada"}) == (
        "InvalidParameterValueException",
        400,
        "The provided principal was invalid. Please check the principal and try again.",
    )
    code, status, text = refusal(api.add_permission, StatementId="a b", **given)
    assert (code, status) == ("ValidationException", 400) and "([a-zA-Z0-9-_]+)" in text
    assert refusal(api.remove_permission, FunctionName=function, StatementId="x") == (
        "ResourceNotFoundException",
        404,
        "Statement x is not found in resource policy.",
    )
    big = {**given, "SourceArn": "arn:aws:sns:us-east-1:000000000000:" + "x" * 9900}
    api.add_permission(StatementId="t", **big)
    assert refusal(api.add_permission, StatementId="u", **big)[:2] == ("PolicyLengthExceededException", 400)


def test_another_account_invokes_with_a_statement_only(live: House, function: str) -> None:
    own = live.client("lambda")
    other = live.client("lambda", aws_access_key_id=OTHER)
    arn = f"{ARN}{function}"
    code, status, _ = refusal(other.invoke, FunctionName=arn, Payload=b"1")
    assert (code, status) == ("AccessDeniedException", 403)
    own.add_permission(FunctionName=function, StatementId="other", Action="lambda:InvokeFunction", Principal=OTHER)
    assert other.invoke(FunctionName=arn, Payload=b"1")["Payload"].read() == b"1"
    assert refusal(other.get_function, FunctionName=arn)[0] == "AccessDeniedException"
    own.remove_permission(FunctionName=function, StatementId="other")
    assert refusal(other.invoke, FunctionName=arn, Payload=b"1")[0] == "AccessDeniedException"
