"""From requests to drafts: what is translated, what is refused by name, and when the code is stored."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.errors import InvalidParameterValue, Refusal, ResourceConflict, ResourceNotFound, UnsupportedOption
from invocations.flows import drafts
from invocations.flows.functions import create_function, find, update_configuration
from invocations.runtime import code
from lambdaplay.home import Home
from tests.flows.conftest import ARN, ROLE, SCOPE, Make, packages_on_disk

pytestmark = pytest.mark.django_db

ZIP = code.from_source("app.py", "x = 1\n")
SMALLEST = {
    "FunctionName": "new",
    "Runtime": "python3.12",
    "Handler": "app.handler",
    "Role": ROLE,
    "Code": {"ZipFile": ZIP},
}


def test_a_request_becomes_a_function(home: Home) -> None:
    request = {
        **SMALLEST,
        "Description": "d",
        "Timeout": 900,
        "MemorySize": 10240,
        "EphemeralStorage": {"Size": 1024},
        "Architectures": ["arm64"],
        "Environment": {"Variables": {"KEY": "v"}},
        "TracingConfig": {"Mode": "Active"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/mine"},
        "Tags": {"a": "b"},
        "Publish": True,
        "PackageType": "Zip",
    }
    made = create_function(SCOPE, drafts.draft_from_request(SCOPE, request))
    assert (made.version, made.description, made.timeout_seconds, made.memory_mb) == ("1", "d", 900, 10240)
    assert (made.tmp_mb, made.architecture, made.variables) == (1024, "arm64", {"KEY": "v"})
    assert (made.tracing_mode, made.log_group, made.function.tags) == ("Active", "/mine", {"a": "b"})


UNSUPPORTED: dict[str, Any] = {
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "FileSystemConfigs": [{"Arn": "arn:aws:elasticfilesystem:...", "LocalMountPath": "/mnt/x"}],
    "ImageConfig": {"Command": ["x"]},
    "PackageType": "Image",
    "KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/x",
    "SnapStart": {"ApplyOn": "PublishedVersions"},
    "PublishTo": "LATEST_PUBLISHED",
    "DurableConfig": {"ExecutionTimeout": 5},
    "TenancyConfig": {"TenantIsolationMode": "PER_TENANT"},
}

EMPTY: dict[str, Any] = {
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    "FileSystemConfigs": [],
    "ImageConfig": {},
    "Layers": [],
    "KMSKeyArn": "",
    "SnapStart": {"ApplyOn": "None"},
    "DeadLetterConfig": {"TargetArn": ""},
    "LoggingConfig": {"LogFormat": "Text"},
    "PackageType": "Zip",
}


@pytest.mark.parametrize("option", UNSUPPORTED)
def test_an_option_that_is_not_acted_on_is_refused_by_name_before_anything_is_stored(option: str, home: Home) -> None:
    request = {**SMALLEST, option: UNSUPPORTED[option]}
    with pytest.raises(UnsupportedOption, match=option) as caught:
        drafts.draft_from_request(SCOPE, request)
    assert caught.value.code == "InvalidParameterValueException"
    assert packages_on_disk(home) == set()
    if option not in ("PackageType", "PublishTo", "TenancyConfig"):
        with pytest.raises(UnsupportedOption, match=option):
            drafts.changes_from_request({"FunctionName": "new", option: UNSUPPORTED[option]})


@pytest.mark.parametrize("option", EMPTY)
def test_an_option_that_asks_for_nothing_is_taken(option: str, home: Home) -> None:
    assert drafts.draft_from_request(SCOPE, {**SMALLEST, option: EMPTY[option]}).name == "new"


BAD_CODE: dict[str, tuple[dict[str, Any], type[Refusal], str]] = {
    "no source": ({}, InvalidParameterValue, "Please provide a source for function code."),
    "bucket without key": ({"S3Bucket": "b"}, InvalidParameterValue, "Please provide a source for function code."),
    "two sources": (
        {"ZipFile": ZIP, "S3Bucket": "b", "S3Key": "k"},
        InvalidParameterValue,
        "Please do not provide other FunctionCode parameters when providing a ZipFile.",
    ),
    "image": (
        {"ImageUri": "x"},
        UnsupportedOption,
        "lambdaplay does not support Code.ImageUri with this value; leave it out.",
    ),
    "no zip": (
        {"ZipFile": b"no zip"},
        InvalidParameterValue,
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
    ),
    "empty": ({"ZipFile": b""}, InvalidParameterValue, "Uploaded file must be a non-empty zip"),
}


@pytest.mark.parametrize("case", BAD_CODE)
def test_bad_code_is_refused_in_aws_words(case: str, home: Home) -> None:
    source, kind, text = BAD_CODE[case]
    with pytest.raises(kind) as caught:
        drafts.draft_from_request(SCOPE, {**SMALLEST, "Code": source})
    assert caught.value.message == text
    assert packages_on_disk(home) == set()


def test_s3_code_is_refused_by_name_where_no_s3_stands_behind(home: Home, settings: Any) -> None:
    settings.LAMBDAPLAY_COMPANION = "none"
    with pytest.raises(UnsupportedOption, match="S3Bucket"):
        drafts.draft_from_request(SCOPE, {**SMALLEST, "Code": {"S3Bucket": "bucket", "S3Key": "key"}})


def test_an_s3_that_does_not_answer_is_told_in_aws_s_form(home: Home, settings: Any) -> None:
    settings.LAMBDAPLAY_URL = "http://127.0.0.1:1"
    with pytest.raises(InvalidParameterValue, match=r"^Error occurred while GetObject. S3 Error Code: "):
        drafts.draft_from_request(SCOPE, {**SMALLEST, "Code": {"S3Bucket": "bucket", "S3Key": "key"}})


@pytest.mark.parametrize("missing", ["Runtime", "Handler"])
def test_runtime_and_handler_are_mandatory_for_a_zip(missing: str, home: Home) -> None:
    request = {name: value for name, value in SMALLEST.items() if name != missing}
    with pytest.raises(InvalidParameterValue) as caught:
        drafts.draft_from_request(SCOPE, request)
    assert caught.value.message == (
        "Runtime and Handler are mandatory parameters for functions created with deployment packages."
    )


def test_a_taken_name_or_a_missing_function_is_told_before_the_code_is_stored(make: Make, home: Home) -> None:
    make("new")
    before = packages_on_disk(home)
    with pytest.raises(ResourceConflict, match=r"^Function already exist: new$"):
        drafts.draft_from_request(SCOPE, SMALLEST)
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}gone$"):
        drafts.code_from_request(SCOPE, {"FunctionName": "gone", "ZipFile": ZIP})
    assert packages_on_disk(home) == before


def test_an_image_for_a_zip_function_is_refused_in_aws_words(make: Make) -> None:
    make()
    with pytest.raises(InvalidParameterValue) as caught:
        drafts.code_from_request(SCOPE, {"FunctionName": "fn", "ImageUri": "x"})
    assert caught.value.message == "Please don't provide ImageUri when updating a function with packageType Zip."


def test_an_update_request_changes_only_its_members(make: Make) -> None:
    make(variables={"KEY": "1"}, description="mine")
    changes = drafts.changes_from_request({"FunctionName": "fn", "Timeout": 5, "Environment": {"Variables": {}}})
    update_configuration(SCOPE, "fn", changes)
    version = find(SCOPE, "fn").version
    assert (version.timeout_seconds, version.variables, version.description) == (5, {}, "mine")
