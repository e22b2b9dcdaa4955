"""Code-signing configurations through boto3: everything is unsigned here, so Enforce lets nothing in."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.models import CodeSigningConfig, Function, FunctionVersion
from tests.wire.boto import client
from tests.wire.functions import ARN, create, refused, zipped

pytestmark = pytest.mark.django_db

PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/mine/abcdefghij"
PUBLISHERS = {"SigningProfileVersionArns": [PROFILE]}
NONE = ARN + "code-signing-config:csc-00000000000000000"
UNSIGNED = (
    "CodeVerificationFailedException",
    400,
    "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is "
    f"not configured to accept. Check the provided signature for {ARN}function:fn.",
)


def configure(api: Any, policy: str | None = None, **more: Any) -> dict[str, Any]:
    policies = {} if policy is None else {"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": policy}}
    answer = api.create_code_signing_config(AllowedPublishers=PUBLISHERS, **policies, **more)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    config: dict[str, Any] = answer["CodeSigningConfig"]
    return config


def test_a_configuration_is_made_read_changed_tagged_and_deleted(api: Any) -> None:
    made = configure(api, Description="d", Tags={"a": "b"})
    arn, identifier = made["CodeSigningConfigArn"], made["CodeSigningConfigId"]
    assert arn == f"{ARN}code-signing-config:{identifier}"
    assert len(identifier) == len("csc-") + 17
    assert made["AllowedPublishers"] == PUBLISHERS
    assert made["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    assert api.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == made
    assert api.list_tags(Resource=arn)["Tags"] == {"a": "b"}
    enforce = {"UntrustedArtifactOnDeployment": "Enforce"}
    changed = api.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=enforce)["CodeSigningConfig"]
    assert changed == {**made, "CodeSigningPolicies": enforce, "LastModified": changed["LastModified"]}
    assert api.delete_code_signing_config(CodeSigningConfigArn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 204
    gone = (
        "ResourceNotFoundException",
        404,
        f"The Lambda code signing configuration {arn} can not be found.",
    )
    calls = ("get_code_signing_config", "update_code_signing_config", "delete_code_signing_config")
    for call in (*calls, "list_functions_by_code_signing_config"):
        assert refused(getattr(api, call), CodeSigningConfigArn=arn) == gone


def test_lists_come_in_pages_of_ones_own(api: Any) -> None:
    arns = [configure(api)["CodeSigningConfigArn"] for _ in range(3)]
    pages = list(api.get_paginator("list_code_signing_configs").paginate(PaginationConfig={"PageSize": 2}))
    listed = [[one["CodeSigningConfigArn"] for one in page["CodeSigningConfigs"]] for page in pages]
    assert listed == [arns[:2], arns[2:]]
    elsewhere = client("lambda", "eu-west-1")
    assert elsewhere.list_code_signing_configs()["CodeSigningConfigs"] == []
    assert refused(elsewhere.get_code_signing_config, CodeSigningConfigArn=arns[0])[1] == 404
    for name in ("a", "b", "c"):
        create(api, name, CodeSigningConfigArn=arns[0])
    pages = api.get_paginator("list_functions_by_code_signing_config").paginate(
        CodeSigningConfigArn=arns[0], PaginationConfig={"PageSize": 2}
    )
    assert [page["FunctionArns"] for page in pages] == [[ARN + "function:a", ARN + "function:b"], [ARN + "function:c"]]


def test_a_function_has_one_configuration_and_keeps_it_from_being_deleted(api: Any) -> None:
    first, second = (configure(api)["CodeSigningConfigArn"] for _ in range(2))
    create(api, CodeSigningConfigArn=first)
    assert api.get_function_code_signing_config(FunctionName="fn")["CodeSigningConfigArn"] == first
    answer = api.put_function_code_signing_config(FunctionName="fn", CodeSigningConfigArn=second)
    assert (answer["FunctionName"], answer["CodeSigningConfigArn"]) == ("fn", second)
    api.delete_code_signing_config(CodeSigningConfigArn=first)
    assert refused(api.delete_code_signing_config, CodeSigningConfigArn=second)[:2] == (
        "ResourceConflictException",
        409,
    )
    api.delete_function_code_signing_config(FunctionName="fn")
    assert api.get_function_code_signing_config(FunctionName="fn").keys() == {"ResponseMetadata"}
    api.delete_code_signing_config(CodeSigningConfigArn=second)
    assert not CodeSigningConfig.objects.exists()


def test_enforce_blocks_code_and_layers_and_nothing_else(api: Any) -> None:
    arn = configure(api, "Enforce")["CodeSigningConfigArn"]
    assert refused(create, api=api, CodeSigningConfigArn=arn) == UNSIGNED
    assert not Function.objects.exists()
    create(api)
    layer = api.publish_layer_version(LayerName="l", Content={"ZipFile": zipped({"a": "b"})})["LayerVersionArn"]
    api.put_function_code_signing_config(FunctionName="fn", CodeSigningConfigArn=arn)
    before = FunctionVersion.objects.values_list("code_sha256", "layers").get()
    newer = {"FunctionName": "fn", "ZipFile": zipped({"app.py": "x = 1"})}
    assert refused(api.update_function_code, **newer) == UNSIGNED
    assert refused(api.update_function_code, **newer, DryRun=True) == UNSIGNED
    assert refused(api.update_function_configuration, FunctionName="fn", Layers=[layer]) == UNSIGNED
    assert FunctionVersion.objects.values_list("code_sha256", "layers").get() == before
    assert api.update_function_configuration(FunctionName="fn", Timeout=5)["Timeout"] == 5
    warn = {"UntrustedArtifactOnDeployment": "Warn"}
    api.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=warn)
    api.get_function(FunctionName="fn")
    assert api.update_function_code(**newer)["CodeSize"] != before[0]


def test_a_configuration_or_function_that_is_not_there(api: Any) -> None:
    missing = (
        "CodeSigningConfigNotFoundException",
        404,
        "The code signing configuration cannot be found. "
        f"Check that the provided configuration is not deleted: {NONE}.",
    )
    assert refused(create, api=api, CodeSigningConfigArn=NONE) == missing
    create(api)
    put = api.put_function_code_signing_config
    assert refused(put, FunctionName="fn", CodeSigningConfigArn=NONE) == missing
    arn = configure(api)["CodeSigningConfigArn"]
    gone = ("ResourceNotFoundException", 404, f"Function not found: {ARN}function:none")
    assert refused(put, FunctionName="none", CodeSigningConfigArn=arn) == gone
    assert refused(api.get_function_code_signing_config, FunctionName="none") == gone
    assert refused(api.delete_function_code_signing_config, FunctionName="none") == gone


@pytest.mark.parametrize(
    "wrong",
    [
        {"AllowedPublishers": None},
        {"AllowedPublishers": {"SigningProfileVersionArns": []}},
        {"AllowedPublishers": {"SigningProfileVersionArns": [PROFILE] * 21}},
        {"AllowedPublishers": {"SigningProfileVersionArns": ["me"]}},
        {"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Maybe"}},
        {"Description": "x" * 257},
    ],
)
def test_a_configuration_that_cannot_be_made(api: Any, wrong: dict[str, Any]) -> None:
    answer = refused(api.create_code_signing_config, **{"AllowedPublishers": PUBLISHERS, **wrong})
    assert answer[:2] == ("ValidationException", 400)
    assert not CodeSigningConfig.objects.exists()
