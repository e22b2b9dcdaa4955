"""Policies of functions, versions and aliases: added, read, removed, and asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations import limits
from invocations.decisions.grants import Grant
from invocations.errors import (
    AccessDenied,
    InvalidParameterValue,
    PolicyLengthExceeded,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from invocations.flows import aliases, functions, invoke, permissions, versions
from invocations.flows.permissions import STALE
from invocations.flows.targets import find
from invocations.models import FunctionPolicy, FunctionVersion, Invocation
from invocations.values import Caller, InvokeRequest
from tests.flows.conftest import ARN, ELSEWHERE, OTHER, SCOPE, Make, let_settle, refused

pytestmark = pytest.mark.django_db

FN = f"{ARN}fn"
TOPIC = "arn:aws:sns:us-east-1:000000000000:topic"
SNS = "sns.amazonaws.com"


def grant(statement_id: str = "s", principal: str = SNS, **more: Any) -> Grant:
    return Grant(statement_id, more.pop("action", "lambda:InvokeFunction"), principal, **more)


def add(statement_id: str = "s", qualifier: str | None = None, **more: Any) -> None:
    permissions.add(SCOPE, "fn", qualifier, grant(statement_id, **more))


def statements(qualifier: str | None = None) -> list[str]:
    text, _ = permissions.get(SCOPE, "fn", qualifier)
    return [one["Sid"] for one in json.loads(text)["Statement"]]


def revision(qualifier: str | None = None) -> str:
    return permissions.get(SCOPE, "fn", qualifier)[1]


@pytest.fixture
def fn(make: Make) -> FunctionVersion:
    return make("fn")


@pytest.fixture
def released(make: Make) -> FunctionVersion:
    """With version 1 and alias `live`."""
    version = make("fn", publish=True)
    aliases.create_alias(SCOPE, "fn", "live", "1")
    return version


def test_a_policy_grows_and_goes_with_its_last_statement(fn: FunctionVersion) -> None:
    add("a")
    add("b")
    assert statements() == ["a", "b"]
    permissions.remove(SCOPE, "fn", None, "a")
    assert statements() == ["b"]
    permissions.remove(SCOPE, "fn", None, "b")
    assert FunctionPolicy.objects.count() == 0
    text = refused(ResourceNotFound, lambda: permissions.get(SCOPE, "fn", None))
    assert text == "The resource you requested does not exist."


def test_each_qualifier_has_its_own(released: FunctionVersion) -> None:
    for qualifier in (None, "1", "live"):
        add("s", qualifier)
    statement = FunctionPolicy.objects.get(qualifier="live").statements[0]
    assert statement["Resource"] == f"{FN}:live"
    permissions.remove(SCOPE, "fn", "1", "s")
    assert FunctionPolicy.objects.count() == 2
    assert permissions.allows(f"{FN}:live", SNS, "", "")
    assert not permissions.allows(f"{FN}:1", SNS, "", "")
    assert permissions.allows(FN, SNS, "", "")


def test_none_inherits_from_another(released: FunctionVersion) -> None:
    add("s")
    assert [permissions.allows(f"{FN}{of}", SNS, "", "") for of in ("", ":$LATEST", ":1", ":live", ":gone")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_qualifier_may_be_in_the_name(released: FunctionVersion) -> None:
    permissions.add(SCOPE, f"{FN}:live", None, grant())
    assert permissions.get(SCOPE, "fn:live", None) == permissions.get(SCOPE, "fn", "live")


def test_conditions_bind(fn: FunctionVersion) -> None:
    add(source_arn=TOPIC, source_account=SCOPE.account)
    assert permissions.allows(FN, SNS, TOPIC, SCOPE.account)
    assert not permissions.allows(FN, SNS, f"{TOPIC}2", SCOPE.account)
    assert not permissions.allows(FN, SNS, TOPIC, OTHER.account)
    assert not permissions.allows(FN, "events.amazonaws.com", TOPIC, SCOPE.account)


@pytest.mark.parametrize("arn", ["", "fn", "function:fn", f"{ARN}gone", "arn:aws:sqs:us-east-1:000000000000:q"])
def test_what_is_not_there_allows_nothing(fn: FunctionVersion, arn: str) -> None:
    add()
    assert not permissions.allows(arn, SNS, "", "")


def test_a_url_takes_two_statements(fn: FunctionVersion) -> None:
    url = {"principal": "*", "action": "lambda:InvokeFunctionUrl", "function_url_auth_type": "NONE"}
    add("url", **url)
    assert not permissions.allows_url(FN, "NONE")
    add("invoke", principal="*", invoked_via_function_url=True)
    assert permissions.allows_url(FN, "NONE")
    assert not permissions.allows_url(FN, "AWS_IAM", OTHER.account)
    # The second is for calls through the URL alone.
    assert not permissions.allows(FN, OTHER.account, "", "")


def test_a_taken_statement_id(fn: FunctionVersion) -> None:
    add("s3")
    assert refused(ResourceConflict, lambda: add("s3")) == (
        "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing "
        "statement."
    )


def test_latest_takes_no_policy(fn: FunctionVersion) -> None:
    text = "We currently do not support adding policies for $LATEST."
    assert refused(InvalidParameterValue, lambda: add(qualifier="$LATEST")) == text
    assert refused(InvalidParameterValue, lambda: permissions.remove(SCOPE, "fn", "$LATEST", "s")) == text
    with pytest.raises(ResourceNotFound):
        permissions.get(SCOPE, "fn", "$LATEST")


def test_what_is_missing_is_told_as_aws_tells_it(fn: FunctionVersion) -> None:
    def text(action: Any, *args: Any) -> str:
        return refused(ResourceNotFound, lambda: action(SCOPE, *args))

    assert text(permissions.add, "gone", None, grant()) == f"Function not found: {ARN}gone"
    assert text(permissions.add, "fn", "7", grant()) == f"Function not found: {FN}:7"
    assert text(permissions.add, "fn", "live", grant()) == f"Cannot find alias arn: {FN}:live"
    assert text(permissions.get, "gone", None) == f"Function not found: {ARN}gone"
    assert text(permissions.get, "fn", None) == "The resource you requested does not exist."
    assert text(permissions.remove, "gone", None, "s") == f"No policy found for: {ARN}gone"
    assert text(permissions.remove, "fn", None, "s") == "No policy is associated with the given resource."
    add("s")
    assert text(permissions.remove, "fn", None, "x") == "Statement x is not found in resource policy."


@pytest.mark.parametrize("qualifier", [None, "1", "live"])
def test_every_change_is_a_revision_of_both(released: FunctionVersion, qualifier: str | None) -> None:
    def of_target() -> str:
        if qualifier == "live":
            return aliases.get_alias(SCOPE, "fn", "live").revision_id
        return find(SCOPE, "fn", qualifier).version.revision_id

    let_settle()
    seen = [of_target()]
    permissions.add(SCOPE, "fn", qualifier, grant("a"), revision_id=of_target())
    seen += [of_target(), revision(qualifier)]
    permissions.add(SCOPE, "fn", qualifier, grant("b"), revision_id=revision(qualifier))
    seen += [of_target(), revision(qualifier)]
    for action in (
        lambda: permissions.add(SCOPE, "fn", qualifier, grant("c"), revision_id=seen[0]),
        lambda: permissions.add(SCOPE, "fn", qualifier, grant("c"), revision_id=seen[2]),
        lambda: permissions.remove(SCOPE, "fn", qualifier, "a", revision_id=seen[2]),
    ):
        assert refused(PreconditionFailed, action) == STALE
    permissions.remove(SCOPE, "fn", qualifier, "a", revision_id=revision(qualifier))
    seen += [of_target(), revision(qualifier)]
    assert len(set(seen)) == len(seen)
    assert statements(qualifier) == ["b"]


def test_a_policy_is_at_most_20_kilobytes(fn: FunctionVersion) -> None:
    long = TOPIC + "x" * 5000
    for number in range(3):
        add(str(number), source_arn=long)
    text = refused(PolicyLengthExceeded, lambda: add("3", source_arn=long))
    assert text.startswith("The final policy size (") and text.endswith(f") is bigger than the limit ({20_480}).")
    assert limits.POLICY_BYTES == 20_480
    assert statements() == ["0", "1", "2"]


def test_they_go_with_what_they_belong_to(released: FunctionVersion) -> None:
    for qualifier in (None, "1", "live"):
        add("s", qualifier)
    aliases.delete_alias(SCOPE, "fn", "live")
    functions.delete_function(SCOPE, "fn", "1")
    assert [row.qualifier for row in FunctionPolicy.objects.all()] == [""]
    functions.delete_function(SCOPE, "fn")
    assert FunctionPolicy.objects.count() == 0


def test_a_new_version_has_none(fn: FunctionVersion) -> None:
    add()
    versions.publish_version(SCOPE, "fn")
    with pytest.raises(ResourceNotFound):
        permissions.get(SCOPE, "fn", "1")


def called(reference: str, scope: Any = OTHER) -> Any:
    caller = Caller(scope, "api", "key", f"arn:aws:iam::{scope.account}:root")
    return invoke.invoke(InvokeRequest(caller, reference, b"{}", invocation_type="Event"))


def test_another_account_may_invoke_with_a_statement(fn: FunctionVersion) -> None:
    def denied() -> str:
        return refused(AccessDenied, lambda: called(FN))

    assert denied() == (
        f"User: arn:aws:iam::111122223333:root is not authorized to perform: lambda:InvokeFunction on resource: {FN} "
        "because no resource-based policy allows the lambda:InvokeFunction action"
    )
    add(principal=OTHER.account)
    assert called(FN).status_code == 202
    row = Invocation.objects.get()
    assert (row.account, row.function, row.caller) == (SCOPE.account, "fn", "key")
    permissions.remove(SCOPE, "fn", None, "s")
    assert denied()


def test_the_statement_is_for_what_is_invoked(released: FunctionVersion) -> None:
    add(principal=OTHER.account, qualifier="live")
    assert called(f"{FN}:live").status_code == 202
    with pytest.raises(AccessDenied):
        called(FN)
    with pytest.raises(AccessDenied):
        called(f"{FN}:1")


def test_a_name_alone_stays_in_the_callers_account_and_region(fn: FunctionVersion) -> None:
    add(principal="*")
    for reference, scope in (("fn", OTHER), (FN, ELSEWHERE)):
        with pytest.raises(ResourceNotFound):
            called(reference, scope)
