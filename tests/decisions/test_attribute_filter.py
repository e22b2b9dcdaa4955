"""SNS filter policies: over attributes and over bodies, with SNS's limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.decisions.attribute_filter import (
    ATTRIBUTES,
    BODY,
    Attribute,
    compile_policy,
    explain_attributes,
    fits,
)
from invocations.decisions.event_pattern import InvalidPattern


def string(value: str) -> Attribute:
    return Attribute("String", value)


def number(value: str) -> Attribute:
    return Attribute("Number", value)


def array(*values: Any) -> Attribute:
    return Attribute("String.Array", json.dumps(values))


@pytest.mark.parametrize(
    ("rules", "attribute", "expected"),
    [
        (["red"], string("red"), True),
        (["red"], string("blue"), False),
        (["red"], None, False),
        (["red"], array("blue", "red"), True),
        (["red"], array("blue"), False),
        (["red"], array(), False),
        (["red"], Attribute("String.Array", "red"), False),
        ([1], array("x", 1), True),
        ([None], array(None), True),
        ([True], array(True), True),
        ([1], array(True), False),
        ([{"anything-but": "red"}], array("red", "blue"), True),
        ([{"anything-but": "red"}], array("red"), False),
        ([{"anything-but": "red"}], string("blue"), True),
        ([{"anything-but": "red"}], None, False),
        ([{"anything-but": {"prefix": "r"}}], string("red"), False),
        ([{"prefix": "re"}], string("red"), True),
        ([{"suffix": "ed"}], string("red"), True),
        ([{"equals-ignore-case": "RED"}], string("red"), True),
        ([{"cidr": "10.0.0.0/24"}], string("10.0.0.7"), True),
        ([{"wildcard": "r*d"}], string("red"), True),
        ([100], number("100"), True),
        ([100], number("100.0"), True),
        ([100], number("1e2"), True),
        ([100], string("100"), False),
        (["100"], number("100"), False),
        ([{"numeric": [">", 5, "<=", 10]}], number("10"), True),
        ([{"numeric": [">", 5, "<=", 10]}], number("10.5"), False),
        ([{"numeric": ["<", 0]}], number("-.5"), True),
        ([{"numeric": [">", 5]}], Attribute("Number.java.lang.Integer", "6"), True),
        ([{"numeric": [">", 5]}], string("6"), False),
        ([{"numeric": [">", 5]}], array(6), True),
        ([10], number("1_0"), False),
        ([{"numeric": [">", 0]}], number("inf"), False),
        ([{"exists": True}], string(""), True),
        ([{"exists": True}], Attribute("Binary", None), False),
        ([{"exists": True}], None, False),
        ([{"exists": False}], None, True),
        ([{"exists": False}], string("x"), False),
        (["red"], Attribute("Binary", None), False),
    ],
)
def test_rules_over_attributes(rules: Any, attribute: Attribute | None, expected: bool) -> None:
    policy = compile_policy(json.dumps({"colour": rules}), ATTRIBUTES)
    attributes = {} if attribute is None else {"colour": attribute}
    assert fits(policy, ATTRIBUTES, "body", attributes) is expected


def test_all_keys_must_fit_and_names_may_have_dots() -> None:
    policy = compile_policy('{"a.b": ["x"], "c": [{"exists": false}]}', ATTRIBUTES)
    assert fits(policy, ATTRIBUTES, "", {"a.b": string("x")})
    assert not fits(policy, ATTRIBUTES, "", {"a.b": string("x"), "c": string("y")})
    assert str(explain_attributes(policy, {})) == 'a.b is not in the event; the pattern wants ["x"].'


def test_or_over_attributes() -> None:
    policy = compile_policy('{"$or": [{"a": ["x"]}, {"b": [{"numeric": ["=", 1]}]}]}', ATTRIBUTES)
    assert fits(policy, ATTRIBUTES, "", {"b": number("1")})
    assert not fits(policy, ATTRIBUTES, "", {"a": string("y"), "b": number("2")})


def test_an_empty_policy_lets_everything_through() -> None:
    for scope in (ATTRIBUTES, BODY):
        assert compile_policy("{}", scope) is None
        assert fits(None, scope, "no JSON", {})


@pytest.mark.parametrize(
    ("policy", "message", "expected"),
    [
        ({"a": ["x"]}, '{"a": "x"}', True),
        ({"a": ["x"]}, '{"a": "y"}', False),
        ({"a": {"b": ["x"]}}, '{"a": {"b": "x"}}', True),
        ({"a": {"b": ["x"], "c": [1]}}, '{"a": [{"b": "x"}, {"c": 1}]}', False),
        ({"a": ["x"]}, '{"a": ["x", "y"]}', True),
        ({"a": [{"exists": False}]}, "{}", True),
        ({"a": [{"exists": False}]}, "no JSON", False),
        ({"a": [{"exists": False}]}, "[]", False),
        ({"a": [{"exists": False}]}, '"text"', False),
        ({"a": [1]}, '{"a": ' + "9" * 5000 + "}", False),
        ({"$or": [{"a": [1]}, {"b": [2]}]}, '{"b": 2}', True),
    ],
)
def test_policies_over_bodies(policy: Any, message: str, expected: bool) -> None:
    compiled = compile_policy(json.dumps(policy), BODY)
    assert fits(compiled, BODY, message, {"a": string("ignored")}) is expected


SIX = {f"k{n}": ["x"] for n in range(6)}


@pytest.mark.parametrize(
    ("text", "scope", "why"),
    [
        ("{", ATTRIBUTES, "failed to parse JSON."),
        ("[]", ATTRIBUTES, "Filter is not an object"),
        ('{"a": [NaN]}', ATTRIBUTES, "failed to parse JSON."),
        ('{"a": [' + "9" * 5000 + "]}", ATTRIBUTES, "failed to parse JSON."),
        ('{"a": "x"}', ATTRIBUTES, '"a" must be an object or an array'),
        (json.dumps(SIX), ATTRIBUTES, "Filter policy can not have more than 5 keys"),
        (
            '{"a": {"b": ["x"]}}',
            ATTRIBUTES,
            "Filter policy scope MessageAttributes does not support nested filter policy",
        ),
        (json.dumps({"a": list(range(151))}), ATTRIBUTES, "Filter policy is too complex"),
        (json.dumps({"a": list(range(13)), "b": list(range(13))}), BODY, "Filter policy is too complex"),
        (json.dumps({"a": {"b": {"c": list(range(51))}}}), BODY, "Filter policy is too complex"),
        ('{"a": ["' + "x" * 262_144 + '"]}', BODY, "Filter policy is too large"),
        ('{"a": [{"exists": "yes"}]}', BODY, "exists match pattern must be either true or false."),
    ],
)
def test_policies_that_are_refused(text: str, scope: str, why: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compile_policy(text, scope)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    "policy",
    [
        {"a": list(range(150))},
        {"a": list(range(15)), "b": list(range(10))},
        {"a": {"b": {"c": list(range(50))}}},
        {"$or": [{"a": list(range(75))}, {"b": list(range(75))}]},
        {f"k{n}": ["x"] for n in range(5)},
    ],
)
def test_policies_at_the_limit(policy: Any) -> None:
    assert compile_policy(json.dumps(policy), BODY) is not None
