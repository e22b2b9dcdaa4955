"""Functions: what AWS answers to creating, changing and deleting them."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest

from invocations import limits
from invocations.decisions.runtime_names import supported
from invocations.errors import (
    AccessDenied,
    CodeStorageExceeded,
    InvalidParameterValue,
    PreconditionFailed,
    Refusal,
    ResourceConflict,
    ResourceNotFound,
    ValidationException,
)
from invocations.flows import aliases, functions, versions
from invocations.flows.functions import ConfigurationChanges, create_function, find
from invocations.models import Function, FunctionVersion
from invocations.runtime import code
from invocations.values import Scope
from lambdaplay.home import Home
from tests.flows.conftest import ARN, SCOPE, Make, draft, let_settle, package, packages_on_disk

pytestmark = pytest.mark.django_db

ELSEWHERE = Scope("000000000000", "eu-west-1")
OTHER = Scope("111122223333", "us-east-1")


def refused(kind: type[Refusal], action: Any) -> str:
    with pytest.raises(kind) as caught:
        action()
    assert type(caught.value) is kind
    return caught.value.message


# --- create -----------------------------------------------------------------------------------------------------------


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


# --- find -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "qualifier", "version", "asked"),
    [
        ("fn", None, "$LATEST", None),
        ("fn", "$LATEST", "$LATEST", "$LATEST"),
        ("fn:$LATEST", None, "$LATEST", "$LATEST"),
        ("fn:1", None, "1", "1"),
        ("fn", "1", "1", "1"),
        ("fn:1", "1", "1", "1"),
        ("fn:live", None, "1", "live"),
        ("function:fn", "live", "1", "live"),
        ("000000000000:function:fn:1", None, "1", "1"),
        (ARN + "fn", None, "$LATEST", None),
        (ARN + "fn:live", "live", "1", "live"),
    ],
)
def test_a_reference_means(reference: str, qualifier: str | None, version: str, asked: str | None, make: Make) -> None:
    make(publish=True)
    aliases.create_alias(SCOPE, "fn", "live", "1")
    target = find(SCOPE, reference, qualifier)
    assert (target.function.name, target.version.version, target.qualifier) == ("fn", version, asked)
    assert (target.alias.name if target.alias else None) == ("live" if asked == "live" else None)


@pytest.mark.parametrize(
    ("reference", "qualifier", "kind", "text"),
    [
        ("nope", None, ResourceNotFound, f"Function not found: {ARN}nope:$LATEST"),
        ("nope", "1", ResourceNotFound, f"Function not found: {ARN}nope:1"),
        ("fn", "7", ResourceNotFound, f"Function not found: {ARN}fn:7"),
        ("fn:gone", None, ResourceNotFound, f"Function not found: {ARN}fn:gone"),
        ("fn", "$latest", ResourceNotFound, f"Function not found: {ARN}fn:$latest"),
        (
            "fn:1",
            "2",
            InvalidParameterValue,
            "The derived qualifier from the function name does not match the specified qualifier.",
        ),
        (
            "arn:aws:lambda:eu-west-1:000000000000:function:fn",
            None,
            ResourceNotFound,
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
        ),
    ],
)
def test_a_reference_to_nothing_says(
    reference: str, qualifier: str | None, kind: type[Refusal], text: str, make: Make
) -> None:
    make()
    assert refused(kind, lambda: find(SCOPE, reference, qualifier)) == text


@pytest.mark.parametrize(
    "reference",
    ["*", "my-function!", "fn:a:b", "arn:aws:lambda:us-east-1:function:fn", "arn:aws:sqs:us-east-1:000000000000:fn"],
)
def test_a_reference_of_no_form_is_a_validation_error(reference: str, home: Home) -> None:
    text = refused(ValidationException, lambda: find(SCOPE, reference))
    assert text.startswith(f"1 validation error detected: Value '{reference}' at 'functionName' failed to satisfy")


def test_only_invoke_names_the_version_it_would_have_run(home: Home) -> None:
    text = refused(ResourceNotFound, lambda: find(SCOPE, "nope", action="GetFunction"))
    assert text == f"Function not found: {ARN}nope"


def test_an_arn_that_ends_in_function_is_a_function_of_that_name(make: Make) -> None:
    make("function")
    assert find(SCOPE, ARN.removesuffix(":")).function.name == "function"


def test_accounts_and_regions_do_not_see_each_other_s_functions(make: Make) -> None:
    make()
    for scope in (ELSEWHERE, OTHER):
        refused(ResourceNotFound, lambda scope=scope: find(scope, "fn"))
        assert functions.list_functions(scope).items == ()


# --- update -----------------------------------------------------------------------------------------------------------


def test_an_update_gives_two_revisions_and_stays_active_meanwhile(make: Make) -> None:
    before = find(SCOPE, make().function.name).version
    updated = functions.update_configuration(SCOPE, "fn", ConfigurationChanges(memory_mb=256))
    assert (updated.state, updated.update_status, updated.memory_mb) == ("Active", "InProgress", 256)
    let_settle()
    after = find(SCOPE, "fn").version
    assert after.update_status == "Successful"
    assert len({before.revision_id, updated.revision_id, after.revision_id}) == 3


def test_only_given_settings_change_and_maps_are_replaced_whole(make: Make) -> None:
    before = make(variables={"ONE": "1", "TWO": "2"}, description="mine", timeout_seconds=9)
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(variables={"THREE": "3"}))
    after = find(SCOPE, "fn").version
    assert after.variables == {"THREE": "3"}
    assert (after.description, after.timeout_seconds, after.handler) == ("mine", 9, before.handler)
    assert after.code_sha256 == before.code_sha256


def test_a_change_to_nothing_is_a_change_all_the_same(make: Make) -> None:
    before = make()
    updated = functions.update_configuration(SCOPE, "fn", ConfigurationChanges())
    assert updated.update_status == "InProgress"
    assert updated.revision_id != before.revision_id


def test_cleared_values_are_values(make: Make) -> None:
    make(variables={"ONE": "1"}, description="mine", network="host")
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(variables={}, description="", network=""))
    target = find(SCOPE, "fn")
    assert (target.version.variables, target.version.description, target.function.network) == ({}, "", "")


def test_a_stale_revision_is_412(make: Make) -> None:
    text = (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )
    stale = make().revision_id
    assert find(SCOPE, "fn").version.revision_id != stale  # it has become Active since
    changes = ConfigurationChanges(memory_mb=256)
    assert refused(PreconditionFailed, lambda: functions.update_configuration(SCOPE, "fn", changes, stale)) == text
    assert refused(PreconditionFailed, lambda: functions.update_code(SCOPE, "fn", package(), revision_id=stale)) == text
    assert refused(PreconditionFailed, lambda: versions.publish_version(SCOPE, "fn", revision_id=stale)) == text
    fresh = find(SCOPE, "fn").version.revision_id
    assert functions.update_configuration(SCOPE, "fn", changes, fresh).memory_mb == 256


def test_nothing_changes_while_a_function_is_pending_or_an_update_in_progress(home: Home) -> None:
    text = f"The operation cannot be performed at this time. An update is in progress for resource: {ARN}fn"
    create_function(SCOPE, draft())
    changes = ConfigurationChanges(memory_mb=256)
    for _ in ("Pending", "InProgress"):
        assert refused(ResourceConflict, lambda: functions.update_configuration(SCOPE, "fn", changes)) == text
        assert refused(ResourceConflict, lambda: functions.update_code(SCOPE, "fn", package("x = 1\n"))) == text
        assert refused(ResourceConflict, lambda: versions.publish_version(SCOPE, "fn")) == text
        assert len(packages_on_disk(home)) == 1
        let_settle()
        functions.update_configuration(SCOPE, "fn", changes)


def test_other_code_is_other_bytes_and_keeps_the_configuration(make: Make) -> None:
    before = make(memory_mb=512)
    updated = functions.update_code(SCOPE, "fn", package("x = 2\n"), architecture="arm64")
    assert updated.update_status == "InProgress"
    after = find(SCOPE, "fn").version
    assert after.code_sha256 != before.code_sha256
    assert (after.memory_mb, after.architecture) == (512, "arm64")


def test_code_published_at_once_is_a_version_that_is_pending(make: Make) -> None:
    make()
    published = functions.update_code(SCOPE, "fn", package("x = 2\n"), publish=True)
    assert (published.version, published.state) == ("1", "Pending")
    assert find(SCOPE, "fn").version.code_sha256 == published.code_sha256


def test_a_dry_run_checks_all_and_changes_nothing(make: Make, home: Home) -> None:
    make()
    before = find(SCOPE, "fn").version
    new = package("x = 2\n")
    preview = functions.update_code(SCOPE, "fn", new, dry_run=True, publish=True)
    assert preview.code_sha256 == new.sha256
    after = find(SCOPE, "fn").version
    assert (after.revision_id, after.code_sha256) == (before.revision_id, before.code_sha256)
    assert packages_on_disk(home) == {before.code_sha256}
    missing = refused(ResourceNotFound, lambda: functions.update_code(SCOPE, "nope", package(), dry_run=True))
    assert missing == f"Function not found: {ARN}nope"


def test_a_published_version_is_not_updated(make: Make) -> None:
    make(publish=True)
    changes = ConfigurationChanges(memory_mb=256)
    refused(InvalidParameterValue, lambda: functions.update_configuration(SCOPE, "fn:1", changes))
    assert functions.update_configuration(SCOPE, "fn:$LATEST", changes).memory_mb == 256


def test_every_change_raises_the_catalog_revision(make: Make) -> None:
    make()
    seen = [Function.objects.get().catalog_revision]

    def changed() -> bool:
        seen.append(Function.objects.get().catalog_revision)
        return seen[-1] > seen[-2]

    find(SCOPE, "fn")  # becomes Active
    assert changed()
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(memory_mb=256))
    assert changed()
    let_settle()
    functions.update_code(SCOPE, "fn", package("x = 3\n"))
    assert changed()
    let_settle()
    versions.publish_version(SCOPE, "fn")
    assert changed()
    aliases.create_alias(SCOPE, "fn", "live", "1")
    assert changed()
    aliases.update_alias(SCOPE, "fn", "live", version="$LATEST")
    assert changed()
    aliases.delete_alias(SCOPE, "fn", "live")
    assert changed()
    functions.delete_function(SCOPE, "fn", "1")
    assert changed()
    find(SCOPE, "fn")
    assert not changed()


# --- delete -----------------------------------------------------------------------------------------------------------


def test_a_deleted_function_takes_versions_and_aliases_along_and_comes_back_fresh(make: Make) -> None:
    make(publish=True)
    aliases.create_alias(SCOPE, "fn", "live", "1")
    revision = Function.objects.get().catalog_revision
    functions.delete_function(SCOPE, "fn")
    assert FunctionVersion.objects.count() == 0
    assert refused(ResourceNotFound, lambda: find(SCOPE, "fn:live")) == f"Function not found: {ARN}fn:live"
    make()
    assert versions.publish_version(SCOPE, "fn").version == "1"
    assert Function.objects.get().catalog_revision > revision


@pytest.mark.parametrize(
    ("reference", "qualifier", "kind", "text"),
    [
        ("nope", None, ResourceNotFound, f"Function not found: {ARN}nope"),
        ("nope", "1", ResourceNotFound, f"Function not found: {ARN}nope"),
        ("fn", "$LATEST", InvalidParameterValue, "$LATEST version cannot be deleted without deleting the function."),
        ("fn", "live", InvalidParameterValue, "Deletion of aliases is not currently supported."),
        ("nope", "live", InvalidParameterValue, "Deletion of aliases is not currently supported."),
        (
            "fn:1",
            None,
            ResourceConflict,
            "Unable to delete version because the following aliases reference it: [canary, live]",
        ),
    ],
)
def test_a_refused_deletion_says(
    reference: str, qualifier: str | None, kind: type[Refusal], text: str, make: Make
) -> None:
    make(publish=True)
    functions.update_code(SCOPE, "fn", package("x = 2\n"), publish=True)
    aliases.create_alias(SCOPE, "fn", "live", "1")
    aliases.create_alias(SCOPE, "fn", "canary", "2", weights={"1": 0.0})
    assert refused(kind, lambda: functions.delete_function(SCOPE, reference, qualifier)) == text
    assert FunctionVersion.objects.count() == 3


def test_deleting_an_absent_version_is_no_error_and_a_number_never_comes_again(make: Make) -> None:
    make(publish=True)
    functions.delete_function(SCOPE, "fn", "1")
    functions.delete_function(SCOPE, "fn", "1")
    functions.delete_function(SCOPE, "fn", "99")
    assert versions.publish_version(SCOPE, "fn").version == "2"


def test_code_of_a_deleted_function_goes_with_the_sweep_and_shared_code_stays(make: Make, home: Home) -> None:
    kept = make("kept")
    gone = make("gone", code=package("x = 9\n"))
    shared = make("shared")
    assert shared.code_sha256 == kept.code_sha256
    for name in ("gone", "shared"):
        functions.delete_function(SCOPE, name)
    for sha in packages_on_disk(home):
        os.utime(home.code / sha, (1, 1))
    assert packages_on_disk(home) == {kept.code_sha256, gone.code_sha256}
    assert code.sweep() == 1
    assert packages_on_disk(home) == {kept.code_sha256}


# --- list -------------------------------------------------------------------------------------------------------------


def test_lists_come_in_pages_of_at_most_fifty(make: Make) -> None:
    names = [f"fn-{number:03}" for number in range(60)]
    for name in names:
        make(name, publish=name == "fn-000")
    first = functions.list_functions(SCOPE, max_items=10000)
    assert [version.function.name for version in first.items] == names[:50]
    rest = functions.list_functions(SCOPE, first.next_marker)
    assert [version.function.name for version in rest.items] == names[50:]
    assert rest.next_marker is None
    found, marker, pages = [], None, 0
    while pages == 0 or marker is not None:
        page = functions.list_functions(SCOPE, marker, 7, all_versions=True)
        found += [(version.function.name, version.version) for version in page.items]
        marker, pages = page.next_marker, pages + 1
    assert pages == 9
    assert found == [("fn-000", "$LATEST"), ("fn-000", "1"), *((name, "$LATEST") for name in names[1:])]


@pytest.mark.parametrize("marker", ["x", "", "bnVsbA==", "WzEsMl0=", "é", "WyJhIiwxZTk5OV0=", "ZZZZ"])
def test_a_marker_that_is_not_ours_is_refused(marker: str, make: Make) -> None:
    make()
    refused(InvalidParameterValue, lambda: functions.list_functions(SCOPE, marker))
