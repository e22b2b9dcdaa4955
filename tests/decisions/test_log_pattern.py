"""CloudWatch Logs' filter patterns, as AWS's page on them explains each form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.decisions.log_pattern import InvalidPattern, compile_pattern

TERMS = [
    ("", "anything", True),
    ("ERROR", "[ERROR] no", True),
    ("ERROR", "error", False),
    ("ERROR ARGUMENTS", "ERROR MISSING ARGUMENTS", True),
    ("ERROR ARGUMENTS", "ERROR only", False),
    ('"INTERNAL SERVER ERROR"', "an INTERNAL SERVER ERROR", True),
    ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR SERVER", False),
    ("?ERROR ?WARN", "WARN: x", True),
    ("?ERROR ?WARN", "INFO: x", False),
    ("ERROR -EXITING", "ERROR", True),
    ("ERROR -EXITING", "ERROR EXITING", False),
    ("?ERROR INFO", "INFO", True),
    ("%Task timed out after [0-9]+%", "Task timed out after 3.00 seconds", True),
    ('"a \\"b\\""', 'say a "b"', True),
]
LINE = '{"level": "ERROR", "count": 3, "ok": true, "no": null, "deep": {"list": [1, {"x": "ab"}]}, "a.b": "c"}'
CONDITIONS = [
    ('{ $.level = "ERROR" }', True),
    ("{ $.level = ERROR }", True),
    ('{ $.level = "ERR*" }', True),
    ('{ $.level = "[E]RROR" }', False),
    ('{ $.level != "ERROR" }', False),
    ('{ $.missing != "x" }', False),
    ("{ $.level = %^ERR% }", True),
    ("{ $.count = 3 }", True),
    ("{ $.count = 3.0 }", True),
    ("{ $.count > 2 && $.count < 4 }", True),
    ("{ $.count >= 4 || $.count <= 2 }", False),
    ('{ ($.count = 4 || $.count = 3) && $.level = "ERROR" }', True),
    ("{ $.count > 2 }", True),
    ("{ $.level > 2 }", False),
    ("{ $.ok IS TRUE }", True),
    ("{ $.ok IS FALSE }", False),
    ("{ $.no IS NULL }", True),
    ("{ $.missing NOT EXISTS }", True),
    ("{ $.level NOT EXISTS }", False),
    ('{ $.deep.list[1].x = "ab" }', True),
    ('{ $.deep.list[7].x = "ab" }', False),
    ("{ $['a.b'] = \"c\" }", True),
    ("{ $.ok = 1 }", False),
]
INVALID = [
    '"open',
    "{ $.a = 1",
    "{ $.a }",
    "{ $.a = }",
    "{ a = 1 }",
    "{ $.a > x }",
    "{ ($.a = 1 }",
    "{ $.a = 1 ) }",
    "[a, b]",
    "%[%",
    "{ $.a IS BIG }",
    "{ $.a < %x% }",
    "{}",
]


@pytest.mark.parametrize(("pattern", "line", "matched"), TERMS)
def test_terms(pattern: str, line: str, matched: bool) -> None:
    assert compile_pattern(pattern)(line) is matched


@pytest.mark.parametrize(("pattern", "matched"), CONDITIONS)
def test_conditions(pattern: str, matched: bool) -> None:
    assert bool(compile_pattern(pattern)(LINE)) is matched
    assert not compile_pattern(pattern)("not json")
    assert not compile_pattern(pattern)("3")


@pytest.mark.parametrize("pattern", INVALID)
def test_what_cannot_be_read_is_said(pattern: str) -> None:
    with pytest.raises(InvalidPattern, match=r"."):
        compile_pattern(pattern)


@given(st.text(alphabet='{}[]()$.=<>!&|"%-?a1 \\*', max_size=30), st.sampled_from([LINE, "a 1", "{}"]))
def test_every_pattern_is_an_answer_or_invalid(pattern: str, line: str) -> None:
    try:
        matches = compile_pattern(pattern)
    except InvalidPattern:
        return
    assert matches(line) in (True, False)
