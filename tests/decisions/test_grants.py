"""What AddPermission is given, as statements and as sentences. Recorded forms (reference: functions, part 6)."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.decisions.grants import Grant, document, sentence
from invocations.errors import InvalidParameterValue, Refusal, UnsupportedOption, ValidationException

FN = "arn:aws:lambda:us-east-1:000000000000:function:fn"


def grant(**more: Any) -> Grant:
    given: dict[str, Any] = {"statement_id": "s", "action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com"}
    return Grant(**{**given, **more})


@pytest.mark.parametrize(
    ("principal", "stated"),
    [
        ("s3.amazonaws.com", {"Service": "s3.amazonaws.com"}),
        ("logs.us-east-1.amazonaws.com", {"Service": "logs.us-east-1.amazonaws.com"}),
        ("alexa-appkit.amazon.com", {"Service": "alexa-appkit.amazon.com"}),
        ("111122223333", {"AWS": "arn:aws:iam::111122223333:root"}),
        ("arn:aws:iam::111122223333:user/ada", {"AWS": "arn:aws:iam::111122223333:user/ada"}),
        ("arn:aws:iam::111122223333:role/path/r", {"AWS": "arn:aws:iam::111122223333:role/path/r"}),
        ("*", "*"),
    ],
)
def test_principals_as_aws_writes_them(principal: str, stated: Any) -> None:
    given = grant(principal=principal)
    given.check()
    assert given.statement(FN)["Principal"] == stated


@pytest.mark.parametrize("principal", ["ada", "11112222333", "arn:aws:iam::1:root", "arn:aws:s3:::b", "amazonaws.com"])
def test_what_is_no_principal(principal: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        grant(principal=principal).check()
    assert caught.value.message == "The provided principal was invalid. Please check the principal and try again."


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        ({}, None),
        ({"source_arn": "arn:aws:s3:::b"}, {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}}),
        ({"source_account": "111122223333"}, {"StringEquals": {"AWS:SourceAccount": "111122223333"}}),
        (
            {"source_arn": "arn:aws:s3:::b", "source_account": "111122223333"},
            {
                "StringEquals": {"AWS:SourceAccount": "111122223333"},
                "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
            },
        ),
        ({"event_source_token": "t.1"}, {"StringEquals": {"lambda:EventSourceToken": "t.1"}}),
        (
            {"action": "lambda:InvokeFunctionUrl", "function_url_auth_type": "NONE"},
            {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        ),
        ({"invoked_via_function_url": True}, {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
        ({"invoked_via_function_url": False}, {"Bool": {"lambda:InvokedViaFunctionUrl": "false"}}),
    ],
)
def test_conditions_as_aws_writes_them(given: dict[str, Any], condition: Any) -> None:
    made = grant(**given)
    made.check()
    found = made.statement(FN)
    assert found.get("Condition") == condition
    assert list(found) == ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"][: 6 if condition else 5]
    assert (found["Sid"], found["Effect"], found["Resource"]) == ("s", "Allow", FN)


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({"statement_id": "a b"}, ValidationException, "'statementId' failed to satisfy constraint"),
        ({"statement_id": "s" * 101}, ValidationException, "length less than or equal to 100"),
        ({"statement_id": ""}, ValidationException, "1 validation error detected"),
        ({"action": "s3:GetObject"}, ValidationException, "(lambda:[*]|lambda:[a-zA-Z]+|[*])"),
        ({"source_account": "123"}, ValidationException, "'sourceAccount'"),
        ({"source_arn": "bucket"}, ValidationException, "'sourceArn'"),
        ({"principal": "a b"}, ValidationException, "'principal'"),
        ({"function_url_auth_type": "SOME"}, ValidationException, "[NONE, AWS_IAM]"),
        ({"statement_id": "a b", "source_account": "1"}, ValidationException, "2 validation errors detected"),
        ({"principal_org_id": "o-0123456789"}, UnsupportedOption, "PrincipalOrgID"),
        ({"action": "lambda:GetFunction"}, UnsupportedOption, "lambda:GetFunction"),
        ({"function_url_auth_type": "NONE"}, InvalidParameterValue, "FunctionUrlAuthType is only supported for"),
        (
            {"action": "lambda:InvokeFunctionUrl", "invoked_via_function_url": True},
            InvalidParameterValue,
            "InvokedViaFunctionUrl is only supported for",
        ),
    ],
)
def test_what_is_refused(given: dict[str, Any], kind: type[Refusal], text: str) -> None:
    with pytest.raises(Refusal) as caught:
        grant(**given).check()
    assert type(caught.value) is kind
    assert text in caught.value.message


def test_the_document_is_compact() -> None:
    assert document([{"Sid": "s"}]) == '{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s"}]}'


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"source_arn": "arn:aws:s3:::b"}, "s3.amazonaws.com may invoke it for arn:aws:s3:::b."),
        ({"principal": "*", "source_account": "111122223333"}, "Anybody may invoke it from account 111122223333."),
        (
            {"principal": "*", "action": "lambda:InvokeFunctionUrl", "function_url_auth_type": "NONE"},
            "Anybody may call its URL where the URL's AuthType is NONE.",
        ),
        (
            {"principal": "111122223333", "invoked_via_function_url": True},
            "arn:aws:iam::111122223333:root may invoke it through its URL.",
        ),
        ({"action": "*"}, "s3.amazonaws.com may invoke it and call its URL."),
    ],
)
def test_a_statement_in_words(given: dict[str, Any], words: str) -> None:
    assert sentence(grant(**given).statement(FN)) == words
