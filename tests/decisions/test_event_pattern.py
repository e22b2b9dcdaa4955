"""Conformance of the pattern matcher: each operator against values, after recordings and AWS's rule engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.decisions.event_pattern import compile_pattern, explain, matches

MISSING = object()  # the event has no such key


def fits(pattern: Any, event: Any) -> bool:
    compiled = compile_pattern(json.dumps(pattern))
    found = explain(compiled, event)
    assert (found is None) is matches(compiled, event)
    assert found is None or str(found).endswith(".")
    return found is None


def event_of(value: Any) -> dict[str, Any]:
    return {} if value is MISSING else {"a": value}


EXACT = [
    ("x", "x", True),
    ("x", "X", False),
    ("x", "xx", False),
    ("x", MISSING, False),
    ("x", None, False),
    ("x", {"x": 1}, False),
    ("", "", True),
    ("", None, False),
    ("", MISSING, False),
    (300, 300, True),
    (300, 300.0, True),
    (300.0, 300, True),
    (3.0e2, 300, True),
    (300, "300", False),
    ("300", 300, False),
    (0, -0.0, True),
    (0, False, False),
    (1, True, False),
    (True, True, True),
    (True, False, False),
    (True, 1, False),
    (True, "true", False),
    (False, False, True),
    (False, 0, False),
    (False, MISSING, False),
    (None, None, True),
    (None, "", False),
    (None, 0, False),
    (None, MISSING, False),
    (None, [], False),
    ("é", "é", True),
    ("\U0001f600", "\U0001f600", True),
    ({"exactly": "x"}, "x", True),
    ({"exactly": "x"}, "y", False),
]
ENDS = [
    ({"prefix": "ab"}, "abc", True),
    ({"prefix": "ab"}, "ab", True),
    ({"prefix": "ab"}, "a", False),
    ({"prefix": "ab"}, "ABC", False),
    ({"prefix": "ab"}, "xab", False),
    ({"prefix": ""}, "anything", True),
    ({"prefix": ""}, 1, False),
    ({"prefix": "1"}, 12, False),
    ({"prefix": "ab"}, None, False),
    ({"prefix": "ab"}, MISSING, False),
    ({"prefix": {"equals-ignore-case": "aB"}}, "AbC", True),
    ({"prefix": {"equals-ignore-case": "aB"}}, "cab", False),
    ({"suffix": ".png"}, "a.png", True),
    ({"suffix": ".png"}, ".png", True),
    ({"suffix": ".png"}, "a.PNG", False),
    ({"suffix": ".png"}, "a.png.txt", False),
    ({"suffix": ""}, "anything", True),
    ({"suffix": "2"}, 12, False),
    ({"suffix": {"equals-ignore-case": ".PnG"}}, "a.pNg", True),
    ({"suffix": {"equals-ignore-case": ".png"}}, "png.a", False),
    ({"equals-ignore-case": "aBc"}, "AbC", True),
    ({"equals-ignore-case": "aBc"}, "abcd", False),
    ({"equals-ignore-case": "1"}, 1, False),
    ({"equals-ignore-case": "x"}, MISSING, False),
]
ANYTHING_BUT = [
    ({"anything-but": "x"}, "y", True),
    ({"anything-but": "x"}, "x", False),
    ({"anything-but": "x"}, "X", True),
    ({"anything-but": "x"}, 1, True),
    ({"anything-but": "x"}, True, True),
    ({"anything-but": "x"}, None, True),  # a null is there
    ({"anything-but": "x"}, "", True),
    ({"anything-but": "x"}, MISSING, False),
    ({"anything-but": "x"}, [], False),  # an empty list is not
    ({"anything-but": "x"}, {"b": 1}, False),  # nor is an object a value
    ({"anything-but": ""}, "x", True),
    ({"anything-but": ""}, "", False),
    ({"anything-but": 1}, 2, True),
    ({"anything-but": 1}, 1.0, False),
    ({"anything-but": 1}, "1", True),
    ({"anything-but": ["x", "y"]}, "z", True),
    ({"anything-but": ["x", "y"]}, "y", False),
    ({"anything-but": [1, 2]}, 3, True),
    ({"anything-but": [1, 2]}, 2, False),
    ({"anything-but": {"prefix": "ab"}}, "abc", False),
    ({"anything-but": {"prefix": "ab"}}, "xab", True),
    ({"anything-but": {"prefix": "ab"}}, 1, True),
    ({"anything-but": {"prefix": ["ab", "cd"]}}, "cde", False),
    ({"anything-but": {"prefix": ["ab", "cd"]}}, "ef", True),
    ({"anything-but": {"prefix": "ab"}}, MISSING, False),
    ({"anything-but": {"suffix": ".png"}}, "a.png", False),
    ({"anything-but": {"suffix": ".png"}}, "a.jpg", True),
    ({"anything-but": {"suffix": [".png", ".jpg"]}}, "a.jpg", False),
    ({"anything-but": {"equals-ignore-case": "aB"}}, "Ab", False),
    ({"anything-but": {"equals-ignore-case": "aB"}}, "abc", True),
    ({"anything-but": {"equals-ignore-case": ["aB", "c"]}}, "C", False),
    ({"anything-but": {"wildcard": "*/lib/*"}}, "a/lib/b", False),
    ({"anything-but": {"wildcard": "*/lib/*"}}, "a/bin/b", True),
    ({"anything-but": {"wildcard": ["*a", "b*"]}}, "bx", False),
    ({"anything-but": {"wildcard": ["*a", "b*"]}}, "xb", True),
]
NUMERIC = [
    ({"numeric": ["=", 5]}, 5, True),
    ({"numeric": ["=", 5]}, 5.0, True),
    ({"numeric": ["=", 5]}, 5.1, False),
    ({"numeric": ["=", 5]}, "5", False),
    ({"numeric": ["=", 0]}, False, False),
    ({"numeric": ["<", 5]}, 4.999, True),
    ({"numeric": ["<", 5]}, 5, False),
    ({"numeric": ["<=", 5]}, 5, True),
    ({"numeric": ["<=", 5]}, 5.001, False),
    ({"numeric": [">", -1.5]}, -1.4, True),
    ({"numeric": [">", -1.5]}, -1.5, False),
    ({"numeric": [">=", -1.5]}, -1.5, True),
    ({"numeric": [">", 0, "<=", 5]}, 0, False),
    ({"numeric": [">", 0, "<=", 5]}, 0.001, True),
    ({"numeric": [">", 0, "<=", 5]}, 5, True),
    ({"numeric": [">", 0, "<=", 5]}, 6, False),
    ({"numeric": [">=", 0, "<", 5]}, 5, False),
    ({"numeric": ["<", 5]}, None, False),
    ({"numeric": ["<", 5]}, MISSING, False),
    ({"numeric": ["<", 5]}, True, False),
    ({"numeric": [">", 0]}, 5_000_000_001, False),  # beyond what the engine compares
    ({"numeric": ["=", 3.0e2]}, 300, True),
]
EXISTS = [
    ({"exists": True}, "x", True),
    ({"exists": True}, "", True),
    ({"exists": True}, None, True),
    ({"exists": True}, False, True),
    ({"exists": True}, 0, True),
    ({"exists": True}, ["x"], True),
    ({"exists": True}, [], False),
    ({"exists": True}, {"b": 1}, False),
    ({"exists": True}, {}, False),
    ({"exists": True}, MISSING, False),
    ({"exists": False}, MISSING, True),
    ({"exists": False}, [], True),
    ({"exists": False}, {"b": 1}, True),
    ({"exists": False}, None, False),
    ({"exists": False}, "", False),
    ({"exists": False}, 0, False),
]
CIDR = [
    ({"cidr": "10.0.0.0/24"}, "10.0.0.255", True),
    ({"cidr": "10.0.0.0/24"}, "10.0.1.0", False),
    ({"cidr": "10.0.0.0/24"}, "10.0.0", False),
    ({"cidr": "10.0.0.0/24"}, "::ffff:10.0.0.1", False),
    ({"cidr": "10.0.0.0/24"}, 10, False),
    ({"cidr": "0.0.0.0/0"}, "255.255.255.255", True),
    ({"cidr": "2001:db8::/32"}, "2001:db8:ffff::1", True),
    ({"cidr": "2001:db8::/32"}, "2001:db9::1", False),
    ({"cidr": "2001:db8::/32"}, "10.0.0.1", False),
    ({"cidr": "10.0.0.0/24"}, MISSING, False),
]
WILDCARD = [
    ({"wildcard": "a*c"}, "abbbc", True),
    ({"wildcard": "a*c"}, "ac", True),
    ({"wildcard": "a*c"}, "abcd", False),
    ({"wildcard": "*"}, "", True),
    ({"wildcard": "*"}, 5, False),
    ({"wildcard": "abc"}, "abc", True),
    ({"wildcard": "*b*b*"}, "abcb", True),
    ({"wildcard": "*b*b*"}, "abc", False),
    ({"wildcard": "a*a"}, "a", False),
    ({"wildcard": "dir/*/*.png"}, "dir/x/y.png", True),
    ({"wildcard": "a\\*c"}, "a*c", True),
    ({"wildcard": "a\\*c"}, "abc", False),
    ({"wildcard": "a\\\\*"}, "a\\b", True),
    ({"wildcard": "a.c"}, "abc", False),
    ({"wildcard": "A*"}, "abc", False),
    ({"wildcard": "a*c"}, "a\n c", True),
    ({"wildcard": "a*"}, MISSING, False),
]


@pytest.mark.parametrize(
    ("rule", "value", "expected"), [*EXACT, *ENDS, *ANYTHING_BUT, *NUMERIC, *EXISTS, *CIDR, *WILDCARD]
)
def test_one_rule_against_one_value(rule: Any, value: Any, expected: bool) -> None:
    assert fits({"a": [rule]}, event_of(value)) is expected


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        (["x", "y"], "y", True),
        (["x", 1, None, True], None, True),
        (["x", {"prefix": "y"}], "yes", True),
        (["x", {"exists": False}], MISSING, True),
        (["x", {"exists": False}], "x", True),
        (["x", {"exists": False}], "y", False),
        ([{"exists": True}, {"exists": False}], MISSING, True),
        ([{"numeric": ["<", 0]}, {"numeric": [">", 9]}], 10, True),
        ([{"numeric": ["<", 0]}, {"numeric": [">", 9]}], 5, False),
        ([{"anything-but": "x"}, "x"], "x", True),
        # Any element of an array in the event will do.
        (["x"], ["y", "x"], True),
        (["x"], ["y", "z"], False),
        (["x"], [["y"], ["x"]], True),
        ([{"prefix": "x"}], ["y", "xy"], True),
        ([{"anything-but": "x"}], ["x", "y"], True),
        ([{"anything-but": "x"}], ["x"], False),
        ([{"exists": False}], [1], False),
        ([None], [1, None], True),
        ([{"numeric": [">", 5]}], [1, "x", 6], True),
    ],
)
def test_of_a_leafs_array_one_element_must_fit(rules: Any, value: Any, expected: bool) -> None:
    assert fits({"a": rules}, event_of(value)) is expected


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        # All keys must fit; what the pattern does not name does not matter.
        ({"a": [1], "b": [2]}, {"a": 1, "b": 2, "c": 3}, True),
        ({"a": [1], "b": [2]}, {"a": 1, "b": 3}, False),
        ({"a": [1], "b": [2]}, {"a": 1}, False),
        ({"a": {"b": {"c": ["x"]}}}, {"a": {"b": {"c": "x", "d": 1}}}, True),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": {"b": ["x"]}}, {"a": None}, False),
        ({"a": {"b": [{"exists": False}]}}, {}, True),
        ({"a": {"b": [{"exists": False}]}}, {"a": 1}, True),
        ({"a": {"b": [{"exists": False}]}}, {"a": {"b": 1}}, False),
        # Dots and nesting are the same.
        ({"state": {"status": ["on"]}}, {"state.status": "on"}, True),
        ({"state.status": ["on"]}, {"state": {"status": "on"}}, True),
        ({"a.b": {"c": ["x"]}}, {"a": {"b.c": "x"}}, True),
        # Arrays of objects: the leaves must fit one and the same element.
        ({"l": {"a": [1], "b": [2]}}, {"l": [{"a": 1, "b": 2}]}, True),
        ({"l": {"a": [1], "b": [2]}}, {"l": [{"a": 1, "b": 9}, {"a": 9, "b": 2}]}, False),
        ({"l": {"a": [1], "b": [2]}}, {"l": [{"a": 1, "b": 9}, {"a": 1, "b": 2}]}, True),
        ({"l": {"a": [1]}, "m": {"b": [2]}}, {"l": [{"a": 0}, {"a": 1}], "m": [{"b": 2}, {"b": 3}]}, True),
        ({"l": {"m": {"a": [1], "b": [2]}}}, {"l": [{"m": [{"a": 1}, {"b": 2}]}]}, False),
        ({"l": {"m": {"a": [1]}, "b": [2]}}, {"l": [{"m": [{"a": 0}, {"a": 1}], "b": 2}]}, True),
        ({"l": {"m": {"a": [1]}, "b": [2]}}, {"l": [{"m": [{"a": 1}], "b": 0}, {"m": [{"a": 0}], "b": 2}]}, False),
        # $or combines with its neighbours.
        ({"$or": [{"a": [1]}, {"b": [2]}]}, {"a": 1}, True),
        ({"$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2}, True),
        ({"$or": [{"a": [1]}, {"b": [2]}]}, {"a": 2, "b": 1}, False),
        ({"c": [3], "$or": [{"a": [1]}, {"b": [2]}]}, {"a": 1, "c": 3}, True),
        ({"c": [3], "$or": [{"a": [1]}, {"b": [2]}]}, {"a": 1, "c": 4}, False),
        ({"d": {"$or": [{"a": [1]}, {"b": [2]}]}}, {"d": {"b": 2}}, True),
        ({"$or": [{"a": [1], "b": [2]}, {"c": [3]}]}, {"a": 1, "b": 9}, False),
        ({"$or": [{"$or": [{"a": [1]}, {"b": [2]}]}, {"c": [3]}]}, {"b": 2}, True),
        ({"$or": [{"a": [{"prefix": "x"}]}, {"a": [{"suffix": "x"}]}]}, {"a": "yx"}, True),
        # What looks like a list of values is a field named $or.
        ({"$or": ["x", "y"]}, {"$or": "y"}, True),
        ({"$or": [{"prefix": "x"}, {"prefix": "y"}]}, {"$or": "yes"}, True),
        ({"$or": [{"a": [1]}]}, {"$or": "a"}, None),
        # An event that is no object fits nothing.
        ({"a": [{"exists": False}]}, "text", False),
        ({"a": [{"exists": False}]}, [], False),
        ({"a": [{"exists": False}]}, None, False),
        ({"a": [{"exists": False}]}, {}, True),
    ],
)
def test_whole_patterns(pattern: Any, event: Any, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="Unrecognized match type a"):
            compile_pattern(json.dumps(pattern))
        return
    assert fits(pattern, event) is expected


@pytest.mark.parametrize(
    ("pattern", "event", "sentence"),
    [
        ({"a": ["x"]}, {}, 'a is not in the event; the pattern wants ["x"].'),
        ({"a": {"b": ["x"]}}, {"a": {"b": "y"}}, 'a.b is "y"; the pattern wants ["x"].'),
        ({"a": [0]}, {"a": [1, 2, 3, 4, 5]}, "and 2 more; the pattern wants [0]."),
        (
            {"l": {"a": [1], "b": [2]}},
            {"l": [{"a": 1}, {"b": 2}]},
            "No one element of the array above l.b satisfies all that the pattern wants of it.",
        ),
        # Of alternatives the one that comes nearest.
        ({"$or": [{"a": [1], "b": [2]}, {"c": [3]}]}, {"a": 1, "b": 5}, "b is 5; the pattern wants [2]."),
    ],
)
def test_why_an_event_does_not_fit(pattern: Any, event: Any, sentence: str) -> None:
    found = explain(compile_pattern(json.dumps(pattern)), event)
    assert str(found).endswith(sentence)


def test_long_arrays_and_hostile_wildcards_cost_little() -> None:
    elements = [{"a": 1, "b": 0, "c": {"d": n}} for n in range(5000)]
    assert not fits({"l": {"a": [1], "b": [2], "c": {"d": [{"numeric": [">=", 0]}]}}}, {"l": elements})
    assert not fits({"a": [{"wildcard": "*a*a*a*a*b"}]}, {"a": "a" * 100_000})
