"""Layers through boto3: published, listed, shared, used by functions, refused in AWS's words."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import urlsplit

import pytest

from invocations import limits
from invocations.models import FunctionVersion, Layer, LayerVersion
from invocations.runtime import code
from tests.wire.asking import Asked, ask
from tests.wire.boto import client
from tests.wire.functions import ARN, ROLE, create, refused, zipped

pytestmark = pytest.mark.django_db

LAYER = ARN + "layer:"
BAD, CONFLICT, GONE = "InvalidParameterValueException", "ResourceConflictException", "ResourceNotFoundException"


def publish(api: Any, name: str = "tools", text: str = "one", **more: Any) -> dict[str, Any]:
    content = {"ZipFile": zipped({"python/tools.py": f"NAME = {text!r}\n"})}
    answer: dict[str, Any] = api.publish_layer_version(LayerName=name, Content=content, **more)
    return answer


def test_a_published_version_is_answered_found_and_downloaded(api: Any) -> None:
    given: dict[str, Any] = {
        "CompatibleRuntimes": ["python3.12"],
        "CompatibleArchitectures": ["arm64"],
        "LicenseInfo": "MIT",
    }
    made = publish(api, Description="d", **given)
    assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    package = zipped({"python/tools.py": "NAME = 'one'\n"})
    digest = base64.b64encode(hashlib.sha256(package).digest()).decode()
    location = made["Content"].pop("Location")
    assert made["Content"] == {"CodeSha256": digest, "CodeSize": len(package)}
    assert made["LayerArn"] == LAYER + "tools"
    assert made["LayerVersionArn"] == LAYER + "tools:1"
    assert {**given, "Version": 1, "Description": "d"}.items() <= made.items()
    parts = urlsplit(location)
    assert ask(Asked("GET", f"{parts.path}?{parts.query}")).body == package
    for got in (
        api.get_layer_version(LayerName="tools", VersionNumber=1),
        api.get_layer_version(LayerName=LAYER + "tools", VersionNumber=1),
        api.get_layer_version_by_arn(Arn=LAYER + "tools:1"),
    ):
        got.pop("ResponseMetadata")
        got["Content"].pop("Location")
        assert got == made


def test_what_was_not_given_is_not_answered(api: Any) -> None:
    made = publish(api)
    assert made["Description"] == ""
    assert not {"CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"} & made.keys()


def test_numbers_are_never_used_twice(api: Any) -> None:
    publish(api)
    publish(api)
    for version in (1, 2, 2, 7, 2**40):
        api.delete_layer_version(LayerName="tools", VersionNumber=version)
    assert api.list_layers()["Layers"] == []
    assert api.list_layer_versions(LayerName="tools")["LayerVersions"] == []
    assert publish(api)["Version"] == 3


def test_lists_filter_by_what_a_version_says_it_fits_and_show_the_newest_first(api: Any) -> None:
    publish(api, "a", CompatibleRuntimes=["python3.12"])
    publish(api, "a", CompatibleRuntimes=["nodejs22.x"], CompatibleArchitectures=["arm64"])
    publish(api, "b")

    def listed(**filters: str) -> dict[str, int]:
        found = api.list_layers(**filters)["Layers"]
        return {one["LayerName"]: one["LatestMatchingVersion"]["Version"] for one in found}

    assert listed() == {"a": 2, "b": 1}
    assert listed(CompatibleRuntime="python3.12") == {"a": 1}
    assert listed(CompatibleArchitecture="arm64", CompatibleRuntime="nodejs22.x") == {"a": 2}
    assert listed(CompatibleArchitecture="x86_64") == {}
    versions = api.list_layer_versions(LayerName="a")["LayerVersions"]
    assert [one["Version"] for one in versions] == [2, 1]
    assert versions[0].keys() == {
        "LayerVersionArn",
        "Version",
        "Description",
        "CreatedDate",
        "CompatibleRuntimes",
        "CompatibleArchitectures",
    }
    only = api.list_layer_versions(LayerName="a", CompatibleRuntime="python3.12")["LayerVersions"]
    assert [one["Version"] for one in only] == [1]
    assert api.list_layer_versions(LayerName="none")["LayerVersions"] == []


def test_lists_come_in_pages(api: Any) -> None:
    for name in ("a", "b", "c"):
        publish(api, name)
        publish(api, name)
    pages = api.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 2})
    assert [[one["LayerName"] for one in page["Layers"]] for page in pages] == [["a", "b"], ["c"]]
    pages = api.get_paginator("list_layer_versions").paginate(LayerName="a", PaginationConfig={"PageSize": 1})
    assert [[one["Version"] for one in page["LayerVersions"]] for page in pages] == [[2], [1]]
    assert refused(api.list_layers, MaxItems=51)[0] == "ValidationException"
    assert refused(api.list_layers, Marker="x")[:2] == (BAD, 400)


def test_a_function_shows_its_layers_and_its_versions_keep_them(api: Any) -> None:
    first, second = publish(api, "a"), publish(api, "b", "two")
    arns = [first["LayerVersionArn"], second["LayerVersionArn"]]
    shown = [{"Arn": one["LayerVersionArn"], "CodeSize": one["Content"]["CodeSize"]} for one in (first, second)]
    made = create(api, Layers=arns, Publish=True)
    assert made["Layers"] == shown
    before = FunctionVersion.objects.get(version="1")
    changed = api.update_function_configuration(FunctionName="fn", Layers=arns[::-1])
    assert changed["Layers"] == shown[::-1]
    latest = FunctionVersion.objects.get(version="$LATEST")
    assert latest.opt_sha256 != before.opt_sha256  # the order is part of what a function sees
    api.get_function(FunctionName="fn")
    assert "Layers" not in api.update_function_configuration(FunctionName="fn", Layers=[])
    assert api.get_function_configuration(FunctionName="fn", Qualifier="1")["Layers"] == shown
    assert "Layers" not in api.get_function_configuration(FunctionName="fn")
    assert api.list_versions_by_function(FunctionName="fn")["Versions"][1]["Layers"] == shown


def test_later_layers_lie_over_earlier_ones(api: Any) -> None:
    for name, files in {
        "a": {"python/x.py": "a", "python/only_a.py": "a", "clash": "file", "bin/tool": "a"},
        "b": {"python/x.py": "b", "clash/inside": "b", "bin": "file"},
    }.items():
        api.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files)})
    create(api, Layers=[LAYER + "a:1", LAYER + "b:1"])
    folder = code.task_folder(FunctionVersion.objects.get().opt_sha256)
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert found == {"python/x.py": "b", "python/only_a.py": "a", "clash/inside": "b", "bin": "file"}
    assert code.task_folder(LayerVersion.objects.get(layer__name="a").code_sha256).joinpath("clash").read_text()


def test_a_deleted_version_stays_with_who_uses_it_and_cannot_be_chosen_again(api: Any) -> None:
    publish(api)
    create(api, Layers=[LAYER + "tools:1"])
    api.delete_layer_version(LayerName="tools", VersionNumber=1)
    code.sweep()
    assert api.get_function_configuration(FunctionName="fn")["Layers"][0]["Arn"] == LAYER + "tools:1"
    assert api.update_function_configuration(FunctionName="fn", Timeout=9)["Layers"]
    api.get_function(FunctionName="fn")
    answer = refused(api.update_function_configuration, FunctionName="fn", Layers=[LAYER + "tools:1"])
    assert answer == (BAD, 400, f"Layer version {LAYER}tools:1 does not exist.")


def test_code_that_only_a_layer_or_a_function_refers_to_outlives_the_sweep(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(api, "a")
    publish(api, "b", "two")
    create(api, Layers=[LAYER + "a:1", LAYER + "b:1"])
    monkeypatch.setattr(code, "SWEEP_AFTER_SECONDS", -3600)
    assert code.sweep() == 0
    api.delete_layer_version(LayerName="a", VersionNumber=1)
    assert code.sweep() == 1  # the merged folder, which the function sees, has links of its own
    opt = code.task_folder(FunctionVersion.objects.get().opt_sha256)
    assert (opt / "python/tools.py").read_text() == "NAME = 'two'\n"
    api.delete_function(FunctionName="fn")
    assert code.sweep() == 2


LAYERS: dict[str, tuple[list[str], tuple[str, int, str]]] = {
    "six": ([f"{LAYER}l{number}:1" for number in range(6)], (BAD, 400, "Cannot reference more than 5 layers.")),
    "two versions": (
        [LAYER + "tools:1", LAYER + "tools:2"],
        (
            BAD,
            400,
            "Two different versions of the same layer are not allowed to be referenced in the same function. "
            f"{LAYER}tools:1 and {LAYER}tools:2 are versions of the same layer.",
        ),
    ),
    "missing": ([LAYER + "none:1"], (BAD, 400, f"Layer version {LAYER}none:1 does not exist.")),
    "missing version": ([LAYER + "tools:9"], (BAD, 400, f"Layer version {LAYER}tools:9 does not exist.")),
    "zero": ([LAYER + "tools:0"], (BAD, 400, "Layer Version Cannot be less than 1")),
    "another region": (
        ["arn:aws:lambda:eu-west-1:000000000000:layer:tools:1"],
        (
            BAD,
            400,
            "Layers are not in the same region as the function. Layers are expected to be in region us-east-1.",
        ),
    ),
    "another account's": (
        ["arn:aws:lambda:us-east-1:111122223333:layer:secret:1"],
        (
            "AccessDeniedException",
            403,
            "User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:GetLayerVersion on resource: "
            "arn:aws:lambda:us-east-1:111122223333:layer:secret:1 because no resource-based policy allows the "
            "lambda:GetLayerVersion action",
        ),
    ),
    "AWS's own": (
        ["arn:aws:lambda:::awslayer:AmazonLinux1803"],
        (BAD, 400, "lambdaplay has no layers of AWS's own (arn:aws:lambda:::awslayer:AmazonLinux1803)."),
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_layers_that_a_function_cannot_have(api: Any, case: str) -> None:
    publish(api)
    publish(api)
    arns, expected = LAYERS[case]
    assert refused(create, api=api, Layers=arns) == expected
    assert not FunctionVersion.objects.exists()
    create(api)
    assert refused(api.update_function_configuration, FunctionName="fn", Layers=arns) == expected
    assert "Layers" not in api.get_function_configuration(FunctionName="fn")


def test_a_layer_arn_without_its_version_is_a_validation_error(api: Any) -> None:
    answer = refused(create, api=api, Layers=[LAYER + "tools"])
    assert answer[:2] == ("ValidationException", 400)
    assert answer[2].startswith(f"1 validation error detected: Value '[{LAYER}tools]' at 'layers' failed to satisfy")


def test_code_and_layers_may_not_unpack_to_too_much(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(api)  # 13 bytes
    create(api, Layers=[LAYER + "tools:1"])
    size = 13 + len("def handler(event, context): return event\n")
    monkeypatch.setattr(limits, "UNZIPPED_BYTES", size)
    assert api.update_function_configuration(FunctionName="fn", Layers=[LAYER + "tools:1"])
    bigger = zipped({"app.py": "def handler(event, context): return event\n\n"})
    answer = refused(api.update_function_code, FunctionName="fn", ZipFile=bigger)
    assert answer == (
        BAD,
        400,
        f"Function code combined with layers exceeds the maximum allowed size of {size} bytes. "
        f"The actual size is {size + 1} bytes.",
    )
    monkeypatch.setattr(limits, "UNZIPPED_BYTES", 12)
    answer = refused(api.update_function_configuration, FunctionName="fn", Layers=[LAYER + "tools:1"])
    assert answer == (BAD, 400, "Layers consume more than the available size of 12 bytes")


PUBLISH: dict[str, tuple[dict[str, Any], tuple[str, int, str]]] = {
    "no zip": (
        {"Content": {"ZipFile": b"x"}},
        (BAD, 400, "Could not unzip uploaded file. Please check your file, then try to upload again."),
    ),
    "no content": ({"Content": {}}, (BAD, 400, "Please provide a source for layer code.")),
    "null content": (
        {"Content": None},
        (
            "ValidationException",
            400,
            "1 validation error detected: Value null at 'content' failed to satisfy constraint: "
            "Member must not be null",
        ),
    ),
    "runtimes": ({"CompatibleRuntimes": ["python3.12"] * 16}, ("ValidationException", 400, "less than or equal to 15")),
    "runtime": ({"CompatibleRuntimes": ["cobol"]}, ("ValidationException", 400, "Value '[cobol]'")),
    "architecture": ({"CompatibleArchitectures": ["mips"]}, ("ValidationException", 400, "Value '[mips]'")),
    "license": ({"LicenseInfo": "x" * 513}, ("ValidationException", 400, "less than or equal to 512")),
    "description": ({"Description": "x" * 257}, ("ValidationException", 400, "less than or equal to 256")),
    "another account's": (
        {"LayerName": "arn:aws:lambda:us-east-1:111122223333:layer:x"},
        ("AccessDeniedException", 403, "not authorized to perform: lambda:PublishLayerVersion"),
    ),
}


@pytest.mark.parametrize("case", PUBLISH)
def test_a_version_that_cannot_be_published_leaves_nothing(api: Any, case: str) -> None:
    wrong, (kind, status, text) = PUBLISH[case]
    content = {"ZipFile": zipped({"a": "b"})}
    answer = refused(api.publish_layer_version, **{"LayerName": "l", "Content": content, **wrong})
    assert answer[:2] == (kind, status)
    assert text in answer[2]
    assert not Layer.objects.exists()


def test_a_version_that_is_not_there(api: Any) -> None:
    gone = (GONE, 404, "The resource you requested does not exist.")
    assert refused(api.get_layer_version, LayerName="tools", VersionNumber=1) == gone
    assert refused(api.get_layer_version_by_arn, Arn=LAYER + "tools:1") == gone
    elsewhere = "arn:aws:lambda:eu-west-1:000000000000:layer:tools:1"
    client("lambda", "eu-west-1").publish_layer_version(LayerName="tools", Content={"ZipFile": zipped({"a": "b"})})
    assert refused(api.get_layer_version_by_arn, Arn=elsewhere) == gone
    less = (BAD, 400, "Layer Version Cannot be less than 1")
    for call in (api.get_layer_version, api.delete_layer_version, api.get_layer_version_policy):
        assert refused(call, LayerName="tools", VersionNumber=0) == less
    answer = refused(api.get_layer_version_by_arn, Arn=LAYER + "tools")
    assert answer[:2] == ("ValidationException", 400)


GRANT = {"LayerName": "tools", "VersionNumber": 1, "StatementId": "s", "Action": "lambda:GetLayerVersion"}


def test_another_account_uses_a_version_as_long_as_a_statement_lets_it(api: Any) -> None:
    publish(api)
    other = client("lambda", key_id="111122223333")
    arn = LAYER + "tools:1"
    assert refused(other.get_layer_version_by_arn, Arn=arn)[0] == "AccessDeniedException"
    api.add_layer_version_permission(**GRANT, Principal="111122223333")
    assert other.get_layer_version_by_arn(Arn=arn)["LayerVersionArn"] == arn
    code_ = {"ZipFile": zipped({"app.py": "x = 1"})}
    made = other.create_function(
        FunctionName="theirs", Runtime="python3.12", Handler="app.x", Role=ROLE, Code=code_, Layers=[arn]
    )
    assert made["Layers"][0]["Arn"] == arn
    third = client("lambda", key_id="444455556666")
    assert refused(third.get_layer_version_by_arn, Arn=arn)[0] == "AccessDeniedException"
    api.add_layer_version_permission(**{**GRANT, "StatementId": "all"}, Principal="*")
    assert third.get_layer_version_by_arn(Arn=arn)["LayerVersionArn"] == arn
    assert refused(other.delete_layer_version, LayerName=LAYER + "tools", VersionNumber=1)[0] == "AccessDeniedException"


def test_a_policy_has_statements_and_revisions(api: Any) -> None:
    publish(api)
    added = api.add_layer_version_permission(**GRANT, Principal="111122223333")
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    statement = (
        '{"Sid":"s","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},'
        f'"Action":"lambda:GetLayerVersion","Resource":"{LAYER}tools:1"}}'
    )
    assert added["Statement"] == statement
    got = api.get_layer_version_policy(LayerName="tools", VersionNumber=1)
    assert got["Policy"] == f'{{"Version":"2012-10-17","Id":"default","Statement":[{statement}]}}'
    assert got["RevisionId"] == added["RevisionId"]
    text = "The statement id (s) provided already exists. Please provide a new statement id, or remove the existing "
    assert refused(api.add_layer_version_permission, **GRANT, Principal="*") == (CONFLICT, 409, text + "statement.")
    stale = (
        "PreconditionFailedException",
        412,
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetLayerPolicy API to retrieve the latest Revision Id",
    )
    again = {**GRANT, "StatementId": "t", "Principal": "*", "RevisionId": "x"}
    assert refused(api.add_layer_version_permission, **again) == stale
    which = {"LayerName": "tools", "VersionNumber": 1}
    assert refused(api.remove_layer_version_permission, **which, StatementId="s", RevisionId="x") == stale
    missing = (GONE, 404, "Statement t is not found in resource policy.")
    assert refused(api.remove_layer_version_permission, **which, StatementId="t") == missing
    api.remove_layer_version_permission(**which, StatementId="s", RevisionId=added["RevisionId"])
    none = (GONE, 404, "No policy is associated with the given resource.")
    assert refused(api.get_layer_version_policy, **which) == none


def test_permissions_that_cannot_be_given(api: Any) -> None:
    absent = (GONE, 404, f"Layer version {LAYER}tools:1 does not exist.")
    assert refused(api.add_layer_version_permission, **GRANT, Principal="*") == absent
    publish(api)
    wrong = refused(api.add_layer_version_permission, **{**GRANT, "Action": "lambda:*"}, Principal="*")
    assert wrong[:2] == ("ValidationException", 400)
    assert refused(api.add_layer_version_permission, **GRANT, Principal="me")[0] == "ValidationException"
    organized = refused(api.add_layer_version_permission, **GRANT, Principal="*", OrganizationId="o-aaaaaaaaaa")
    assert organized == (BAD, 400, "lambdaplay does not offer OrganizationId: it knows no organizations.")
    monstrous = {**GRANT, "LayerName": "tools"}
    for number in range(400):
        try:
            api.add_layer_version_permission(**{**monstrous, "StatementId": f"{number:0100d}"}, Principal="*")
        except api.exceptions.PolicyLengthExceededException:
            break
    else:
        pytest.fail("a policy without end")


def test_the_account_counts_layer_versions(api: Any) -> None:
    size = publish(api)["Content"]["CodeSize"]
    assert api.get_account_settings()["AccountUsage"] == {"TotalCodeSize": size, "FunctionCount": 0}
