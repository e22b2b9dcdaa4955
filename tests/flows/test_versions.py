"""Published versions: numbers, idempotence, checks."""

from __future__ import annotations

import pytest

from invocations.errors import InvalidParameterValue, ResourceNotFound, ValidationException
from invocations.flows import functions, versions
from invocations.flows.functions import ConfigurationChanges, find
from invocations.runtime.code import code_sha256_base64
from tests.flows.conftest import ARN, SCOPE, Make, let_settle, package

pytestmark = pytest.mark.django_db


def test_a_published_version_freezes_code_and_configuration(make: Make) -> None:
    make(memory_mb=256, variables={"KEY": "1"}, description="mine")
    published = versions.publish_version(SCOPE, "fn")
    assert (published.version, published.state, published.description) == ("1", "Pending", "mine")
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(memory_mb=512, variables={}))
    let_settle()
    functions.update_code(SCOPE, "fn", package("x = 2\n"))
    let_settle()
    frozen = find(SCOPE, "fn", "1").version
    assert (frozen.memory_mb, frozen.variables, frozen.code_sha256) == (256, {"KEY": "1"}, published.code_sha256)
    assert (frozen.state, frozen.update_status) == ("Active", "Successful")
    assert frozen.revision_id != published.revision_id


def test_publishing_what_is_unchanged_returns_the_newest_version_as_it_is(make: Make) -> None:
    make()
    first = versions.publish_version(SCOPE, "fn", description="first")
    let_settle()
    settled = find(SCOPE, "fn", "1").version
    latest = find(SCOPE, "fn").version
    again = versions.publish_version(SCOPE, "fn", description="second")
    assert (again.pk, again.description, again.revision_id) == (first.pk, "first", settled.revision_id)
    assert find(SCOPE, "fn").version.revision_id == latest.revision_id


def test_publishing_gives_latest_a_new_revision_too(make: Make) -> None:
    make()
    before = find(SCOPE, "fn").version.revision_id
    published = versions.publish_version(SCOPE, "fn")
    assert find(SCOPE, "fn").version.revision_id not in (before, published.revision_id)


@pytest.mark.parametrize(
    "changes", [{"memory_mb": 256}, {"description": "new"}, {"variables": {}}, {"log_group": "mine"}]
)
def test_any_change_makes_the_next_number_and_going_back_does_so_again(changes: dict[str, object], make: Make) -> None:
    make()
    assert versions.publish_version(SCOPE, "fn").version == "1"
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(**changes))  # type: ignore[arg-type]
    let_settle()
    assert versions.publish_version(SCOPE, "fn").version == "2"
    assert versions.publish_version(SCOPE, "fn").version == "2"


def test_other_code_than_the_caller_thinks_is_refused(make: Make) -> None:
    current = code_sha256_base64(make().code_sha256)
    with pytest.raises(InvalidParameterValue) as caught:
        versions.publish_version(SCOPE, "fn", code_sha256="AAAA")
    assert caught.value.message == (
        f"CodeSHA256 (AAAA) is different from current CodeSHA256 in $LATEST ({current}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
    assert versions.publish_version(SCOPE, "fn", code_sha256=current).version == "1"


def test_a_missing_function_and_a_long_description_are_refused(make: Make) -> None:
    make()
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}nope$"):
        versions.publish_version(SCOPE, "nope")
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}nope$"):
        versions.list_versions(SCOPE, "nope")
    with pytest.raises(ValidationException, match="at 'description' failed"):
        versions.publish_version(SCOPE, "fn", description="d" * 257)


def test_versions_are_listed_latest_first_and_by_number_in_pages(make: Make) -> None:
    make()
    for number in range(11):
        functions.update_code(SCOPE, "fn", package(f"x = {number}\n"), publish=True)
        let_settle()
    found, marker = [], None
    while True:
        page = versions.list_versions(SCOPE, "fn", marker, 5)
        found += [version.version for version in page.items]
        marker = page.next_marker
        if marker is None:
            break
    assert found == ["$LATEST", *(str(number) for number in range(1, 12))]
