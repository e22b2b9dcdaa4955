"""One value against one element of a pattern's array: the operators that EventBridge, mappings and SNS share.

`compile_rule` turns such an element into a test, or raises InvalidPattern with AWS's reason. What it accepts and what
it says follow AWS's open-source rule engine (Event Ruler) and recorded answers of EventBridge.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

Test = Callable[[object], bool]

# Numbers that Event Ruler compares; its README says so.
NUMBER_MAX = 5_000_000_000
OUT_OF_RANGE = f"Value must be between {-NUMBER_MAX} and {NUMBER_MAX}, inclusive"
WILDCARDS_MAX = 5  # recorded: a pattern with six is "too complex"

TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a "
    "wildcard character"
)
ONE_KEY = "Only one key allowed in match expression"


class InvalidPattern(ValueError):
    """The pattern is not valid; the text is AWS's reason."""


@dataclass(frozen=True)
class Rule:
    """One element of a leaf's array. `absent`: satisfied by a missing field, and by nothing else."""

    test: Test
    absent: bool = False


def compile_rule(element: object) -> Rule:
    if isinstance(element, Mapping):
        return _expression(element)
    if isinstance(element, list):
        raise InvalidPattern("Match value must be String, number, true, false, or null")
    return Rule(partial(same, element))


def is_number(value: object) -> bool:
    """JSON's numbers; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(wanted: object, value: object) -> bool:
    """Equality of JSON values: 300 is 300.0, and neither is "300"; true is not 1."""
    if is_number(wanted) and is_number(value):
        return wanted == value
    return type(wanted) is type(value) and wanted == value


def _expression(expression: Mapping[str, Any]) -> Rule:
    if not expression:
        raise InvalidPattern("Match expression name not found")
    name, operand = next(iter(expression.items()))
    build = _OPERATORS.get(name)
    if build is None:
        raise InvalidPattern(f"Unrecognized match type {name}")
    rule = build(operand)
    if len(expression) > 1:
        raise InvalidPattern("Too many elements in numeric expression" if name in _LISTS else ONE_KEY)
    return rule


def _exactly(operand: object) -> Rule:
    if not isinstance(operand, str):
        raise InvalidPattern("exact match pattern must be a string")
    return Rule(partial(same, operand))


def _ignore_case(operand: object) -> Rule:
    if not isinstance(operand, str):
        raise InvalidPattern("equals-ignore-case match pattern must be a string")
    return Rule(partial(_same_letters, operand.lower()))


def _same_letters(lowered: str, value: object) -> bool:
    return isinstance(value, str) and value.lower() == lowered


def _starts(text: str, value: object) -> bool:
    return isinstance(value, str) and value.startswith(text)


def _ends(text: str, value: object) -> bool:
    return isinstance(value, str) and value.endswith(text)


def _starts_letters(lowered: str, value: object) -> bool:
    return isinstance(value, str) and value.lower().startswith(lowered)


def _ends_letters(lowered: str, value: object) -> bool:
    return isinstance(value, str) and value.lower().endswith(lowered)


def _end_of_string(name: str, plain: Callable[[str, object], bool], letters: Callable[[str, object], bool]) -> Any:
    """Prefix and suffix: a string, or {"equals-ignore-case": a string}."""

    def build(operand: object) -> Rule:
        if isinstance(operand, Mapping):
            return Rule(partial(letters, _inner_ignore_case(name, operand).lower()))
        if not isinstance(operand, str):
            raise InvalidPattern(f"{name} match pattern must be a string")
        return Rule(partial(plain, operand))

    return build


def _inner_ignore_case(name: str, operand: Mapping[str, Any]) -> str:
    if not operand:
        raise InvalidPattern(f"{name.capitalize()} expression name not found")
    inner, text = next(iter(operand.items()))
    if inner != "equals-ignore-case":
        raise InvalidPattern(f"Unsupported {name} pattern: {inner}")
    if not isinstance(text, str):
        raise InvalidPattern("equals-ignore-case match pattern must be a string")
    if len(operand) > 1:
        raise InvalidPattern(ONE_KEY)
    return text


def _exists(operand: object) -> Rule:
    if not isinstance(operand, bool):
        raise InvalidPattern("exists match pattern must be either true or false.")
    return Rule(lambda value: True) if operand else Rule(lambda value: False, absent=True)


def _wildcard(operand: object) -> Rule:
    return Rule(partial(_matches_wildcard, _wildcard_pattern(operand)))


def _matches_wildcard(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _wildcard_pattern(operand: object) -> re.Pattern[str]:
    """`*` is any run of characters, `\\*` and `\\\\` the characters themselves."""
    if not isinstance(operand, str):
        raise InvalidPattern("wildcard match pattern must be a string")
    parts: list[str] = []
    text, at, stars = operand, 0, 0
    while at < len(text):
        if text[at] == "*":
            if text[at + 1 : at + 2] == "*":
                raise InvalidPattern(f"Consecutive wildcard characters at pos {_position(text, at)}")
            parts.append("*")
            stars += 1
        elif text[at] == "\\":
            if text[at + 1 : at + 2] not in ("*", "\\"):
                raise InvalidPattern(f"Invalid escape character at pos {_position(text, at)}")
            at += 1
            parts.append(re.escape(text[at]))
        else:
            parts.append(re.escape(text[at]))
        at += 1
    if stars > WILDCARDS_MAX:
        raise InvalidPattern(TOO_COMPLEX)
    return re.compile(_lazily(parts), re.DOTALL)


def _lazily(parts: list[str]) -> str:
    """Each run ends at the first place where what follows it fits (an atomic group), so that no value takes long."""
    pieces = "".join(part if part != "*" else "\0" for part in parts).split("\0")
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1])
    return f"{pieces[0]}{middle}.*{pieces[-1]}"


def _position(text: str, at: int) -> int:
    """AWS counts bytes, with the quotation mark before the text."""
    return len(text[:at].encode("utf-8", "surrogatepass")) + 1


def _cidr(operand: object) -> Rule:
    if not isinstance(operand, str):
        raise InvalidPattern("prefix match pattern must be a string")  # AWS's words for this operator, too
    parts = operand.split("/")
    if len(parts) != 2 or not parts[1]:
        raise InvalidPattern("Malformed CIDR, one '/' required")
    if re.fullmatch(r"[+-]?[0-9]{1,9}", parts[1]) is None:
        raise InvalidPattern("Malformed CIDR, mask bits must be an integer")
    bits, low = int(parts[1]), _address(parts[0])
    if bits < 0:
        raise InvalidPattern("Malformed CIDR, mask bits must not be negative")
    if bits >= low.max_prefixlen:
        raise InvalidPattern(f"IPv{low.version} mask bits must be < {low.max_prefixlen}")
    # From the address as written, not from the network's first, to the network's last.
    high = int(low) | ((1 << (low.max_prefixlen - bits)) - 1)
    return Rule(partial(_is_between, low.version, int(low), high))


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise InvalidPattern(f"Nonstandard IP address: {text}") from None


def _is_between(version: int, low: int, high: int, value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return address.version == version and low <= int(address) <= high


def _numeric(operand: object) -> Rule:
    if not isinstance(operand, list):
        raise InvalidPattern("Value of numeric must be an array.")
    terms = [*operand]
    operator = terms.pop(0) if terms else "]"
    if not isinstance(operator, str) or operator == "]":
        raise InvalidPattern(f"Invalid member in numeric match: {_shown(operator)}")
    if operator not in _COMPARISONS:
        raise InvalidPattern(f"Unrecognized numeric range operator: {operator}")
    bound = _bound("equals" if operator == "=" else operator, terms)
    if not terms:
        return Rule(partial(_compares, [(operator, bound)]))
    if operator not in (">", ">="):
        raise InvalidPattern("Too many elements in numeric expression")
    return Rule(partial(_compares, [(operator, bound), _upper(bound, terms)]))


def _upper(bottom: float, terms: list[object]) -> tuple[str, float]:
    """The second half of a range: below what number."""
    operator = terms.pop(0)
    if not isinstance(operator, str):
        raise InvalidPattern(f"Bad value in numeric range: {_shown(operator)}")
    if operator not in ("<", "<="):
        raise InvalidPattern(f"Bad numeric range operator: {operator}")
    top = _bound(operator, terms)
    if terms:
        raise InvalidPattern("Too many terms in numeric range expression")
    if top <= bottom:
        raise InvalidPattern("Bottom must be less than top")
    return operator, top


def _bound(name: str, terms: list[object]) -> float:
    value = terms.pop(0) if terms else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidPattern(f"Value of {name} must be numeric")
    return _comparable(value)


def _comparable(value: float) -> float:
    if not -NUMBER_MAX <= value <= NUMBER_MAX:
        raise InvalidPattern(OUT_OF_RANGE)
    return value


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


def _compares(terms: list[tuple[str, float]], value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -NUMBER_MAX <= value <= NUMBER_MAX:
        return False
    return all(_COMPARISONS[operator](value, bound) for operator, bound in terms)


def _shown(value: object) -> str:
    """A JSON value as AWS's parser prints its token."""
    return value if isinstance(value, str) else json.dumps(value)


# --- anything-but: the field must be there (a null counts), and no listed value may fit -------------------------------


def _anything_but(operand: object) -> Rule:
    if isinstance(operand, Mapping):
        return Rule(partial(_is_none_of, _excluded(operand)))
    if isinstance(operand, list):
        return Rule(partial(_is_none_of, [partial(same, value) for value in _listed(operand)]))
    if isinstance(operand, str) or is_number(operand):
        if is_number(operand):
            _comparable(operand)  # type: ignore[arg-type]
        return Rule(partial(_is_none_of, [partial(same, operand)]))
    raise InvalidPattern("Value of anything-but must be an array or single string/number value.")


def _is_none_of(tests: list[Test], value: object) -> bool:
    return not any(test(value) for test in tests)


def _listed(values: list[object]) -> list[object]:
    for value in values:
        if not isinstance(value, str) and not is_number(value):
            raise InvalidPattern("Inside anything but list, start|null|boolean is not supported.")
        if is_number(value):
            _comparable(value)  # type: ignore[arg-type]
    if len({isinstance(value, str) for value in values}) != 1:
        raise InvalidPattern(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    return values


def _excluded(operand: Mapping[str, Any]) -> list[Test]:
    if not operand:
        raise InvalidPattern("Anything-But expression name not found")
    name, value = next(iter(operand.items()))
    if name not in _EXCLUSIONS:
        raise InvalidPattern(f"Unsupported anything-but pattern: {name}")
    if isinstance(value, Mapping):
        raise InvalidPattern("Value of anything-but must be an array or single string/number value.")
    tests = [_EXCLUSIONS[name](item) for item in (value if isinstance(value, list) else [value])]
    if not tests:
        raise InvalidPattern("Empty arrays are not allowed")
    if len(operand) > 1:
        raise InvalidPattern(ONE_KEY)
    return tests


def _excluded_end(fits: Callable[[str, object], bool], value: object) -> Test:
    if not isinstance(value, str):
        raise InvalidPattern("prefix/suffix match pattern must be a string")
    if not value:
        raise InvalidPattern("Null prefix/suffix not allowed")
    return partial(fits, value)


def _excluded_letters(value: object) -> Test:
    if not isinstance(value, str):
        raise InvalidPattern("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.")
    return partial(_same_letters, value.lower())


_EXCLUSIONS: dict[str, Callable[[object], Test]] = {
    "prefix": partial(_excluded_end, _starts),
    "suffix": partial(_excluded_end, _ends),
    "equals-ignore-case": _excluded_letters,
    "wildcard": lambda value: _wildcard(value).test,
}

_OPERATORS: dict[str, Callable[[Any], Rule]] = {
    "exactly": _exactly,
    "prefix": _end_of_string("prefix", _starts, _starts_letters),
    "suffix": _end_of_string("suffix", _ends, _ends_letters),
    "equals-ignore-case": _ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "exists": _exists,
    "cidr": _cidr,
}
_LISTS = ("numeric", "anything-but")  # their second key is "too many elements" to AWS
RESERVED = frozenset(_OPERATORS)
