"""Does an event fit a pattern? The one matcher of EventBridge rules, mapping filters and SNS body policies.

    pattern = compile_pattern('{"detail": {"state": ["running", {"prefix": "stop"}]}}')   # raises InvalidPattern
    matches(pattern, event)          # -> bool
    explain(pattern, event)          # -> None when it matches, else which leaf failed and why

A pattern is flattened to dotted paths, as AWS does, so that the key "a.b" and the key "b" inside "a" are the same. All
leaves must hold; of a leaf's array one element must; `$or` multiplies the pattern into alternatives. Where the event
has arrays any element counts, but all leaves must be satisfied by the same element of an array they share.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from invocations.decisions.match_rules import OUT_OF_RANGE, RESERVED, InvalidPattern, Rule, compile_rule

__all__ = ["InvalidPattern", "Leaf", "Mismatch", "Pattern", "compile_pattern", "compile_tree", "explain", "matches"]

OR = "$or"
ALTERNATIVES_MAX = 1000  # ours: what `$or` lists may multiply to
VALUES_SHOWN = 3

# Which element of each array on the way a value lies in: the array's place in the event, then the index.
Membership = Mapping[int, int]


@dataclass(frozen=True)
class Leaf:
    """One path of a pattern and what its value may be."""

    path: str
    rules: tuple[Rule, ...]
    wanted: str  # the array as JSON

    @property
    def absence_is_enough(self) -> bool:
        return any(rule.absent for rule in self.rules)

    def accepts(self, value: object) -> bool:
        return any(rule.test(value) for rule in self.rules)


@dataclass(frozen=True)
class Pattern:
    """Alternatives, each a set of leaves of which all must hold."""

    alternatives: tuple[tuple[Leaf, ...], ...]
    paths: frozenset[str]
    stems: frozenset[str]  # every path's beginnings: where in an event it is worth looking


@dataclass(frozen=True)
class Mismatch:
    """The first leaf of the nearest alternative that the event does not satisfy."""

    path: str
    wanted: str
    found: tuple[object, ...]  # the values at the path; empty: there is none
    together: bool = False  # each leaf is satisfied by some array element, but none satisfies all

    def __str__(self) -> str:
        if self.together:
            return f"No one element of the array above {self.path} satisfies all that the pattern wants of it."
        if not self.found:
            return f"{self.path} is not in the event; the pattern wants {self.wanted}."
        shown = ", ".join(json.dumps(value)[:80] for value in self.found[:VALUES_SHOWN])
        more = f" and {len(self.found) - VALUES_SHOWN} more" if len(self.found) > VALUES_SHOWN else ""
        return f"{self.path} is {shown}{more}; the pattern wants {self.wanted}."


# --- compiling --------------------------------------------------------------------------------------------------------


@lru_cache(1024)
def compile_pattern(text: str) -> Pattern:
    """Compile a pattern's JSON text. Raises InvalidPattern with AWS's reason."""
    try:
        return compile_tree(json.loads(text, parse_constant=_no_constant))
    except json.JSONDecodeError as error:
        raise InvalidPattern(_syntax(text, error)) from None
    except InvalidPattern:
        raise
    except ValueError:  # Python reads no integer of thousands of digits
        raise InvalidPattern(OUT_OF_RANGE) from None
    except RecursionError:
        raise InvalidPattern("The pattern is nested too deeply") from None


def compile_tree(tree: object) -> Pattern:
    """The same from parsed JSON."""
    if not isinstance(tree, Mapping):
        raise InvalidPattern("Filter is not an object")
    alternatives = _object(tree, "", [{}], inside_or=False)
    leaves = tuple(tuple(alternative[path] for path in sorted(alternative)) for alternative in alternatives)
    paths = frozenset(path for alternative in alternatives for path in alternative)
    stems = {path[:at] for path in paths for at, character in enumerate(path) if character == "."}
    return Pattern(leaves, paths, frozenset(stems))


_Alternative = dict[str, Leaf]


def _object(
    tree: Mapping[str, Any], above: str, alternatives: list[_Alternative], *, inside_or: bool
) -> list[_Alternative]:
    if not tree:
        raise InvalidPattern("Empty objects are not allowed")
    for key, value in tree.items():
        if key == OR and _is_or(value):
            alternatives = _either(value, above, alternatives)
            continue
        if inside_or and key in RESERVED:
            raise InvalidPattern(f"{key} is Ruler reserved fieldName which cannot be used inside {OR}.")
        path = f"{above}{key}"
        if isinstance(value, Mapping):
            alternatives = _object(value, f"{path}.", alternatives, inside_or=inside_or)
        elif isinstance(value, list):
            alternatives = [_with(alternative, _leaf(path, value)) for alternative in alternatives]
        else:
            raise InvalidPattern(f'"{key}" must be an object or an array')
    return alternatives


def _is_or(value: object) -> bool:
    """Two or more objects, none of which looks like a match expression; else `$or` is a field like any other."""
    if not isinstance(value, list) or len(value) < 2:
        return False
    return all(isinstance(one, Mapping) and not RESERVED.intersection(one) for one in value)


def _either(branches: Sequence[Mapping[str, Any]], above: str, alternatives: list[_Alternative]) -> list[_Alternative]:
    made: list[_Alternative] = []
    for branch in branches:
        made += _object(branch, above, alternatives, inside_or=True)
        if len(made) > ALTERNATIVES_MAX:
            raise InvalidPattern(f"The {OR} lists multiply to more than {ALTERNATIVES_MAX} alternatives")
    return made


def _with(alternative: _Alternative, leaf: Leaf) -> _Alternative:
    if leaf.path in alternative:
        raise InvalidPattern(f"Path `{leaf.path}` cannot be allowed multiple times")
    return {**alternative, leaf.path: leaf}


def _leaf(path: str, elements: list[Any]) -> Leaf:
    if not elements:
        raise InvalidPattern("Empty arrays are not allowed")
    return Leaf(path, tuple(compile_rule(element) for element in elements), json.dumps(elements))


def _no_constant(name: str) -> None:
    raise InvalidPattern(f"Non-standard token '{name}': it is no JSON number")


def _syntax(text: str, error: json.JSONDecodeError) -> str:
    """The parser's complaint in the words of AWS's."""
    rest = text[error.pos :]
    word = ""
    for character in rest:
        if not (character.isalnum() or character in "_$"):
            break
        word += character
    if not rest.strip() or error.msg.startswith("Unterminated string"):
        return "Unexpected end-of-input"
    if "property name" in error.msg:
        return f"{_unexpected(rest[0])}: was expecting double-quote to start field name"
    if word:
        expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        return f"Unrecognized token '{word}': was expecting {expected}"
    return _unexpected(rest[0])


def _unexpected(character: str) -> str:
    return f"Unexpected character ('{character}' (code {ord(character)}))"


# --- matching ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Field:
    value: object
    membership: Membership


_Fields = Mapping[str, Sequence[_Field]]


def matches(pattern: Pattern, event: object) -> bool:
    """Whether the event (parsed JSON) fits the pattern. An event that is no object fits none."""
    return explain(pattern, event) is None


def explain(pattern: Pattern, event: object) -> Mismatch | None:
    """None when the event fits; else what keeps it from the alternative that it comes nearest to."""
    fields = _flattened(pattern, event) if isinstance(event, Mapping) else {}
    nearest: tuple[int, Mismatch] | None = None
    for alternative in pattern.alternatives:
        held, mismatch = _judge(alternative, fields, is_object=isinstance(event, Mapping))
        if mismatch is None:
            return None
        if nearest is None or held > nearest[0]:
            nearest = (held, mismatch)
    return nearest[1] if nearest else None


def _judge(alternative: Sequence[Leaf], fields: _Fields, *, is_object: bool) -> tuple[int, Mismatch | None]:
    """Return how many leaves hold on their own, and the first that does not."""
    held, mismatch = 0, None
    choices: list[tuple[Leaf, list[Membership]]] = []
    for leaf in alternative:  # sorted by path, so that leaves below the same array are neighbours
        found = fields.get(leaf.path, ())
        fitting = [field.membership for field in found if leaf.accepts(field.value)]
        if fitting:
            choices.append((leaf, fitting))
        elif found or not leaf.absence_is_enough or not is_object:
            mismatch = mismatch or Mismatch(leaf.path, leaf.wanted, tuple(field.value for field in found))
            continue
        held += 1
    if mismatch is None and not _together([places for _, places in choices]):
        leaf = choices[-1][0]
        mismatch = Mismatch(leaf.path, leaf.wanted, (), together=True)
    return held, mismatch


def _together(choices: list[list[Membership]]) -> bool:
    """Whether one field per leaf can be chosen so that no two lie in different elements of the same array.

    A join, leaf by leaf, that forgets an array as soon as no leaf to come lies in it; so long arrays cost little.
    """
    later = [_arrays(places) for places in choices]
    for at in range(len(later) - 2, -1, -1):
        later[at] |= later[at + 1]
    partials: set[_Place] = {()}
    for at, places in enumerate(choices):
        needed = later[at + 1] if at + 1 < len(later) else set()
        partials = _joined(partials, {tuple(sorted(place.items())) for place in places}, needed)
        if not partials:
            return False
    return True


_Place = tuple[tuple[int, int], ...]  # a membership, sorted by array


def _arrays(places: list[Membership]) -> set[int]:
    return {array for place in places for array in place}


def _joined(left: set[_Place], right: set[_Place], needed: set[int]) -> set[_Place]:
    """Pairs that agree on the arrays they have in common, cut down to the arrays still needed."""
    made: set[_Place] = set()
    for left_arrays, lefts in _by_arrays(left):
        for right_arrays, rights in _by_arrays(right):
            common = left_arrays & right_arrays
            index: dict[_Place, list[_Place]] = {}
            for place in rights:
                index.setdefault(_cut(place, common), []).append(place)
            for place in lefts:
                for other in index.get(_cut(place, common), ()):
                    made.add(_cut(tuple(sorted({*place, *other})), needed))
    return made


def _by_arrays(places: set[_Place]) -> list[tuple[frozenset[int], list[_Place]]]:
    groups: dict[frozenset[int], list[_Place]] = {}
    for place in places:
        groups.setdefault(frozenset(array for array, _ in place), []).append(place)
    return list(groups.items())


def _cut(place: _Place, arrays: frozenset[int] | set[int]) -> _Place:
    return tuple(item for item in place if item[0] in arrays)


def _flattened(pattern: Pattern, event: Mapping[str, Any]) -> _Fields:
    """The event's values at the pattern's paths. An empty array, and an object, is no value."""
    fields: dict[str, list[_Field]] = {}
    for path, field in _walk(pattern, event):
        fields.setdefault(path, []).append(field)
    return fields


def _walk(pattern: Pattern, event: Mapping[str, Any]) -> Iterator[tuple[str, _Field]]:
    arrays = 0
    ahead: list[tuple[str, object, Membership]] = [("", event, {})]
    while ahead:
        path, value, membership = ahead.pop()
        if isinstance(value, Mapping):
            for key, inner in value.items():
                below = f"{path}.{key}" if path else key
                if below in pattern.paths or below in pattern.stems:
                    ahead.append((below, inner, membership))
        elif isinstance(value, list):
            arrays += 1
            for index, inner in enumerate(value):
                ahead.append((path, inner, {**membership, arrays: index}))
        elif path in pattern.paths:
            yield path, _Field(value, membership)
