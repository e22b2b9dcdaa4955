"""Filter patterns of CloudWatch Logs: terms and JSON conditions. Pure.

Source: AWS's page on filter pattern syntax. `ERROR`, `"two words"`, `-excluded`, `?one ?other`, `%regex%`, and
`{ $.level = "ERROR" && $.count > 3 }`. Space-delimited patterns (`[a, b]`) are not offered.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable
from typing import Any

Matcher = Callable[[str], bool]

_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"]+))')
_TOKEN = re.compile(
    r'\s*(?:(?P<op>&&|\|\||!=|<=|>=|=|<|>|\(|\))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<regex>%[^%]+%)'
    r"|(?P<path>\$(?:\.[\w\-]+|\[\d+\]|\[[\"'][^\"']+[\"']\])+)|(?P<word>[^\s()&|=!<>]+))"
)
_STEP = re.compile(r"\.([\w\-]+)|\[(\d+)\]|\[[\"']([^\"']+)[\"']\]")
_MISSING = object()


class InvalidPattern(ValueError):
    """The text says what is wrong, and where."""


def compile_pattern(pattern: str) -> Matcher:
    """Return what says whether a line matches. Raises InvalidPattern."""
    text = pattern.strip()
    if not text:
        return lambda line: True
    if text.startswith("{"):
        if not text.endswith("}"):
            raise InvalidPattern("a JSON pattern ends with '}'")
        return _json_matcher(text[1:-1])
    if text.startswith("["):
        raise InvalidPattern("space-delimited patterns are not offered")
    return _term_matcher(text)


def _term_matcher(text: str) -> Matcher:
    wanted: list[Matcher] = []
    excluded: list[Matcher] = []
    any_of: list[Matcher] = []
    place = 0
    while place < len(text):
        found = _TERM.match(text, place)
        if found is None:
            raise InvalidPattern(f"character {place + 1}: a term or a closing quote was expected")
        sign, quoted, regex, word = found.groups()
        term = _regex(regex) if regex is not None else _contains(_unquoted(quoted) if quoted is not None else word)
        {"": wanted, "-": excluded, "?": any_of}[sign].append(term)
        place = found.end()
        if not text[place:].strip():
            break
    if wanted and any_of:
        any_of = []  # AWS: with plain terms beside them, the optional ones decide nothing

    def matches(line: str) -> bool:
        if any(term(line) for term in excluded) or not all(term(line) for term in wanted):
            return False
        return not any_of or any(term(line) for term in any_of)

    return matches


def _contains(term: str) -> Matcher:
    return lambda line: term in line


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _regex(text: str) -> Matcher:
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise InvalidPattern(f"%{text}% is not a regular expression: {error}") from error
    return lambda line: compiled.search(line) is not None


Condition = Callable[[Any], bool]


def _json_matcher(text: str) -> Matcher:
    condition = _Reader(text).whole()

    def matches(line: str) -> bool:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            return False
        return isinstance(document, dict | list) and condition(document)

    return matches


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None or found.lastgroup is None:
                raise InvalidPattern(f"character {place + 2}: {text[place:].strip()[:20]!r} cannot be read")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()

    def whole(self) -> Condition:
        condition = self._either()
        if self.tokens:
            raise InvalidPattern(f"{self.tokens[0][1]!r} was not expected")
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take("||"):
            parts.append(self._both())
        return lambda document: any(part(document) for part in parts)

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._take("&&"):
            parts.append(self._one())
        return lambda document: all(part(document) for part in parts)

    def _one(self) -> Condition:
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise InvalidPattern("a closing parenthesis is missing")
            return inner
        kind, path = self._next("a selector such as $.level")
        if kind != "path":
            raise InvalidPattern(f"{path!r} is not a selector such as $.level")
        kind, operator = self._next("a comparison")
        if kind == "word":
            return self._named(path, operator.upper())
        if kind != "op" or operator in ("&&", "||", "(", ")"):
            raise InvalidPattern(f"{operator!r} is not a comparison")
        return _compared(path, operator, *self._next("a value"))

    def _named(self, path: str, word: str) -> Condition:
        _, second = self._next("NULL, TRUE, FALSE or EXISTS")
        named: dict[tuple[str, str], Condition] = {
            ("IS", "NULL"): lambda document: _select(document, path) is None,
            ("IS", "TRUE"): lambda document: _select(document, path) is True,
            ("IS", "FALSE"): lambda document: _select(document, path) is False,
            ("NOT", "EXISTS"): lambda document: _select(document, path) is _MISSING,
        }
        found = named.get((word, second.upper()))
        if found is None:
            raise InvalidPattern(f"{word} {second} is not a condition")
        return found

    def _take(self, operator: str) -> bool:
        if self.tokens and self.tokens[0] == ("op", operator):
            self.tokens.pop(0)
            return True
        return False

    def _next(self, wanted: str) -> tuple[str, str]:
        if not self.tokens:
            raise InvalidPattern(f"{wanted} is missing at the end")
        return self.tokens.pop(0)


def _compared(path: str, operator: str, kind: str, text: str) -> Condition:
    if kind == "regex":
        regex = _regex(text[1:-1])
        same: Condition = lambda value: isinstance(value, str) and regex(value)  # noqa: E731
    else:
        value = _unquoted(text[1:-1]) if kind == "text" else text
        number = None if kind == "text" else _number(text)
        if operator not in ("=", "!="):
            if number is None:
                raise InvalidPattern(f"{operator} compares numbers; {text} is none")
            limit = number
            return lambda document: _ordered(_select(document, path), operator, limit)
        same = lambda found: _equal(found, value, number)  # noqa: E731
    if operator == "=":
        return lambda document: same(_select(document, path))
    if operator == "!=":
        return lambda document: (found := _select(document, path)) is not _MISSING and not same(found)
    raise InvalidPattern(f"{operator} compares numbers; {text} is none")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _equal(found: Any, text: str, number: float | None) -> bool:
    if isinstance(found, bool) or found is None or found is _MISSING:
        return False
    if isinstance(found, int | float):
        return number is not None and found == number
    return isinstance(found, str) and (fnmatch.fnmatchcase(found, _wild(text)) if "*" in text else found == text)


def _wild(text: str) -> str:
    """Only the star is special to AWS."""
    return text.replace("[", "[[]").replace("?", "[?]")


def _ordered(found: Any, operator: str, limit: float) -> bool:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return {"<": found < limit, ">": found > limit, "<=": found <= limit, ">=": found >= limit}[operator]


def _select(document: Any, path: str) -> Any:
    for name, index, quoted in _STEP.findall(path):
        if index:
            if not isinstance(document, list) or int(index) >= len(document):
                return _MISSING
            document = document[int(index)]
        else:
            key = name or quoted
            if not isinstance(document, dict) or key not in document:
                return _MISSING
            document = document[key]
    return document
