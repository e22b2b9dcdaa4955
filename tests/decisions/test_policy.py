"""Statements of resource policies against who asks for what."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.decisions.policy import Asking, allows, like

FN = "arn:aws:lambda:us-east-1:000000000000:function:fn"
TOPIC = "arn:aws:sns:us-east-1:000000000000:topic"
SNS = "sns.amazonaws.com"


def statement(**more: Any) -> dict[str, Any]:
    given = {"Sid": "s", "Effect": "Allow", "Principal": {"Service": SNS}, "Action": "lambda:InvokeFunction"}
    return {**given, "Resource": FN, **more}


def asking(principal: str = SNS, action: str = "lambda:InvokeFunction", **facts: str) -> Asking:
    return Asking(principal, action, FN, {f"aws:{name}": value for name, value in facts.items()})


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return statement(Condition={operator: {key: value}})


@pytest.mark.parametrize(
    ("principal", "who", "allowed"),
    [
        ({"Service": SNS}, SNS, True),
        ({"Service": SNS}, "events.amazonaws.com", False),
        ({"Service": [SNS, "events.amazonaws.com"]}, "events.amazonaws.com", True),
        ({"AWS": SNS}, SNS, False),
        ({"AWS": "arn:aws:iam::111122223333:root"}, "111122223333", True),
        ({"AWS": "111122223333"}, "111122223333", True),
        ({"AWS": "arn:aws:iam::111122223333:root"}, "444455556666", False),
        ({"AWS": "arn:aws:iam::111122223333:user/ada"}, "111122223333", False),
        ({"AWS": "*"}, "111122223333", True),
        ({"AWS": "*"}, "*", True),
        ({"AWS": "*"}, SNS, True),  # the usual policy of queues behind topics says so
        ({"AWS": "111122223333"}, "*", False),
        ({"Service": "*"}, SNS, True),
        ("*", "111122223333", True),
        ("*", SNS, True),
        ("*", "*", True),
        (None, "*", False),
        ("sns.amazonaws.com", SNS, False),
    ],
)
def test_principals(principal: Any, who: str, allowed: bool) -> None:
    assert allows([statement(Principal=principal)], asking(who)) is allowed


@pytest.mark.parametrize(
    ("stated", "asked", "allowed"),
    [
        ("lambda:InvokeFunction", "lambda:InvokeFunction", True),
        ("lambda:invokefunction", "lambda:InvokeFunction", True),
        ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction", False),
        ("lambda:InvokeFunction", "lambda:InvokeFunctionUrl", False),
        ("lambda:*", "lambda:InvokeFunctionUrl", True),
        ("*", "lambda:InvokeFunction", True),
        (["lambda:GetFunction", "lambda:Invoke*"], "lambda:InvokeFunction", True),
        ([], "lambda:InvokeFunction", False),
    ],
)
def test_actions(stated: Any, asked: str, allowed: bool) -> None:
    assert allows([statement(Action=stated)], asking(action=asked)) is allowed


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [(FN, True), (f"{FN}:live", False), (FN[:-2], False), (f"{FN}*", True), ("*", True), ([f"{FN}x", FN], True)],
)
def test_the_resource_is_the_one_that_was_asked_for(resource: Any, allowed: bool) -> None:
    assert allows([statement(Resource=resource)], asking()) is allowed


@pytest.mark.parametrize(
    ("pattern", "arn", "allowed"),
    [
        (TOPIC, TOPIC, True),
        (TOPIC, f"{TOPIC}-2", False),
        (f"{TOPIC}*", f"{TOPIC}-2", True),
        ("arn:aws:sns:*:*:topic", TOPIC, True),
        ("arn:aws:sns:us-east-?:000000000000:t?pic", TOPIC, True),
        ("arn:aws:*:topic", TOPIC, False),  # a wildcard does not reach over a colon
        ("arn:aws:sns:us-east-1:000000000000:*", f"{TOPIC}:sub", True),
        ("*", TOPIC, False),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket", True),
        ("arn:aws:s3:::buck[e]t", "arn:aws:s3:::bucket", False),
        (["arn:aws:s3:::b", TOPIC], TOPIC, True),
        ([], TOPIC, False),
    ],
)
@pytest.mark.parametrize("operator", ["ArnLike", "ArnEquals", "arnlike"])
def test_source_arns(operator: str, pattern: Any, arn: str, allowed: bool) -> None:
    assert allows([when(operator, "AWS:SourceArn", pattern)], asking(sourceArn=arn)) is allowed


@pytest.mark.parametrize(
    ("operator", "value", "fact", "allowed"),
    [
        ("StringEquals", "000000000000", "000000000000", True),
        ("StringEquals", "000000000000", "111122223333", False),
        ("StringEquals", "0000*", "000000000000", False),
        ("StringLike", "0000*", "000000000000", True),
        ("StringLike", "0000", "000000000000", False),
        ("StringEquals", ["1", "000000000000"], "000000000000", True),
        ("Bool", "true", "true", True),
        ("Bool", True, "true", True),
        ("Bool", "true", "false", False),
        ("Bool", "false", "false", True),
        ("StringNotEquals", "x", "y", False),  # not evaluated here: it never holds
    ],
)
def test_strings_and_truth(operator: str, value: Any, fact: str, allowed: bool) -> None:
    assert allows([when(operator, "aws:SourceAccount", value)], asking(SourceAccount=fact)) is allowed


def test_a_key_that_the_request_does_not_have_fails() -> None:
    given = [when("ArnLike", "AWS:SourceArn", "arn:aws:sns:*:*:*")]
    assert not allows(given, asking())
    assert not allows(given, asking(SourceArn=""))


def test_all_conditions_must_hold() -> None:
    both = {"ArnLike": {"AWS:SourceArn": TOPIC}, "StringEquals": {"AWS:SourceAccount": "000000000000"}}
    given = [statement(Condition=both)]
    assert allows(given, asking(SourceArn=TOPIC, SourceAccount="000000000000"))
    assert not allows(given, asking(SourceArn=TOPIC, SourceAccount="111122223333"))
    assert not allows(given, asking(SourceArn=TOPIC))


def test_one_statement_is_enough_and_a_denial_wins() -> None:
    other, denial = statement(Principal={"Service": "s3.amazonaws.com"}), statement(Effect="Deny", Principal="*")
    assert allows([other, statement()], asking())
    assert not allows([statement(), denial], asking())
    assert not allows([denial], asking())
    assert not allows([], asking())


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("?", "", False),
        ("a*c", "abbc", True),
        ("a.c", "abc", False),
        ("a*", "a\nb", True),
        ("*" * 40 + "b", "a" * 5000, False),  # quick, too
    ],
)
def test_wildcards(pattern: str, text: str, fits: bool) -> None:
    assert like(pattern, text) is fits
