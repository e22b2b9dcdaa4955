"""Functions: what AWS answers to creating one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from invocations import limits
from invocations.decisions.runtime_names import supported
from invocations.errors import (
    AccessDenied,
    CodeStorageExceeded,
    InvalidParameterValue,
    Refusal,
    ResourceConflict,
    ResourceNotFound,
    ValidationException,
)
from invocations.flows.functions import create_function, find
from invocations.models import Function, FunctionVersion
from invocations.runtime import code
from lambdaplay.home import Home
from tests.flows.conftest import (
    ARN,
    ELSEWHERE,
    OTHER,
    SCOPE,
    Make,
    draft,
    let_settle,
    package,
    packages_on_disk,
    refused,
)

pytestmark = pytest.mark.django_db


def test_a_new_function_is_pending_and_active_for_whoever_reads_it_later(home: Home) -> None:
    created = create_function(SCOPE, draft())
    assert (created.version, created.state) == ("$LATEST", "Pending")
    assert find(SCOPE, "fn").version.state == "Pending"
    assert find(SCOPE, "fn").version.revision_id == created.revision_id
    let_settle()
    read = find(SCOPE, "fn").version
    assert (read.state, read.update_status) == ("Active", "Successful")
    assert read.revision_id != created.revision_id
    assert find(SCOPE, "fn").version.revision_id == read.revision_id


def test_it_stays_pending_for_as_long_as_the_limit_says(home: Home) -> None:
    created = create_function(SCOPE, draft())
    due = created.state_since + timedelta(seconds=limits.SETTLE_SECONDS)
    assert not created.settle(due - timedelta(microseconds=1))
    assert created.settle(due)
    assert not created.settle(due)
    assert created.state == FunctionVersion.objects.get().state == "Active"


def test_defaults_are_aws_s(home: Home) -> None:
    made = create_function(SCOPE, draft())
    assert (made.timeout_seconds, made.memory_mb, made.tmp_mb) == (3, 128, 512)
    assert (made.description, made.architecture, made.tracing_mode) == ("", "x86_64", "PassThrough")
    assert (made.log_group, made.variables) == ("/aws/lambda/fn", None)
    assert made.function.reserved_concurrency is None
    assert made.code_size == code.package_path(made.code_sha256).stat().st_size


def test_an_empty_map_of_variables_is_not_the_same_as_none(home: Home) -> None:
    create_function(SCOPE, draft(variables={}))
    assert find(SCOPE, "fn").version.variables == {}


def test_published_at_creation_the_answer_is_version_1(home: Home) -> None:
    made = create_function(SCOPE, draft(publish=True))
    assert (made.version, made.state) == ("1", "Pending")
    assert find(SCOPE, "fn", "1").version.pk == made.pk
    assert find(SCOPE, "fn").version.revision_id != made.revision_id


def test_a_taken_name_is_a_conflict_and_its_code_does_not_stay(make: Make, home: Home) -> None:
    make()
    before = packages_on_disk(home)
    text = refused(ResourceConflict, lambda: create_function(SCOPE, draft(code=package("other = 1\n"))))
    assert text == "Function already exist: fn"
    assert packages_on_disk(home) == before
    assert Function.objects.count() == 1


def test_a_name_is_taken_only_within_its_account_and_region(make: Make) -> None:
    make()
    create_function(ELSEWHERE, draft())
    create_function(OTHER, draft())
    assert Function.objects.count() == 3


@pytest.mark.parametrize("reference", ["fn", "function:fn", "000000000000:function:fn", ARN + "fn"])
def test_a_function_is_created_by_name_or_arn(reference: str, home: Home) -> None:
    assert create_function(SCOPE, draft(reference)).function.name == "fn"


MODEL_PATTERN = "Member must satisfy regular expression pattern: "

REFUSED_DRAFTS: dict[str, tuple[dict[str, Any], type[Refusal], str]] = {
    "timeout of 0": (
        {"timeout_seconds": 0},
        ValidationException,
        "1 validation error detected: Value '0' at 'timeout' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1",
    ),
    "timeout of 901": (
        {"timeout_seconds": 901},
        ValidationException,
        "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
        "Member must have value less than or equal to 900",
    ),
    "too little memory": (
        {"memory_mb": 127},
        ValidationException,
        "1 validation error detected: Value '127' at 'memorySize' failed to satisfy constraint: "
        "Member must have value greater than or equal to 128",
    ),
    "too much memory": (
        {"memory_mb": 10241},
        ValidationException,
        "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy constraint: "
        "Member must have value less than or equal to 10240",
    ),
    "two at once": (
        {"tmp_mb": 511, "memory_mb": 1},
        ValidationException,
        "2 validation errors detected: Value '1' at 'memorySize' failed to satisfy constraint: "
        "Member must have value greater than or equal to 128; Value '511' at 'ephemeralStorage.size' failed to "
        "satisfy constraint: Member must have value greater than or equal to 512",
    ),
    "role that is none": (
        {"role": "admin"},
        ValidationException,
        "1 validation error detected: Value 'admin' at 'role' failed to satisfy constraint: "
        + MODEL_PATTERN
        + r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    ),
    "role nobody has": (
        {"role": "arn:aws:iam::000000000000:role/" + "r" * 600},
        InvalidParameterValue,
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    "handler with a blank": (
        {"handler": "app handler"},
        ValidationException,
        "1 validation error detected: Value 'app handler' at 'handler' failed to satisfy constraint: "
        + MODEL_PATTERN
        + r"[^\s]+",
    ),
    "handler too long": (
        {"handler": "h" * 129},
        ValidationException,
        f"1 validation error detected: Value '{'h' * 129}' at 'handler' failed to satisfy constraint: "
        "Member must have length less than or equal to 128",
    ),
    "description too long": (
        {"description": "d" * 257},
        ValidationException,
        f"1 validation error detected: Value '{'d' * 257}' at 'description' failed to satisfy constraint: "
        "Member must have length less than or equal to 256",
    ),
    "description that is no text": (
        {"description": "a\0b"},
        InvalidParameterValue,
        "The request contains characters that are not text.",
    ),
    "value that is no text": (
        {"variables": {"KEY": "\ud800"}},
        InvalidParameterValue,
        "The request contains characters that are not text.",
    ),
    "architecture": (
        {"architecture": "mips"},
        ValidationException,
        "1 validation error detected: Value '[mips]' at 'architectures' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]",
    ),
    "tracing mode": (
        {"tracing_mode": "Sometimes"},
        ValidationException,
        "1 validation error detected: Value 'Sometimes' at 'tracingConfig.mode' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Active, PassThrough]",
    ),
    "unknown runtime": (
        {"runtime": "cobol85"},
        InvalidParameterValue,
        "Value cobol85 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        f"[{', '.join(supported())}] or be a valid ARN",
    ),
    "deprecated runtime": (
        {"runtime": "python3.7"},
        InvalidParameterValue,
        "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda functions. "
        "We recommend you use a supported runtime while creating or updating functions.",
    ),
    "reserved variable": (
        {"variables": {"MINE": "1", "AWS_REGION": "mars"}},
        InvalidParameterValue,
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "contains reserved keys that are currently not supported for modification. "
        "Reserved keys used in this request: AWS_REGION",
    ),
    "variable with an underscore in front": (
        {"variables": {"_MINE": "1"}},
        ValidationException,
        "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: "
        f"Map keys must satisfy constraint: [{MODEL_PATTERN}[a-zA-Z]([a-zA-Z0-9_])+, Member must not be null]",
    ),
    "variables over 4 KB": (
        {"variables": {"KEY": "v" * 4087}},
        InvalidParameterValue,
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        'exceeded the 4KB limit. String measured: {"KEY":"' + "v" * 4087 + '"}',
    ),
    "network": ({"network": "moon"}, InvalidParameterValue, "The network must be one of: endpoint, internet, host."),
    "51 tags": (
        {"tags": {str(number): "" for number in range(51)}},
        InvalidParameterValue,
        "Number of tags exceeds resource tag limit.",
    ),
    "name of 65 characters": (
        {"name": "n" * 65},
        InvalidParameterValue,
        f"1 validation error detected: Value '{'n' * 65}' at 'functionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64",
    ),
    "name of 141 characters": (
        {"name": "n" * 141},
        ValidationException,
        f"1 validation error detected: Value '{'n' * 141}' at 'functionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 140",
    ),
    "ARN of another region": (
        {"name": "arn:aws:lambda:eu-west-1:000000000000:function:fn"},
        ResourceNotFound,
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    ),
    "reservation that leaves too little": (
        {"reserved_concurrency": 901},
        InvalidParameterValue,
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [100].",
    ),
}


@pytest.mark.parametrize("case", REFUSED_DRAFTS)
def test_a_refused_creation_says_what_aws_says_and_leaves_no_row_and_no_file(case: str, home: Home) -> None:
    given, kind, text = REFUSED_DRAFTS[case]
    assert refused(kind, lambda: create_function(SCOPE, draft(**{"name": "fn", **given}))) == text
    assert Function.objects.count() == 0
    assert packages_on_disk(home) == set()


@pytest.mark.parametrize("name", ["*", "my-function!", "my.function", "fn:invalid!", "fn:$latest", "a:b:c", ""])
def test_a_bad_name_is_a_validation_error_at_function_name(name: str, home: Home) -> None:
    text = refused(ValidationException, lambda: create_function(SCOPE, draft(name)))
    assert text.startswith(
        f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint"
    )


def test_an_arn_of_another_account_is_access_denied(home: Home) -> None:
    reference = "arn:aws:lambda:us-east-1:111122223333:function:fn"
    text = refused(AccessDenied, lambda: create_function(SCOPE, draft(reference)))
    assert text == (
        "User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:CreateFunction on resource: "
        f"{reference} because no resource-based policy allows the lambda:CreateFunction action"
    )


def test_variables_of_exactly_4_kb_are_taken(home: Home) -> None:
    assert create_function(SCOPE, draft(variables={"KEY": "v" * 4086})).variables == {"KEY": "v" * 4086}


@pytest.mark.parametrize("runtime", ["java21", "ruby3.3", "dotnet8", "provided.al2023", "nodejs22.x"])
def test_any_valid_runtime_is_accepted_whatever_this_machine_can_run(runtime: str, home: Home) -> None:
    assert create_function(SCOPE, draft(runtime=runtime)).runtime == runtime


def test_more_code_than_the_quota_is_refused(make: Make) -> None:
    made = make()
    FunctionVersion.objects.filter(pk=made.pk).update(code_size=limits.TOTAL_CODE_BYTES)
    assert (
        refused(CodeStorageExceeded, lambda: create_function(SCOPE, draft("second"))) == "Code storage limit exceeded."
    )
    create_function(OTHER, draft())  # another account's quota is its own
