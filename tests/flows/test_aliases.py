"""Aliases: AWS's rules and words."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    Refusal,
    ResourceConflict,
    ResourceNotFound,
    ValidationException,
)
from invocations.flows import aliases, functions
from invocations.flows.functions import find
from invocations.models import Alias
from tests.flows.conftest import ARN, SCOPE, Make, let_settle, package

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_versions(make: Make) -> None:
    make(publish=True)
    functions.update_code(SCOPE, "fn", package("x = 2\n"), publish=True)
    let_settle()


def test_an_alias_points_where_it_says(two_versions: None) -> None:
    made = aliases.create_alias(SCOPE, "fn", "live", "1", description="mine", weights={"2": 0.25})
    read = aliases.get_alias(SCOPE, "fn", "live")
    assert (read.version, read.description, read.weights) == ("1", "mine", {"2": 0.25})
    assert read.arn == made.arn == f"{ARN}fn:live"
    assert find(SCOPE, "fn:live").version.version == "1"


WEIGHT = "1 validation error detected: Value '{%s}' at 'routingConfig.additionalVersionWeights' failed to satisfy "

REFUSED: dict[str, tuple[dict[str, Any], type[Refusal], str]] = {
    "all digits": (
        {"name": "123"},
        ValidationException,
        "1 validation error detected: Value '123' at 'name' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
    ),
    "name of 129 characters": (
        {"name": "n" * 129},
        ValidationException,
        f"1 validation error detected: Value '{'n' * 129}' at 'name' failed to satisfy constraint: "
        "Member must have length less than or equal to 128",
    ),
    "version that is an alias": (
        {"version": "live"},
        ValidationException,
        "1 validation error detected: Value 'live' at 'functionVersion' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: (\$LATEST(\.PUBLISHED)?|[0-9]+)",
    ),
    "two more versions": (
        {"weights": {"2": 0.1, "3": 0.1}},
        InvalidParameterValue,
        "Number of items in AdditionalVersionWeights cannot be greater than 1",
    ),
    "weight over 1": (
        {"weights": {"2": 1.5}},
        ValidationException,
        WEIGHT
        % "2=1.5"
        + "constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
        "Member must have value greater than or equal to 0.0, Member must not be null]",
    ),
    "weight of latest": (
        {"weights": {"$LATEST": 0.5}},
        ValidationException,
        WEIGHT
        % "$LATEST=0.5"
        + "constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member "
        "must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, "
        "Member must not be null]",
    ),
    "weight of itself": (
        {"weights": {"1": 0.5}},
        InvalidParameterValue,
        "Invalid function version 1. Function version 1 is already included in routing configuration.",
    ),
    "latest with weights": (
        {"version": "$LATEST", "weights": {"1": 0.5}},
        InvalidParameterValue,
        "$LATEST is not supported for an alias pointing to more than 1 version",
    ),
    "missing version": ({"version": "10"}, ResourceNotFound, f"Function not found: {ARN}fn:10"),
    "weight of a missing version": ({"weights": {"10": 0.5}}, ResourceNotFound, f"Function not found: {ARN}fn:10"),
    "missing function": ({"reference": "nope"}, ResourceNotFound, f"Function not found: {ARN}nope:1"),
    "taken": ({"name": "taken"}, ResourceConflict, f"Alias already exists: {ARN}fn:taken"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_alias_says_what_aws_says(case: str, two_versions: None) -> None:
    aliases.create_alias(SCOPE, "fn", "taken", "1")
    given, kind, text = REFUSED[case]
    wanted = {"reference": "fn", "name": "new", "version": "1", "weights": None, **given}
    with pytest.raises(Refusal) as caught:
        aliases.create_alias(SCOPE, wanted["reference"], wanted["name"], wanted["version"], weights=wanted["weights"])
    assert type(caught.value) is kind
    assert caught.value.message == text
    assert Alias.objects.count() == 1


def test_an_update_changes_what_is_given_and_the_alias_s_revision_only(two_versions: None) -> None:
    made = aliases.create_alias(SCOPE, "fn", "live", "1", description="mine", weights={"2": 0.5})
    latest = find(SCOPE, "fn").version.revision_id
    changed = aliases.update_alias(SCOPE, "fn", "live", description="", weights={}, revision_id=made.revision_id)
    assert (changed.version, changed.description, changed.weights) == ("1", "", {})
    assert changed.revision_id != made.revision_id
    assert find(SCOPE, "fn").version.revision_id == latest
    aliases.update_alias(SCOPE, "fn", "live", version="2")
    assert find(SCOPE, "fn:live").version.version == "2"


def test_an_update_is_judged_with_what_stays(two_versions: None) -> None:
    aliases.create_alias(SCOPE, "fn", "live", "1", weights={"2": 0.5})
    with pytest.raises(InvalidParameterValue, match="Function version 2 is already included"):
        aliases.update_alias(SCOPE, "fn", "live", version="2")
    with pytest.raises(InvalidParameterValue, match="not supported for an alias pointing to more than 1"):
        aliases.update_alias(SCOPE, "fn", "live", version="$LATEST")


def test_a_stale_alias_revision_is_412(two_versions: None) -> None:
    made = aliases.create_alias(SCOPE, "fn", "live", "1")
    aliases.update_alias(SCOPE, "fn", "live", version="2")
    with pytest.raises(PreconditionFailed) as caught:
        aliases.update_alias(SCOPE, "fn", "live", version="1", revision_id=made.revision_id)
    assert caught.value.message == (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )
    assert find(SCOPE, "fn:live").version.version == "2"


def test_missing_aliases_are_told_apart_by_operation(two_versions: None) -> None:
    with pytest.raises(ResourceNotFound, match=f"^Cannot find alias arn: {ARN}fn:gone$"):
        aliases.get_alias(SCOPE, "fn", "gone")
    with pytest.raises(ResourceNotFound, match=f"^Alias not found: {ARN}fn:gone$"):
        aliases.update_alias(SCOPE, "fn", "gone", version="1")
    aliases.delete_alias(SCOPE, "fn", "gone")
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}nope$"):
        aliases.delete_alias(SCOPE, "nope", "gone")
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}nope$"):
        aliases.list_aliases(SCOPE, "nope")


def test_aliases_are_listed_by_name_in_pages_and_by_version(two_versions: None) -> None:
    for name, version, weights in (("c", "1", {}), ("a", "2", {}), ("b", "1", {"2": 0.1}), ("d", "$LATEST", {})):
        aliases.create_alias(SCOPE, "fn", name, version, weights=weights)
    first = aliases.list_aliases(SCOPE, "fn", max_items=3)
    assert [alias.name for alias in first.items] == ["a", "b", "c"]
    assert [alias.name for alias in aliases.list_aliases(SCOPE, "fn", marker=first.next_marker).items] == ["d"]
    assert [alias.name for alias in aliases.list_aliases(SCOPE, "fn", version="2").items] == ["a", "b"]
    aliases.delete_alias(SCOPE, "fn", "a")
    assert [alias.name for alias in aliases.list_aliases(SCOPE, "fn").items] == ["b", "c", "d"]
