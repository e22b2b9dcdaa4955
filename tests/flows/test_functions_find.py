"""Functions: what a reference means."""

from __future__ import annotations

import pytest

from invocations.errors import (
    InvalidParameterValue,
    Refusal,
    ResourceNotFound,
    ValidationException,
)
from invocations.flows import aliases, functions
from invocations.flows.functions import find
from lambdaplay.home import Home
from tests.flows.conftest import (
    ARN,
    ELSEWHERE,
    OTHER,
    SCOPE,
    Make,
    refused,
)

pytestmark = pytest.mark.django_db


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
        with pytest.raises(ResourceNotFound):
            find(scope, "fn")
        assert functions.list_functions(scope).items == ()
