"""Functions: deleted and listed."""

from __future__ import annotations

import os

import pytest

from invocations.errors import (
    InvalidParameterValue,
    Refusal,
    ResourceConflict,
    ResourceNotFound,
)
from invocations.flows import aliases, functions, versions
from invocations.flows.functions import find
from invocations.models import Function, FunctionVersion
from invocations.runtime import code
from lambdaplay.home import Home
from tests.flows.conftest import (
    ARN,
    SCOPE,
    Make,
    package,
    packages_on_disk,
    refused,
)

pytestmark = pytest.mark.django_db


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
