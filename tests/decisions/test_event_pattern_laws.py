"""Laws of the pattern matcher, tried on many patterns and events; a slow and plain matcher says what is right."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from invocations.decisions.event_pattern import OR, InvalidPattern, compile_pattern, explain, matches

KEYS = st.sampled_from("abc")
WORDS = st.text("xyX*\\é", max_size=4)
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, 2.0, -0.0])
SCALARS = st.none() | st.booleans() | WORDS | NUMBERS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
EVENTS = st.dictionaries(KEYS, VALUES, max_size=3)
JSON = st.recursive(
    SCALARS | st.sampled_from([{"prefix": "x"}, {"numeric": [">", 1]}, {"exists": True}]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            KEYS | st.sampled_from([OR, "prefix", "anything-but", "numeric", "exists"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)
RULES = st.one_of(
    SCALARS,
    WORDS.map(lambda text: {"prefix": text}),
    WORDS.map(lambda text: {"suffix": text}),
    WORDS.map(lambda text: {"equals-ignore-case": text}),
    st.booleans().map(lambda there: {"exists": there}),
    (WORDS | NUMBERS).map(lambda value: {"anything-but": value}),
    st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), NUMBERS).map(lambda terms: {"numeric": list(terms)}),
)
PATTERNS = st.recursive(
    st.lists(RULES, min_size=1, max_size=3),
    lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=4,
).filter(lambda tree: isinstance(tree, dict))

quick = settings(max_examples=40, deadline=None)


def fits(pattern: Any, event: Any) -> bool:
    return matches(compile_pattern(json.dumps(pattern)), event)


# --- the plain matcher: every way to take one element of each array is tried ------------------------------------------


def worlds(event: Any) -> list[Any]:
    """The event once for each choice of one element of every array; [] of an empty array."""
    if isinstance(event, list):
        return [world for one in event for world in worlds(one)] or [[]]
    if not isinstance(event, dict):
        return [event]
    made: list[dict[str, Any]] = [{}]
    for key, value in event.items():
        made = [{**world, key: inner} for world in made for inner in worlds(value)]
    return made


def rule_holds(rule: Any, value: Any) -> bool:
    """Of a value that is there and no object."""
    if not isinstance(rule, dict):
        return json.dumps(rule) == json.dumps(value) or (_numbers(rule, value) and bool(rule == value))
    [(name, operand)] = rule.items()
    if name == "exists":
        return bool(operand)
    if name == "anything-but":
        return not rule_holds(operand, value)
    if name == "numeric":
        sign, bound = operand
        signs = {"=": "__eq__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
        return _numbers(value) and bool(getattr(float(value), signs[sign])(float(bound)))
    if not isinstance(value, str):
        return False
    if name == "equals-ignore-case":
        return bool(value.lower() == operand.lower())
    return value.startswith(operand) if name == "prefix" else value.endswith(operand)


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def leaf_values(event: Any, path: tuple[str, ...]) -> list[Any]:
    """What is at the path in a world; no value is an object or an empty array."""
    if not path:
        return [] if isinstance(event, dict | list) else [event]
    return leaf_values(event[path[0]], path[1:]) if isinstance(event, dict) and path[0] in event else []


def leaves(pattern: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], list[Any]]]:
    found: list[tuple[tuple[str, ...], list[Any]]] = []
    for key, value in pattern.items():
        path = (*above, key)
        found += leaves(value, path) if isinstance(value, dict) else [(path, value)]
    return found


def plain_fits(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    every = worlds(event)
    wanted = []
    for path, rules in leaves(pattern):
        absent = not any(leaf_values(world, path) for world in every)
        if absent and {"exists": False} in rules:
            continue  # missing in the whole event
        wanted.append((path, rules))
    return any(
        all(
            any(rule_holds(rule, value) for value in leaf_values(world, path) for rule in rules)
            for path, rules in wanted
        )
        for world in every
    )


@settings(max_examples=150, deadline=None)
@given(PATTERNS, EVENTS)
@example({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1}, {"c": 2}]})
@example({"a": [{"exists": False}]}, {"a": []})
def test_it_agrees_with_the_plain_matcher(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    assume(len(worlds(event)) < 200)
    assert fits(pattern, event) is plain_fits(pattern, event)


@quick
@given(st.text() | JSON.map(json.dumps))
def test_a_text_is_a_pattern_or_is_refused_with_a_reason(text: str) -> None:
    try:
        pattern = compile_pattern(text)
    except InvalidPattern as refusal:
        assert str(refusal)
    else:
        matches(pattern, {"a": 1})


@quick
@given(PATTERNS, EVENTS)
def test_dots_and_nesting_are_the_same(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    flat = {".".join(path): rules for path, rules in leaves(pattern)}
    assert fits(flat, event) is fits(pattern, event)


@quick
@given(PATTERNS, PATTERNS, EVENTS)
def test_or_is_either(one: dict[str, Any], other: dict[str, Any], event: dict[str, Any]) -> None:
    assert fits({OR: [one, other]}, event) is (fits(one, event) or fits(other, event))


@quick
@given(PATTERNS, EVENTS, st.randoms())
def test_order_does_not_matter(pattern: dict[str, Any], event: dict[str, Any], random: Any) -> None:
    keys = list(pattern)
    random.shuffle(keys)
    assert fits({key: pattern[key] for key in keys}, event) is fits(pattern, event)


@quick
@given(PATTERNS, EVENTS)
def test_who_does_not_fit_is_told_why(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    found = explain(compile_pattern(json.dumps(pattern)), event)
    assert found is None or (found.path in str(found) and str(found).endswith("."))


@quick
@given(WORDS | NUMBERS, SCALARS)
def test_anything_but_is_the_opposite_where_a_value_is(excluded: Any, value: Any) -> None:
    assert fits({"a": [{"anything-but": excluded}]}, {"a": value}) is not fits({"a": [excluded]}, {"a": value})


@quick
@given(VALUES)
def test_a_field_exists_or_not(value: Any) -> None:
    event = {"a": value}
    assert fits({"a": [{"exists": True}]}, event) is not fits({"a": [{"exists": False}]}, event)


def star_fits(pattern: str, text: str) -> bool:
    """Row by row: which beginnings of the text each beginning of the pattern fits."""
    row = {0}
    for character in pattern:
        if character == "*":
            row = set(range(min(row, default=len(text) + 1), len(text) + 1))
        else:
            row = {at + 1 for at in row if text[at : at + 1] == character}
    return len(text) in row


@quick
@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_wildcards_fit_what_a_table_says(pattern: str, text: str) -> None:
    assume("**" not in pattern and pattern.count("*") <= 5)
    assert fits({"a": [{"wildcard": pattern}]}, {"a": text}) is star_fits(pattern, text)


@quick
@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 127))
def test_networks_hold_their_addresses(base: Any, other: Any, bits: int) -> None:
    assume(bits < base.max_prefixlen)
    network = ipaddress.ip_network(f"{base}/{bits}", strict=False)
    rule = {"a": [{"cidr": f"{network.network_address}/{bits}"}]}
    assert fits(rule, {"a": str(base)})
    assert fits(rule, {"a": str(network.broadcast_address)})
    assert fits(rule, {"a": str(other)}) is (other.version == base.version and other in network)
