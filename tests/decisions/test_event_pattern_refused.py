"""Patterns that are none, each with AWS's reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.decisions.event_pattern import InvalidPattern, compile_pattern


def reason(text: str) -> str:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ([1], "Match value must be String, number, true, false, or null"),
        ({}, "Match expression name not found"),
        ({"EXISTS": True}, "Unrecognized match type EXISTS"),
        ({"Prefix": "x"}, "Unrecognized match type Prefix"),
        ({"prefix": "x", "suffix": "y"}, "Only one key allowed in match expression"),
        ({"exactly": 1}, "exact match pattern must be a string"),
        ({"prefix": 1}, "prefix match pattern must be a string"),
        ({"prefix": ["x"]}, "prefix match pattern must be a string"),
        ({"prefix": None}, "prefix match pattern must be a string"),
        ({"prefix": {}}, "Prefix expression name not found"),
        ({"prefix": {"wildcard": "x"}}, "Unsupported prefix pattern: wildcard"),
        ({"prefix": {"equals-ignore-case": 1}}, "equals-ignore-case match pattern must be a string"),
        ({"prefix": {"equals-ignore-case": "a", "x": 1}}, "Only one key allowed in match expression"),
        ({"suffix": 1}, "suffix match pattern must be a string"),
        ({"suffix": {"prefix": "x"}}, "Unsupported suffix pattern: prefix"),
        ({"equals-ignore-case": ["x"]}, "equals-ignore-case match pattern must be a string"),
        ({"exists": "true"}, "exists match pattern must be either true or false."),
        ({"exists": 1}, "exists match pattern must be either true or false."),
        ({"exists": None}, "exists match pattern must be either true or false."),
        ({"anything-but": None}, "Value of anything-but must be an array or single string/number value."),
        ({"anything-but": True}, "Value of anything-but must be an array or single string/number value."),
        ({"anything-but": [None]}, "Inside anything but list, start|null|boolean is not supported."),
        ({"anything-but": [True]}, "Inside anything but list, start|null|boolean is not supported."),
        ({"anything-but": [["x"]]}, "Inside anything but list, start|null|boolean is not supported."),
        ({"anything-but": [{"prefix": "x"}]}, "Inside anything but list, start|null|boolean is not supported."),
        (
            {"anything-but": ["x", 1]},
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        ({"anything-but": {}}, "Anything-But expression name not found"),
        ({"anything-but": {"numeric": [">", 1]}}, "Unsupported anything-but pattern: numeric"),
        ({"anything-but": {"prefix": ""}}, "Null prefix/suffix not allowed"),
        ({"anything-but": {"suffix": ""}}, "Null prefix/suffix not allowed"),
        ({"anything-but": {"prefix": ["x", ""]}}, "Null prefix/suffix not allowed"),
        ({"anything-but": {"prefix": 1}}, "prefix/suffix match pattern must be a string"),
        (
            {"anything-but": {"equals-ignore-case": [1]}},
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
        ({"anything-but": {"wildcard": "a**b"}}, "Consecutive wildcard characters at pos 2"),
        ({"numeric": 5}, "Value of numeric must be an array."),
        ({"numeric": ">5"}, "Value of numeric must be an array."),
        ({"numeric": []}, "Invalid member in numeric match: ]"),
        ({"numeric": [5]}, "Invalid member in numeric match: 5"),
        ({"numeric": ["!=", 5]}, "Unrecognized numeric range operator: !="),
        ({"numeric": ["<"]}, "Value of < must be numeric"),
        ({"numeric": ["<", "5"]}, "Value of < must be numeric"),
        ({"numeric": ["<", True]}, "Value of < must be numeric"),
        ({"numeric": ["=", "5"]}, "Value of equals must be numeric"),
        ({"numeric": ["<", 5, ">", 1]}, "Too many elements in numeric expression"),
        ({"numeric": ["=", 5, "<", 6]}, "Too many elements in numeric expression"),
        ({"numeric": [">", 1, ">", 5]}, "Bad numeric range operator: >"),
        ({"numeric": [">", 1, 5]}, "Bad value in numeric range: 5"),
        ({"numeric": [">", 1, "<"]}, "Value of < must be numeric"),
        ({"numeric": [">", 5, "<", 5]}, "Bottom must be less than top"),
        ({"numeric": [">", 5, "<", 1]}, "Bottom must be less than top"),
        ({"numeric": [">", 1, "<", 5, "<", 6]}, "Too many terms in numeric range expression"),
        ({"numeric": ["<", 5_000_000_001]}, "Value must be between -5000000000 and 5000000000, inclusive"),
        ({"cidr": "10.0.0.0"}, "Malformed CIDR, one '/' required"),
        ({"cidr": "10.0.0.0/"}, "Malformed CIDR, one '/' required"),
        ({"cidr": "10.0.0.0/8/8"}, "Malformed CIDR, one '/' required"),
        ({"cidr": "10.0.0.0/x"}, "Malformed CIDR, mask bits must be an integer"),
        ({"cidr": "10.0.0.0/-1"}, "Malformed CIDR, mask bits must not be negative"),
        ({"cidr": "10.0.0.0/33"}, "IPv4 mask bits must be < 32"),
        ({"cidr": "2001:db8::/129"}, "IPv6 mask bits must be < 128"),
        ({"cidr": "bad/8"}, "Nonstandard IP address: bad"),
        ({"cidr": 10}, "prefix match pattern must be a string"),
        ({"wildcard": 1}, "wildcard match pattern must be a string"),
        ({"wildcard": "a**"}, "Consecutive wildcard characters at pos 2"),
        ({"wildcard": "a\\b"}, "Invalid escape character at pos 2"),
        ({"wildcard": "*a*a*a*a*a*a"}, "Rule is too complex"),
    ],
)
def test_rules_that_are_none(rule: Any, why: str) -> None:
    assert reason(json.dumps({"a": [rule]})).startswith(why)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('"text"', "Filter is not an object"),
        ("[]", "Filter is not an object"),
        ("null", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ('{"a": {}}', "Empty objects are not allowed"),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": "x"}', '"a" must be an object or an array'),
        ('{"a": {"b": 1}}', '"b" must be an object or an array'),
        ('{"a": null}', '"a" must be an object or an array'),
        ('{"a": {"b": [1]}, "a.b": [2]}', "Path `a.b` cannot be allowed multiple times"),
        ('{"$or": [{"a": [1]}, {"a": [2]}], "a": [3]}', "Path `a` cannot be allowed multiple times"),
        ('{"$or": [{"a": [1]}, {}]}', "Empty objects are not allowed"),
        ('{"$or": [{"a": [1]}, {"b": {"prefix": [2]}}]}', "prefix is Ruler reserved fieldName"),
        ("", "Unexpected end-of-input"),
        ('{"a": [1', "Unexpected end-of-input"),
        ("{a: [1]}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name"),
        ('{"a": [yes]}', "Unrecognized token 'yes'"),
        ('{"a": [1],}', "Unexpected character ('}' (code 125))"),
        ('{"a": ["x]}', "Unexpected end-of-input"),
        ('{"a": [NaN]}', "Non-standard token 'NaN'"),
        ('{"a": [Infinity]}', "Non-standard token 'Infinity'"),
        ('{"a":' * 3000 + "[1]" + "}" * 3000, "The pattern is nested too deeply"),
        ('{"a": [' + "9" * 5000 + "]}", "Value must be between"),
    ],
)
def test_texts_that_are_no_pattern(text: str, why: str) -> None:
    assert why in reason(text)


def test_what_or_lists_multiply_to_is_bounded() -> None:
    branch = [{f"k{n}": [1]} for n in range(11)]
    many = {"a": {"$or": branch}, "b": {"$or": branch}, "c": {"$or": branch}}
    assert reason(json.dumps(many)) == "The $or lists multiply to more than 1000 alternatives"
